"""How well do the scores and classes of tests tell what is true?

Histories are simulated of which the truth is known: tests that never fail, that fail at a rate of their own on good
code, now and then or in bursts, in some orders, or until they are tried again; that began to; that the last commits
broke; that were broken and mended; and that are flaky and were broken too. The formulas see the attempts, and what the
loader tells of the runs around a failure: how near to the test a change was, where a commit reaches it. Printed are
precision and recall of each class, recall by the rate of failure, how often the 90 % interval holds the true rate, and
how well the score ranks.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from psycopg import Connection

from benchmarks.turns import told
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate

_BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)
_RATES = ((0.002, 0.01), (0.01, 0.03), (0.03, 0.1), (0.1, 0.4))
_FLAKY = ("flaky", "newly flaky", "in bursts", "by order", "until retried", "flaky, once broken")
# How many names a change is away from a test: of all commits of boltons, click, more-itertools and tomlkit, and of 36
# that mended a test. None where the test does not reach any, which is also so where the reason was not recorded.
_OF_COMMITS = {None: 0.69, 1: 0.03, 2: 0.10, 3: 0.08, 4: 0.06, 6: 0.04}
_OF_CAUSES = {None: 0.10, 1: 0.39, 2: 0.15, 3: 0.28, 4: 0.08}


@dataclass
class Simulated:
    """A test, and what is true of it.

    Attributes:
        attempts: of each run, whether each of its attempts failed.
        breaks: runs before which a commit broke or mended it.
    """

    id: uuid.UUID
    truth: str
    rate: float
    attempts: list[list[bool]]
    breaks: set[int] = field(default_factory=set)

    @property
    def is_flaky(self) -> bool:
        """Whether it fails on good code."""
        return self.truth in _FLAKY

    @property
    def has_failed(self) -> bool:
        """Whether any attempt has."""
        return any(any(run) for run in self.attempts)


def _simulated(dice: random.Random, tests: int, runs: int, per_version: int) -> Iterator[Simulated]:
    for number in range(tests):
        share = number / tests
        rate = 0.0
        fails = [False] * runs
        breaks: set[int] = set()
        retries = 0
        if share < 0.76:
            truth = "stable"
        elif share < 0.88:
            truth, (low, high) = "flaky", _RATES[number % len(_RATES)]
            rate = dice.uniform(low, high)
            fails = [dice.random() < rate for _ in range(runs)]
        elif share < 0.90:
            truth, rate = "newly flaky", dice.uniform(0.1, 0.4)
            begin = runs - dice.randrange(10, 25)
            fails = [run >= begin and dice.random() < rate for run in range(runs)]
        elif share < 0.91:  # as where a service is away for some hours
            truth = "in bursts"
            begins = [run for run in range(runs) if dice.random() < 0.03]
            fails = _during(runs, ((begin, begin + dice.randrange(2, 6)) for begin in begins))
            rate = sum(fails) / runs
        elif share < 0.92:  # in one order of five, which changes from run to run, it fails always
            truth, rate = "by order", 0.2
            fails = [dice.randrange(5) == 0 for _ in range(runs)]
        elif share < 0.93:  # in a run it is tried again, up to twice
            truth, rate, retries = "until retried", dice.uniform(0.03, 0.2), 2
            fails = [dice.random() < rate for _ in range(runs)]
        elif share < 0.94:
            truth, rate = "flaky, once broken", dice.uniform(0.05, 0.2)
            begin, end = _broken(dice, runs, per_version)
            breaks = {begin, end}
            fails = [begin <= run < end or dice.random() < rate for run in range(runs)]
        elif share < 0.97:
            truth = "broken"
            begin = (runs - dice.randrange(2, 10)) // per_version * per_version
            breaks = {begin}
            fails = [run >= begin for run in range(runs)]
        else:  # once, twice or three times
            truth = "fixed"
            spans = [_broken(dice, runs, per_version) for _ in range(1 + number % 3)]
            breaks = {run for span in spans for run in span}
            fails = _during(runs, spans)
        attempts = [[failed] for failed in fails]
        for run in attempts:
            while run[-1] and len(run) <= retries:
                run.append(dice.random() < max(rate, 0.25))
        yield Simulated(uuid.UUID(int=number + 1), truth, rate, attempts, breaks)


def _broken(dice: random.Random, runs: int, per_version: int) -> tuple[int, int]:
    begin = dice.randrange(runs // 4, runs * 3 // 4) // per_version * per_version
    return begin, begin + per_version * dice.randrange(1, 6)


def _during(runs: int, spans: Iterator[tuple[int, int]] | Sequence[tuple[int, int]]) -> list[bool]:
    spans = list(spans)
    return [any(begin <= run < end for begin, end in spans) for run in range(runs)]


def _drawn(dice: random.Random, distances: dict[int | None, float]) -> int | None:
    return dice.choices(list(distances), list(distances.values()))[0]


def _evidence(dice: random.Random, test: Simulated, before: int, after: int, per_version: int) -> dict[str, Any]:
    """Say what the loader would find of two runs: the nearest change that the test reaches."""
    commits = range(before // per_version + 1, after // per_version + 1)
    found = [_drawn(dice, _OF_CAUSES if commit * per_version in test.breaks else _OF_COMMITS) for commit in commits]
    near = [distance for distance in found if distance is not None]
    return {"code": [{"reached_from": "test", "distance": min(near)}]} if near else {}


def _fill(connection: Connection, tests: list[Simulated], given: argparse.Namespace, runs: int) -> None:
    times = [_BEGIN + timedelta(days=run / given.per_day) for run in range(runs)]
    ids = [uuid.UUID(int=(1 << 100) + run) for run in range(runs)]

    def copy(table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
        with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as writer:
            for row in rows:
                writer.write_row(row)

    def version(run: int) -> str:
        return f"v{run // given.per_version}"

    copy("debug_tasks", "id, project, operation_name, node_id", ((t.id, "p", str(t.id), str(t.id)) for t in tests))
    copy(
        "debug_runs",
        "id, correlation_id, project, started_at, code_version, conditions, git_branch",
        ((ids[r], ids[r], "p", times[r], version(r), version(r), "main") for r in range(runs)),
    )
    attempts = [
        (t, r, number, failed, times[r] + timedelta(milliseconds=n + number * len(tests)))
        for n, t in enumerate(tests)
        for r in range(runs)
        for number, failed in enumerate(t.attempts[r])
    ]
    copy(
        "debug_success_events",
        "id, correlation_id, run_id, task_id, success_type, operation_name, agent_name, retry_count, occurred_at",
        (
            (uuid.uuid4(), ids[r], ids[r], t.id, "validation_pass", str(t.id), "pytest", number, at)
            for t, r, number, failed, at in attempts
            if not failed
        ),
    )
    copy(
        "debug_error_events",
        "id, correlation_id, run_id, task_id, error_type, error_category, error_severity, error_message, agent_name,"
        " operation_name, metadata, occurred_at",
        (
            (uuid.uuid4(), ids[r], ids[r], t.id, "execution_error", "agent", "high", "no", "pytest", str(t.id),
             json.dumps({"attempt": number + 1, "phase": "call"}), at)
            for t, r, number, failed, at in attempts
            if failed
        ),
    )  # fmt: skip
    # As the loader links them: each failure to the next pass.
    connection.execute(
        b"INSERT INTO debug_error_success_correlation (error_event_id, success_event_id, correlation_id, task_id,"
        b" recovery_strategy, confidence_score, correlated_at)"
        b" SELECT e.id, s.id, s.correlation_id, e.task_id,"
        b" CASE WHEN s.run_id = e.run_id THEN 'retry' ELSE 'unknown' END, 0.5, s.occurred_at"
        b" FROM debug_error_events AS e CROSS JOIN LATERAL (SELECT * FROM debug_success_events AS s"
        b" WHERE s.task_id = e.task_id AND s.occurred_at > e.occurred_at ORDER BY s.occurred_at LIMIT 1) AS s"
    )
    if given.known:
        _add_evidence(connection, tests, ids, given)
    connection.execute(b"ANALYZE")


def _add_evidence(
    connection: Connection, tests: list[Simulated], ids: list[uuid.UUID], given: argparse.Namespace
) -> None:
    dice = random.Random(given.seed)
    with connection.cursor() as cursor:
        for test in tests:
            ends = [run[-1] for run in test.attempts]
            for run in range(1, len(ids)):
                if not ends[run - 1] and test.attempts[run][0]:
                    found = _evidence(dice, test, run - 1, run, given.per_version)
                    values = (test.id, ids[run], ids[run - 1], json.dumps(found))
                    cursor.execute(b"INSERT INTO debug_failure_onsets VALUES (%s, %s, %s, %s)", values)
                elif ends[run - 1] and not ends[run]:
                    found = _evidence(dice, test, run - 1, run, given.per_version)
                    strategy = "code_change" if found else "rerun"
                    cursor.execute(
                        b"UPDATE debug_error_success_correlation AS c"
                        b" SET recovery_strategy = %s, confidence_score = 0.8, evidence = %s"
                        b" FROM debug_success_events AS s WHERE s.id = c.success_event_id AND c.task_id = %s"
                        b" AND s.run_id = %s AND c.recovery_strategy = 'unknown'",
                        (strategy, json.dumps(found), test.id, ids[run]),
                    )


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:6.1%} ({part} of {whole})" if whole else "     - "


def main() -> None:
    """Simulate, and print what the record says of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=1_000, help="(%(default)s)")
    parser.add_argument("--runs", type=int, nargs="+", default=[30, 120, 480], help="(%(default)s)")
    parser.add_argument("--per-version", type=int, default=1, help="runs of each commit (%(default)s)")
    parser.add_argument("--per-day", type=int, default=4, help="runs a day (%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="(%(default)s)")
    parser.add_argument("--unknown", dest="known", action="store_false", help="nothing is known of what commits change")
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
            tests = list(_simulated(random.Random(given.seed), given.tests, runs, given.per_version))
            _fill(connection, tests, given, runs)
            rows = connection.execute(
                b"SELECT task_id, class, coalesce(score, 0), flakiness_low, flakiness_high FROM debug_flaky_tests"
            ).fetchall()
            told(f"\n{len(tests):,} tests, {runs} runs, {given.per_version} of each commit, known: {given.known}")
            _tell(tests, {task: tuple(found) for task, *found in rows})


def _tell(tests: list[Simulated], found: dict[uuid.UUID, tuple[Any, ...]]) -> None:
    pairs = Counter((t.truth, found[t.id][0]) for t in tests)
    for name in dict.fromkeys(t.truth for t in tests):
        classes = {told_class: count for (truth, told_class), count in pairs.items() if truth == name}
        told(f"{name:18} told as {classes}")
    called = [t for t in tests if found[t.id][0] in ("flaky", "newly flaky")]
    flaky = [t for t in tests if t.is_flaky]
    told(f"flaky tests called flaky: {_percent(sum(t.is_flaky for t in called), len(flaky))}")
    told(f"falsely called flaky: {sum(not t.is_flaky for t in called)} of {len(tests) - len(flaky)}")
    for low, high in _RATES:
        of_rate = [t for t in tests if t.truth == "flaky" and low <= t.rate < high]
        told(f"flaky at {low:.1%} to {high:.1%}: found {_percent(sum(t in called for t in of_rate), len(of_rate))}")
    plain = [(t, *found[t.id][2:]) for t in tests if t.truth == "flaky"]
    held = sum(low is not None and high is not None and low <= t.rate <= high for t, low, high in plain)
    told(f"90 % interval holds the true rate of a flaky test: {_percent(held, len(plain))}")
    seen = [found[t.id][1] for t in flaky if t.has_failed]
    others = [found[t.id][1] for t in tests if t.has_failed and not t.is_flaky]
    above = sum((score > other) + (score == other) / 2 for score in seen for other in others)
    told(f"AUC of the score, flaky tests that failed against broken and mended: {above / len(seen) / len(others):.3f}")


if __name__ == "__main__":
    main()
