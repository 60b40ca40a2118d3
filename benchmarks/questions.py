"""How long do questions about recoveries take in a record of years?

Two generated records, on an embedded server that is warm and vacuumed, all indexes on: `scale.sql` makes 10,000,000
steps (3,333 tests in 1,000 runs, every third run a new commit, 1 % of the attempts failed), `scale_recoveries.sql`
makes 1,000,000 errors of 2,000 kinds of which 100,000 recovered. Each question is asked several times, whole rows
fetched.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from psycopg import ClientCursor, Connection, sql

from benchmarks.turns import told
from pytest_debugloop.answers.record import Record
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.queries.recoveries import attempts_of_test, fix_causes, flaky_tests, recovery_patterns

_FOLDER = Path(__file__).parent


def _fill(connection: Connection, schema: str, script: str, **values: int) -> None:
    migrate(connection, schema)
    connection.execute(f"SET search_path TO {schema}, public".encode())
    begun = time.perf_counter()
    with connection.transaction(), ClientCursor(connection) as cursor:
        cursor.execute((_FOLDER / script).read_text(encoding="utf-8"), values)
    connection.execute("VACUUM ANALYZE")
    told(f"{script}: filled in {time.perf_counter() - begun:.0f} s")


def _ask(name: str, question: Callable[[], list[object]], repeat: int) -> None:
    took = []
    for _ in range(repeat):
        begun = time.perf_counter()
        rows = question()
        took.append(time.perf_counter() - begun)
    told(
        f"{name}: {len(rows):,} rows, median {statistics.median(took) * 1000:.1f} ms "
        f"(first {took[0] * 1000:.1f}, least {min(took) * 1000:.1f})"
    )


_BY_SQL = {
    "the latest ten workflows": "SELECT * FROM debug_workflow_context ORDER BY workflow_started DESC LIMIT 10",
    "the contexts of a session": "SELECT * FROM debug_workflow_context WHERE session_id = {session}",
    "the successes of a session": "SELECT * FROM debug_success_events WHERE session_id = {session}",
    "the successes of an operation": "SELECT * FROM debug_success_events WHERE operation_name = {operation}",
    "the last ten failures": "SELECT * FROM debug_error_events ORDER BY occurred_at DESC LIMIT 10",
    "debug_flaky_tests": "SELECT * FROM debug_flaky_tests",
}


def _ask_by_sql(connection: Connection, repeat: int) -> None:
    """Ask in SQL, and tell the least processor time of the server: the clock counts what else the machine does."""
    run = sql.SQL("(SELECT id FROM debug_runs ORDER BY started_at DESC LIMIT 1)")
    values = {"session": run, "operation": sql.SQL("(SELECT operation_name FROM debug_tasks LIMIT 1)")}
    connection.execute(sql.SQL("UPDATE debug_runs SET session_id = id WHERE id = {}").format(run))
    place = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    for name, text in _BY_SQL.items():
        taken = []
        for _ in range(repeat):
            before = int(place.read_text(encoding="ascii").split()[0])
            connection.execute(sql.SQL(text).format(**values)).fetchall()
            taken.append(int(place.read_text(encoding="ascii").split()[0]) - before)
        told(f"{name}: {min(taken) / 1e6:.1f} ms of the server's processor time")


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=3_333, help="(%(default)s)")
    parser.add_argument("--runs", type=int, default=1_000, help="(%(default)s)")
    parser.add_argument("--errors", type=int, default=1_000_000, help="(%(default)s)")
    parser.add_argument("--repeat", type=int, default=9, help="(%(default)s)")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as name,
        embedded_server(Path(name)) as conninfo,
        connect(conninfo) as connection,
    ):
        record = Record(connection)
        _fill(connection, "recoveries", "scale_recoveries.sql", errors=given.errors)
        _ask("recovery patterns", lambda: record.fetch(recovery_patterns()), given.repeat)
        by_strategy = b"SELECT * FROM debug_strategy_recoveries"
        _ask("recoveries by type and strategy", lambda: list(connection.execute(by_strategy)), given.repeat)
        seeds = b"SELECT * FROM debug_recovery_patterns"
        _ask("the seed's recovery patterns", lambda: list(connection.execute(seeds)), given.repeat)
        _ask("causes of fixes", lambda: record.fetch(fix_causes()), given.repeat)
        _fill(connection, "steps", "scale.sql", tests=given.tests, runs=given.runs)
        tasks = connection.execute("SELECT id FROM debug_tasks ORDER BY node_id LIMIT 100").fetchall()
        turn = iter(tasks * given.repeat)  # another test each time: nothing of it is in the cache of the last
        _ask("one test's history", lambda: record.fetch(attempts_of_test(next(turn)[0])), given.repeat)
        _ask("all tests that failed, ranked", lambda: record.fetch(flaky_tests()), 3)
        _ask_by_sql(connection, given.repeat)


if __name__ == "__main__":
    main()
