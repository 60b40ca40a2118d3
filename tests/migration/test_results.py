"""The views to begin with lose no failure, and every column of every view has a description."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

RUN = uuid.uuid4()


def run(connection: Connection) -> None:
    """Add a run that is still going on, with a test that is known."""
    connection.execute(
        "INSERT INTO debug_runs (id, correlation_id, project, status, started_at)"
        " VALUES (%s, %s, 'shop', 'running', %s)",
        (RUN, RUN, "2026-01-01 00:00:00Z"),
    )


def step(
    connection: Connection, test: str, kind: str, status: str, *, worker: str = "pytest", attempt: int = 1,
    outcome: str | None = None, at: int = 1,
) -> None:  # fmt: skip
    """Add a step of a second."""
    connection.execute(
        "INSERT INTO debug_workflow_steps (correlation_id, step_number, step_type, agent_name, operation_name, status,"
        " metadata, started_at, completed_at)"
        " SELECT %s, count(*) + 1, %s, %s, %s, %s, jsonb_build_object('attempt', %s::int, 'outcome', %s::text),"
        " timestamptz '2026-01-01Z' + %s * interval '1 s', timestamptz '2026-01-01Z' + (%s + 1) * interval '1 s'"
        " FROM debug_workflow_steps WHERE correlation_id = %s",
        (RUN, kind, worker, test, status, attempt, outcome, at, at, RUN),
    )


def results(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute(
        "SELECT node_id, outcome, attempts, failed_attempts, duration_seconds FROM debug_test_results"
        " WHERE run_id = %s ORDER BY node_id",
        (RUN,),
    ).fetchall()


def test_a_test_is_one_row_with_what_its_last_attempt_came_to(migrated: Connection) -> None:
    run(migrated)
    for phase in ("setup", "call", "teardown"):
        step(migrated, "a.py::test_passes", phase, "completed", outcome="passed")
    step(migrated, "a.py::test_flakes", "call", "failed", outcome="rerun")
    step(migrated, "a.py::test_flakes", "call", "completed", attempt=2, outcome="passed")
    step(migrated, "a.py::test_leaves", "call", "completed", outcome="passed")
    step(migrated, "a.py::test_leaves", "teardown", "failed", outcome="failed")
    step(migrated, "a.py::test_skips", "setup", "skipped", outcome="skipped")
    step(migrated, "a.py::test_works_again", "setup", "completed", outcome="passed")
    step(migrated, "a.py::test_works_again", "call", "completed", outcome="xpassed")
    step(migrated, "a.py::test_crashes", "call", "started")
    step(migrated, "broken.py", "collect", "failed", outcome="failed")
    assert results(migrated) == [
        ("a.py::test_crashes", "died", 1, 1, 1.0),
        ("a.py::test_flakes", "passed", 2, 1, 1.0),
        ("a.py::test_leaves", "error", 1, 1, 2.0),
        ("a.py::test_passes", "passed", 1, 0, 3.0),
        ("a.py::test_skips", "skipped", 1, 0, 1.0),
        ("a.py::test_works_again", "xpassed", 1, 0, 2.0),
        ("broken.py", "error", 1, 1, 1.0),
    ]
    assert migrated.execute(
        "SELECT status, tests, passed, failed, errors, died, skipped, xfailed, xpassed, flaked FROM debug_run_summary"
        " WHERE run_id = %s",
        (RUN,),
    ).fetchall() == [("running", 7, 2, 0, 2, 1, 1, 0, 1, 1)]


def test_a_failure_of_one_worker_is_not_hidden_by_the_pass_of_another(migrated: Connection) -> None:
    run(migrated)
    step(migrated, "a.py::test_it", "call", "failed", worker="gw0", outcome="failed")
    step(migrated, "a.py::test_it", "call", "failed", worker="gw1", outcome="rerun")
    step(migrated, "a.py::test_it", "call", "completed", worker="gw1", attempt=2, outcome="passed")
    step(migrated, "a.py::test_it", "call", "completed", worker="gw2", outcome="passed")
    assert results(migrated) == [("a.py::test_it", "failed", 2, 1, 1.0)]


def test_a_run_without_tests_is_summed_up_too(migrated: Connection) -> None:
    run(migrated)
    assert migrated.execute("SELECT tests, failed, causes FROM debug_run_summary").fetchall() == [(0, 0, 0)]


def test_every_column_of_every_view_has_a_description(migrated: Connection) -> None:
    silent = migrated.execute(
        "SELECT c.relname, a.attname FROM pg_class AS c"
        " JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
        " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'v'"
        " AND col_description(c.oid, a.attnum) IS NULL"
    ).fetchall()
    assert silent == []
