"""Histories of tests that are written into a record without a run."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

if TYPE_CHECKING:
    from tests.migration.conftest import Connection


BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


NEAR = {"code": [{"file": "shop.py", "function": "price", "reached_from": "frame", "distance": 1}]}


FAR = {"code": [{"file": "shop.py", "function": "price", "reached_from": "test", "distance": 6}]}


NOTHING: dict[str, Any] = {"commits": ["a", "b"]}


class History:
    """Attempts of tests, each in a run of its own."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = BEGIN
        self.runs: list[uuid.UUID] = []

    def attempts(
        self,
        test: str,
        outcomes: str,
        code: str = "code",
        step: timedelta = timedelta(minutes=1),
        branch: str = "main",
        leg: str = "",
        **error: Any,
    ) -> None:
        """Add attempts, each in a run of its own: P for one that passed, F for one that failed.

        A run of ``r`` is one of the run before: it was tried again there, and passed, or failed for ``x``.
        """
        task = self._one("SELECT debug_task_id('p', %s)", test)
        self.connection.execute(
            "INSERT INTO debug_tasks (id, project, operation_name, node_id) VALUES (%s, 'p', %s, %s)"
            " ON CONFLICT DO NOTHING",
            (task, test, test),
        )
        run, attempt = uuid.uuid4(), 1
        for outcome in outcomes:
            self.now += step
            if outcome in "PF":
                run, attempt = uuid.uuid4(), 1
                self.runs.append(run)
                self.connection.execute(
                    "INSERT INTO debug_runs (id, correlation_id, project, started_at, code_version, conditions,"
                    " git_branch, leg) VALUES (%s, %s, 'p', %s, %s, %s, %s, %s)",
                    (run, run, self.now, code, code or run, branch, leg),
                )
            else:
                attempt += 1
            if outcome in "Pr":
                self.connection.execute(
                    "INSERT INTO debug_success_events (correlation_id, run_id, task_id, operation_name, occurred_at,"
                    " success_type, agent_name, retry_count)"
                    " VALUES (%s, %s, %s, %s, %s, 'validation_pass', 'pytest', %s)",
                    (run, run, task, test, self.now, attempt - 1),
                )
            else:
                metadata = {"attempt": attempt, "phase": "call", **({"incident": 12} if error.get("incident") else {})}
                self.connection.execute(
                    "INSERT INTO debug_error_events (correlation_id, run_id, task_id, error_type, error_category,"
                    " error_severity, error_message, agent_name, operation_name, metadata, occurred_at)"
                    " VALUES (%s, %s, %s, 'execution_error', 'agent', 'high', 'no', 'pytest', %s, %s, %s)",
                    (run, run, task, test, json.dumps(metadata), self.now),
                )

    def commits(
        self,
        test: str,
        outcomes: str,
        evidence: dict[str, Any] | None = None,
        branch: str = "main",
        leg: str = "",
    ) -> None:
        """Add attempts, each on a commit of its own.

        Args:
            test: its name.
            outcomes: of its attempts.
            evidence: what was different wherever the verdict changed; None where nobody looked.
            branch: of the runs.
            leg: of the runs.
        """
        first = len(self.runs)
        for outcome in outcomes:
            self.attempts(test, outcome, "", branch=branch, leg=leg)
        if evidence is None:
            return
        told = json.dumps(evidence)
        task = self._one("SELECT debug_task_id('p', %s)", test)
        for place_of, (before, after) in enumerate(pairwise(outcomes), first):
            runs = task, self.runs[place_of + 1], self.runs[place_of]
            if (before, after) == ("P", "F"):
                self.connection.execute("INSERT INTO debug_failure_onsets VALUES (%s, %s, %s, %s)", (*runs, told))
            elif (before, after) == ("F", "P"):
                self.connection.execute(
                    "INSERT INTO debug_error_success_correlation (error_event_id, success_event_id, correlation_id,"
                    " task_id, recovery_strategy, confidence_score, evidence, correlated_at)"
                    " SELECT e.id, s.id, s.correlation_id, e.task_id, %s, 0.6, %s, s.occurred_at"
                    " FROM debug_error_events AS e JOIN debug_success_events AS s USING (task_id)"
                    " WHERE e.task_id = %s AND s.run_id = %s AND e.run_id = %s",
                    ("code_change" if evidence.get("code") else "rerun", told, *runs),
                )

    def recovered(self, test: str, strategy: str, confidence: float) -> None:
        """Link the last error of a test with its last success."""
        self.connection.execute(
            "INSERT INTO debug_error_success_correlation (error_event_id, success_event_id, correlation_id, task_id,"
            " recovery_strategy, confidence_score, correlated_at)"
            " SELECT e.id, s.id, s.correlation_id, e.task_id, %s, %s, s.occurred_at"
            " FROM debug_error_events AS e JOIN debug_success_events AS s USING (task_id)"
            " WHERE e.operation_name = %s ORDER BY e.occurred_at DESC, s.occurred_at DESC LIMIT 1",
            (strategy, confidence, test),
        )

    def recently_flaky(self, test: str) -> bool:
        """Give whether a test is flaky by its latest attempts."""
        statement = "SELECT is_flaky FROM debug_recent_flakiness(debug_task_id('p', %s), 120)"
        return bool(self._one(statement, test))

    def score(self, test: str) -> dict[str, Any]:
        """Give the row of a test."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute("SELECT * FROM debug_flaky_tests WHERE node_id = %s", (test,)).fetchall()
        (row,) = found
        return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}

    def _one(self, query: str, *values: object) -> Any:
        row = self.connection.execute(query.encode(), values).fetchone()
        assert row is not None
        return row[0]


def self_scored(history: History, failures: int, passes: int) -> float:
    row = history.connection.execute(
        "SELECT debug_failure_rate_quantile(0.5, %s::bigint, %s::bigint)", (failures, passes)
    ).fetchone()
    assert row is not None
    return float(row[0])
