"""The scores of tests, held against what can be worked out by hand."""

from __future__ import annotations

import math
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def quantile(connection: Connection, probability: float, a: float, b: float) -> float:
    row = connection.execute("SELECT debug_beta_quantile(%s, %s, %s)", (probability, a, b)).fetchone()
    assert row is not None
    return float(row[0])


@pytest.mark.parametrize("probability", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_quantiles_of_beta_distributions_that_have_a_closed_form(migrated: Connection, probability: float) -> None:
    for b in (1, 2, 30, 1_000):
        assert quantile(migrated, probability, 1, b) == pytest.approx(1 - (1 - probability) ** (1 / b), rel=1e-7)
        assert quantile(migrated, probability, b, 1) == pytest.approx(probability ** (1 / b), rel=1e-7)
    arcsine = math.sin(math.pi * probability / 2) ** 2
    assert quantile(migrated, probability, 0.5, 0.5) == pytest.approx(arcsine, rel=1e-6)


@pytest.mark.parametrize(("a", "b"), [(0.15, 9.85), (1.15, 10.85), (40.15, 369.85), (0.15, 1e5), (2_000.15, 9.85)])
def test_quantiles_are_in_order_and_within_their_bounds(migrated: Connection, a: float, b: float) -> None:
    found = [quantile(migrated, probability, a, b) for probability in (0.01, 0.05, 0.5, 0.95, 0.99)]
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] <= 1


def test_one_failure_in_two_attempts_does_not_outrank_forty_in_four_hundred(migrated: Connection) -> None:
    low = "SELECT debug_failure_rate_quantile(0.05, 1, 1), debug_failure_rate_quantile(0.05, 40, 360)"
    row = migrated.execute(low).fetchone()
    assert row is not None
    assert row[0] < row[1]
    # With the prior of Jeffreys it would.
    assert quantile(migrated, 0.05, 1.5, 1.5) > quantile(migrated, 0.05, 40.5, 360.5)


class History:
    """Attempts of tests, each in a run of its own."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = BEGIN

    def attempts(
        self, test: str, outcomes: str, code: str = "code", step: timedelta = timedelta(minutes=1), **error: Any
    ) -> None:
        """Add attempts: P for one that passed, F for one that failed."""
        task = self._one("SELECT debug_task_id('p', %s)", test)
        self.connection.execute(
            "INSERT INTO debug_tasks (id, project, operation_name, node_id) VALUES (%s, 'p', %s, %s)"
            " ON CONFLICT DO NOTHING",
            (task, test, test),
        )
        for outcome in outcomes:
            run = uuid.uuid4()
            self.now += step
            self.connection.execute(
                "INSERT INTO debug_runs (id, correlation_id, project, started_at, code_version, conditions)"
                " VALUES (%s, %s, 'p', %s, %s, %s)",
                (run, run, self.now, code, code),
            )
            if outcome == "P":
                self.connection.execute(
                    "INSERT INTO debug_success_events (correlation_id, run_id, task_id, operation_name, occurred_at,"
                    " success_type, agent_name, retry_count)"
                    " VALUES (%s, %s, %s, %s, %s, 'validation_pass', 'pytest', 0)",
                    (run, run, task, test, self.now),
                )
            else:
                metadata = '{"attempt": 1, "phase": "call", "incident": 12}' if error.get("incident") else None
                self.connection.execute(
                    "INSERT INTO debug_error_events (correlation_id, run_id, task_id, error_type, error_category,"
                    " error_severity, error_message, agent_name, operation_name, metadata, occurred_at)"
                    " VALUES (%s, %s, %s, 'execution_error', 'agent', 'high', 'no', 'pytest', %s, %s, %s)",
                    (run, run, task, test, metadata or '{"attempt": 1, "phase": "call"}', self.now),
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

    def score(self, test: str) -> dict[str, Any]:
        """Give the row of a test."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute("SELECT * FROM debug_flaky_tests WHERE node_id = %s", (test,)).fetchall()
        (row,) = found
        return row

    def _one(self, query: str, *values: object) -> Any:
        row = self.connection.execute(query.encode(), values).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
def history(migrated: Connection) -> History:
    return History(migrated)


@pytest.mark.parametrize(("outcomes", "rate"), [("PPPFF", 0.25), ("PFPFP", 1.0), ("PPPPPFFFFF", 1 / 9)])
def test_the_flip_rate_counts_changes_of_the_verdict(history: History, outcomes: str, rate: float) -> None:
    history.attempts("test_it", outcomes)
    assert history.score("test_it")["flip_rate"] == pytest.approx(rate, abs=1e-3)


def test_one_attempt_has_no_flip_rate(history: History) -> None:
    history.attempts("test_it", "F")
    assert history.score("test_it")["flip_rate"] is None


def test_red_then_green_by_a_commit_is_no_flip(history: History) -> None:
    history.attempts("test_it", "FF", "before")
    history.attempts("test_it", "PP", "after")
    row = history.score("test_it")
    assert (row["flip_rate"], row["entropy"], row["good_failures"]) == (0, 0, 0)


@pytest.mark.parametrize(("outcomes", "entropy"), [("PF", 1.0), ("PPFFFF", 0.918), ("FFFF", 0.0)])
def test_the_entropy_is_that_of_the_share_of_failures(history: History, outcomes: str, entropy: float) -> None:
    history.attempts("test_it", outcomes)
    assert history.score("test_it")["entropy"] == pytest.approx(entropy, abs=1e-3)


def test_what_lies_two_weeks_back_counts_half(history: History) -> None:
    history.attempts("test_it", "PF", "old")
    history.now += timedelta(days=14)
    history.attempts("test_it", "PP", "new")
    assert history.score("test_it")["flip_rate"] == pytest.approx(0.5 / 1.5, abs=1e-3)


def test_a_test_that_never_failed_is_stable(history: History) -> None:
    history.attempts("test_it", "PPPPP")
    row = history.score("test_it")
    assert (row["class"], row["attempts"], row["failures"]) == ("stable", 5, 0)


def test_a_test_that_fails_now_and_then_on_one_code_is_flaky(history: History) -> None:
    history.attempts("test_it", "PFPPFPPPPFPP")
    row = history.score("test_it")
    assert row["class"] == "flaky"
    assert row["flakiness_low"] < row["flakiness"] < row["flakiness_high"]
    assert row["failure_rate"] == pytest.approx(0.25)


def test_a_test_that_the_last_code_broke_is_broken_and_no_flake(history: History) -> None:
    history.attempts("test_it", "P" * 30, "good")
    history.attempts("test_it", "FFF", "bad")
    row = history.score("test_it")
    assert row["class"] == "broken"
    assert row["broken_probability"] > 0.99
    assert row["good_failures"] == 0


def test_a_test_that_a_commit_mended_is_fixed(history: History) -> None:
    history.attempts("test_it", "P" * 10, "good")
    history.attempts("test_it", "FF", "bad")
    history.attempts("test_it", "P", "mended")
    history.recovered("test_it", "code_change", 0.9)
    assert history.score("test_it")["class"] == "fixed"


def test_a_test_that_began_to_fail_is_newly_flaky_since_the_run_in_which_it_did(history: History) -> None:
    history.attempts("test_it", "P" * 40, "old")
    history.attempts("test_it", "PF", "new")
    since = history.connection.execute("SELECT run_id FROM debug_error_events").fetchall()
    history.attempts("test_it", "PFPFFP", "new")
    row = history.score("test_it")
    assert row["class"] == "newly flaky"
    assert [(row["flaky_since_run"],)] == since


def test_an_incident_says_nothing_of_a_test(history: History) -> None:
    history.attempts("test_it", "P" * 10)
    history.attempts("test_it", "FFF", incident=True)
    history.attempts("test_it", "P" * 10)
    row = history.score("test_it")
    assert (row["class"], row["failures"], row["flip_rate"]) == ("stable", 0, 0)
