"""How well do the scores and classes of tests tell what is true?

Histories are simulated of which the truth is known: tests that never fail, that fail at a rate of their own on good
code, that began to, that the last commits broke, and that were broken and mended. The formulas see the attempts alone.
Printed are precision and recall of each class, recall by the rate of failure, and how often the 90 % interval holds the
true rate.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from psycopg import Connection

from benchmarks.turns import told
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate

_BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
_PER_VERSION = 3
_RATES = ((0.002, 0.01), (0.01, 0.03), (0.03, 0.1), (0.1, 0.4))


@dataclass
class Simulated:
    """A test, and what is true of it."""

    id: uuid.UUID
    truth: str
    rate: float
    outcomes: list[bool]


def _simulated(dice: random.Random, tests: int, runs: int) -> Iterator[Simulated]:
    for number in range(tests):
        share = number / tests
        rate = 0.0
        fails = [False] * runs
        if share < 0.80:
            truth = "stable"
        elif share < 0.92:
            truth, (low, high) = "flaky", _RATES[number % len(_RATES)]
            rate = dice.uniform(low, high)
            fails = [dice.random() < rate for _ in range(runs)]
        elif share < 0.95:
            truth, rate = "newly flaky", dice.uniform(0.1, 0.4)
            begin = runs - dice.randrange(10, 25)
            fails = [run >= begin and dice.random() < rate for run in range(runs)]
        elif share < 0.98:
            truth = "broken"
            begin = (runs - dice.randrange(2, 10)) // _PER_VERSION * _PER_VERSION
            fails = [run >= begin for run in range(runs)]
        else:
            truth = "fixed"
            begin = dice.randrange(runs // 4, runs * 3 // 4) // _PER_VERSION * _PER_VERSION
            fails = [begin <= run < begin + _PER_VERSION for run in range(runs)]
        yield Simulated(uuid.UUID(int=number + 1), truth, rate, fails)


def _fill(connection: Connection, tests: list[Simulated], runs: int, per_day: int) -> None:
    times = [_BEGIN + timedelta(days=run / per_day) for run in range(runs)]
    ids = [uuid.UUID(int=(1 << 100) + run) for run in range(runs)]

    def copy(table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
        with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as writer:
            for row in rows:
                writer.write_row(row)

    def version(run: int) -> str:
        return f"v{run // _PER_VERSION}"

    copy("debug_tasks", "id, project, operation_name, node_id", ((t.id, "p", str(t.id), str(t.id)) for t in tests))
    copy(
        "debug_runs",
        "id, correlation_id, project, started_at, code_version, conditions",
        ((ids[r], ids[r], "p", times[r], version(r), version(r)) for r in range(runs)),
    )
    attempts = [(t, r, times[r] + timedelta(milliseconds=n)) for n, t in enumerate(tests) for r in range(runs)]
    copy(
        "debug_success_events",
        "id, correlation_id, run_id, task_id, success_type, operation_name, agent_name, retry_count, occurred_at",
        (
            (uuid.uuid4(), ids[r], ids[r], t.id, "validation_pass", str(t.id), "pytest", 0, at)
            for t, r, at in attempts
            if not t.outcomes[r]
        ),
    )
    copy(
        "debug_error_events",
        "id, correlation_id, run_id, task_id, error_type, error_category, error_severity, error_message, agent_name,"
        " operation_name, metadata, occurred_at",
        (
            (uuid.uuid4(), ids[r], ids[r], t.id, "execution_error", "agent", "high", "no", "pytest", str(t.id),
             '{"attempt": 1, "phase": "call"}', at)
            for t, r, at in attempts
            if t.outcomes[r]
        ),
    )  # fmt: skip
    # What was broken and mended was so by a commit, which the code's own record would tell.
    connection.execute(
        b"INSERT INTO debug_error_success_correlation (error_event_id, success_event_id, correlation_id, task_id,"
        b" recovery_strategy, confidence_score, correlated_at)"
        b" SELECT e.id, s.id, s.correlation_id, e.task_id,"
        b" CASE WHEN e.task_id = ANY (%s) THEN 'code_change' ELSE 'rerun' END, 0.8, s.occurred_at"
        b" FROM debug_error_events AS e CROSS JOIN LATERAL (SELECT * FROM debug_success_events AS s"
        b" WHERE s.task_id = e.task_id AND s.occurred_at > e.occurred_at ORDER BY s.occurred_at LIMIT 1) AS s",
        ([t.id for t in tests if t.truth == "fixed"],),
    )
    connection.execute(b"ANALYZE")


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:6.1%} ({part} of {whole})" if whole else "     - "


def main() -> None:
    """Simulate, and print what the record says of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=2_000, help="(%(default)s)")
    parser.add_argument("--runs", type=int, nargs="+", default=[30, 120, 480], help="(%(default)s)")
    parser.add_argument("--per-day", type=int, default=4, help="runs a day (%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="(%(default)s)")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as name,
        embedded_server(Path(name)) as conninfo,
        connect(conninfo) as connection,
    ):
        for runs in given.runs:
            schema = f"runs_{runs}"
            migrate(connection, schema)
            connection.execute(f"SET search_path TO {schema}".encode())
            tests = list(_simulated(random.Random(given.seed), given.tests, runs))
            _fill(connection, tests, runs, given.per_day)
            rows = connection.execute(
                b"SELECT task_id, class, flakiness_low, flakiness_high FROM debug_flaky_tests"
            ).fetchall()
            _tell(tests, {task: (found, low, high) for task, found, low, high in rows}, runs)


def _tell(tests: list[Simulated], found: dict[uuid.UUID, tuple[str, float | None, float | None]], runs: int) -> None:
    told(f"\n{len(tests):,} tests, {runs} runs, a commit every {_PER_VERSION} runs")
    pairs = Counter((t.truth, found[t.id][0]) for t in tests)
    for name in ("stable", "flaky", "newly flaky", "broken", "fixed"):
        right = pairs[name, name]
        said = sum(count for (_, told_class), count in pairs.items() if told_class == name)
        true = sum(count for (truth, _), count in pairs.items() if truth == name)
        others = {told_class: count for (truth, told_class), count in pairs.items() if truth == name != told_class}
        told(f"{name:12} precision {_percent(right, said)}  recall {_percent(right, true)}  else told as {others}")
    for low, high in _RATES:
        of_rate = [t for t in tests if t.truth == "flaky" and low <= t.rate < high]
        seen = sum(found[t.id][0] in ("flaky", "newly flaky") for t in of_rate)
        told(f"flaky at {low:.1%} to {high:.1%}: found {_percent(seen, len(of_rate))}")
    flaky = [(t, *found[t.id][1:]) for t in tests if t.truth == "flaky"]
    held = sum(low is not None and high is not None and low <= t.rate <= high for t, low, high in flaky)
    told(f"90 % interval holds the true rate of a flaky test: {_percent(held, len(flaky))}")


if __name__ == "__main__":
    main()
