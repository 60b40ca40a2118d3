"""A state that is captured again is stored once; who captured it, when, in which step of which workflow, is kept."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.database.migrate import migrate, rollback

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

pytestmark = pytest.mark.version_matrix

FIRST, SECOND = uuid.UUID(int=1), uuid.UUID(int=2)
SESSION = uuid.UUID(int=3)


def capture(connection: Connection, workflow: uuid.UUID, agent: str = "coder", step: int | None = None) -> uuid.UUID:
    row = connection.execute(
        "SELECT capture_state_snapshot('checkpoint', %s, %s, '{\"n\": 1}', 'doing', %s, %s)",
        (workflow, agent, SESSION, step),
    ).fetchone()
    assert row is not None
    found: uuid.UUID = row[0]
    return found


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_a_second_workflow_gets_the_same_id_and_leaves_its_trace(migrated: Connection) -> None:
    snapshot = capture(migrated, FIRST, "coder", 3)
    assert capture(migrated, SECOND, "tester", 7) == snapshot
    assert capture(migrated, SECOND, "tester", 8) == snapshot
    assert rows(migrated, "SELECT correlation_id, agent_name FROM debug_state_snapshots") == [(FIRST, "coder")]
    captures = rows(
        migrated,
        "SELECT snapshot_id, correlation_id, session_id, agent_name, execution_step, task_description"
        " FROM debug_state_captures ORDER BY captured_at",
    )
    assert captures == [
        (snapshot, FIRST, SESSION, "coder", 3, "doing"),
        (snapshot, SECOND, SESSION, "tester", 7, "doing"),
        (snapshot, SECOND, SESSION, "tester", 8, "doing"),
    ]
    context = rows(
        migrated,
        "SELECT correlation_id, session_id, agents_involved, snapshot_count FROM debug_workflow_context ORDER BY 1",
    )
    assert context == [(FIRST, SESSION, ["coder"], 1), (SECOND, SESSION, ["tester"], 1)]


def test_captures_go_with_their_state(migrated: Connection) -> None:
    capture(migrated, FIRST)
    migrated.execute("DELETE FROM debug_state_snapshots")
    assert rows(migrated, "SELECT FROM debug_state_captures") == []
    assert rows(migrated, "SELECT FROM debug_workflow_context") == []


def test_what_was_captured_before_is_known_after_the_migration(empty: Connection) -> None:
    migrate(empty, "ours")
    rollback(empty, "ours", to=19)
    empty.execute("SET search_path TO ours, public")
    snapshot = capture(empty, FIRST)
    assert capture(empty, SECOND) == snapshot
    empty.execute(
        "INSERT INTO debug_error_events (correlation_id, error_type, error_category, error_severity, error_message,"
        " agent_name, state_snapshot_id) VALUES (%s, 'timeout', 'user', 'low', 'late', 'tester', %s)",
        (SECOND, snapshot),
    )
    migrate(empty, "ours")
    captures = rows(empty, "SELECT snapshot_id, correlation_id, agent_name FROM debug_state_captures ORDER BY 2")
    assert captures == [(snapshot, FIRST, "coder"), (snapshot, SECOND, "tester")]
    workflows = rows(empty, "SELECT correlation_id FROM debug_workflow_context ORDER BY workflow_started")
    assert workflows == [(FIRST,), (SECOND,)]


def step(connection: Connection, workflow: uuid.UUID, number: int, minute: int, session: object = None) -> None:
    connection.execute(
        "INSERT INTO debug_workflow_steps (correlation_id, step_number, step_type, agent_name, operation_name, status,"
        " started_at, session_id) VALUES (%s, %s, 'execution', 'a', 'b', 'started',"
        " timestamptz '2026-01-01' + %s * interval '1 minute', %s)",
        (workflow, number, minute, session),
    )


def test_a_workflow_begins_with_the_first_that_happened_in_whatever_order_it_is_stored(migrated: Connection) -> None:
    step(migrated, FIRST, 1, 5)
    step(migrated, SECOND, 1, 4)
    step(migrated, FIRST, 2, 3, SESSION)
    step(migrated, FIRST, 3, 9)
    latest = "SELECT correlation_id FROM debug_workflow_context ORDER BY workflow_started DESC"
    assert rows(migrated, latest) == [(SECOND,), (FIRST,)]
    migrated.execute("UPDATE debug_workflow_steps SET started_at = '2025-01-01' WHERE correlation_id = %s", (SECOND,))
    assert rows(migrated, latest) == [(FIRST,), (SECOND,)]
    assert rows(migrated, f"SELECT correlation_id FROM debug_workflow_context WHERE session_id = '{SESSION}'") == [
        (FIRST,)
    ]


@pytest.mark.parametrize(
    ("question", "index"),
    [
        ("ORDER BY workflow_started DESC LIMIT 10", "idx_debug_workflows_started"),
        (f"WHERE session_id = '{SESSION}'", "idx_debug_workflows_session"),
    ],
)
def test_of_many_workflows_only_those_that_are_asked_for_are_looked_at(
    migrated: Connection, question: str, index: str
) -> None:
    for number in range(60):
        step(migrated, uuid.UUID(int=100 + number), 1, number, SESSION if number % 10 == 0 else None)
    migrated.execute("ANALYZE debug_workflows, debug_workflow_steps; SET LOCAL enable_seqscan = off")
    plan = "\n".join(
        line
        for (line,) in rows(migrated, f"EXPLAIN (ANALYZE, TIMING OFF) SELECT * FROM debug_workflow_context {question}")
    )
    assert index in plan
    steps = [
        line for line in plan.splitlines() if "idx_debug_workflow_steps_correlation" in line or "unique_step" in line
    ]
    assert steps
    assert all("loops=10)" in line or "loops=6)" in line for line in steps)
