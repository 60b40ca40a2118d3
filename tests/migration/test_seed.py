"""A database in which the documented migration 5 was run word for word (seed_005.sql) upgrades, and keeps its rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from pytest_debugloop.database.migrate import migrate, pending, rollback
from pytest_debugloop.database.migration_files import available
from pytest_debugloop.errors import MigrationError
from tests.migration.catalog import catalog
from tests.migration.test_host import HOST

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

pytestmark = pytest.mark.version_matrix

SEED = (Path(__file__).parent / "seed_005.sql").read_text(encoding="utf-8").encode()
ALL = [migration.version for migration in available()]
# As the examples of the documented schema write them, and as only its own constraints allow.
_ROWS = b"""
    INSERT INTO debug_state_snapshots (snapshot_type, correlation_id, agent_name, agent_state, state_hash)
    SELECT 'error', correlation_id, 'coder', '{"n": 1}', encode(sha256('{"n": 1}'), 'hex')
    FROM public.agent_transformation_events;
    INSERT INTO debug_error_events (
        correlation_id, agent_name, error_type, error_category, error_message, error_severity, state_snapshot_id,
        recovery_strategy
    )
    SELECT correlation_id, 'coder', 'validation_error', 'agent', 'no', 'high', id, 'fallback'
    FROM debug_state_snapshots;
    INSERT INTO debug_success_events (correlation_id, success_type, operation_name, agent_name)
    SELECT correlation_id, 'task_completion', 'write', 'coder' FROM debug_error_events;
    INSERT INTO debug_error_success_correlation (error_event_id, success_event_id, correlation_id, recovery_strategy)
    SELECT e.id, s.id, e.correlation_id, 'retry' FROM debug_error_events AS e, debug_success_events AS s;
    INSERT INTO debug_workflow_steps (
        correlation_id, step_number, step_type, agent_name, operation_name, status, started_at, error_event_id,
        pre_state_snapshot_id
    )
    SELECT correlation_id, 1, 'execution', 'coder', 'write', 'failed', now(), id, state_snapshot_id
    FROM debug_error_events;
    UPDATE public.agent_transformation_events SET
        state_snapshot_id = (SELECT id FROM debug_state_snapshots),
        error_event_id = (SELECT id FROM debug_error_events);
"""


def _shape(connection: Connection) -> list[str]:
    """The catalog, without what a comment or another way to create the same thing leaves different."""
    lines = (re.sub(r" \| \d+ \| ", " | ", line) for line in catalog(connection))
    # The seed's columns of the host are the seed's: they lack our comment, by which a rollback knows ours.
    return sorted(line.removesuffix(" Added by pytest-debugloop.") for line in lines)


def _seed(connection: Connection, schema: str) -> None:
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
    connection.execute(f"SET search_path TO {schema}, public".encode())
    connection.execute(SEED)


def test_it_becomes_what_a_new_schema_is(empty: Connection) -> None:
    empty.execute(HOST)
    migrate(empty, "ours")
    empty.execute("SET search_path TO ours, public")
    wanted = [line for line in _shape(empty) if not line.startswith(("schema |", "column | public"))]
    rollback(empty, "ours")
    _seed(empty, "ours")
    assert [migration.version for migration in migrate(empty, "ours")] == ALL
    assert [line for line in _shape(empty) if not line.startswith(("schema |", "column | public"))] == wanted
    assert pending(empty, "ours") == []


def test_it_keeps_its_rows_and_their_links(empty: Connection) -> None:
    empty.execute(HOST)
    _seed(empty, "ours")
    empty.execute(_ROWS)
    migrate(empty, "ours")
    linked = empty.execute(
        "SELECT s.agent_state, e.error_type, c.recovery_strategy, c.confidence_score::float, w.status, t.project_name"
        " FROM debug_state_snapshots AS s JOIN debug_error_events AS e ON e.state_snapshot_id = s.id"
        " JOIN debug_error_success_correlation AS c ON c.error_event_id = e.id"
        " JOIN debug_workflow_steps AS w ON w.error_event_id = e.id AND w.pre_state_snapshot_id = s.id"
        " JOIN public.agent_transformation_events AS t ON t.error_event_id = e.id AND t.state_snapshot_id = s.id"
    ).fetchall()
    assert linked == [({"n": 1}, "validation_error", "retry", 0.0, "failed", "shop")]
    assert empty.execute("SELECT total_steps, snapshot_count FROM debug_workflow_context").fetchall() == [(1, 1)]
    # What was forbidden before: they may be deleted.
    empty.execute("DELETE FROM debug_state_snapshots")
    assert empty.execute("SELECT state_snapshot_id FROM debug_error_events").fetchall() == [(None,)]


def test_a_state_that_it_stored_twice_becomes_two_captures_of_one(empty: Connection) -> None:
    empty.execute(HOST)
    _seed(empty, "ours")
    for agent in ("coder", "tester"):
        empty.execute(
            "INSERT INTO debug_state_snapshots (snapshot_type, correlation_id, agent_name, agent_state, state_hash)"
            " VALUES ('error', gen_random_uuid(), %s, '{\"n\": \"\u00fc\"}', 'any')",
            (agent,),
        )
    empty.execute(
        "INSERT INTO debug_error_events (correlation_id, agent_name, error_type, error_category, error_message,"
        " error_severity, state_snapshot_id)"
        " SELECT correlation_id, agent_name, 'timeout', 'agent', 'no', 'high', id FROM debug_state_snapshots"
    )
    migrate(empty, "ours")
    again = "SELECT capture_state_snapshot('error', gen_random_uuid(), 'third', '{\"n\": \"\u00fc\"}')"
    assert empty.execute(again).fetchone() == empty.execute("SELECT id FROM debug_state_snapshots").fetchone()
    assert empty.execute("SELECT state_size_bytes, variables_count FROM debug_state_snapshots").fetchall() == [(11, 1)]
    assert empty.execute("SELECT count(DISTINCT state_snapshot_id) FROM debug_error_events").fetchone() == (1,)
    captures = empty.execute("SELECT agent_name FROM debug_state_captures ORDER BY captured_at").fetchall()
    assert captures == [("coder",), ("tester",), ("third",)]
    assert empty.execute("SELECT snapshot_count FROM debug_workflow_context").fetchall() == [(1,)] * 3


def test_values_of_enumerations_that_it_stored_stay_allowed_and_others_are_refused(empty: Connection) -> None:
    empty.execute(HOST)
    _seed(empty, "ours")
    error = (
        "INSERT INTO debug_error_events (correlation_id, agent_name, error_type, error_category, error_message,"
        " error_severity) VALUES (gen_random_uuid(), 'coder', %s, 'agent', 'no', 'high')"
    )
    empty.execute(error, ("rate limit's",))
    migrate(empty, "ours")
    empty.execute("UPDATE debug_error_events SET is_recoverable = TRUE")
    for allowed in ("rate limit's", "timeout"):
        empty.execute(error, (allowed,))
    with pytest.raises(psycopg.errors.CheckViolation):
        empty.execute(error, ("anything",))
    checks = "SELECT bool_and(convalidated) FROM pg_constraint WHERE conname LIKE '%\\_type\\_check'"
    assert empty.execute(checks).fetchone() == (True,)


def test_its_record_in_our_schema_is_taken_over(empty: Connection) -> None:
    empty.execute(HOST)
    empty.execute(
        "CREATE SCHEMA ours; CREATE TABLE ours.schema_migrations (LIKE public.schema_migrations INCLUDING ALL)"
    )
    _seed(empty, "ours")
    assert empty.execute("SELECT version FROM ours.schema_migrations").fetchall() == [(5,)]
    assert [migration.version for migration in pending(empty, "ours")] == ALL
    assert [migration.version for migration in migrate(empty, "ours")] == ALL
    assert pending(empty, "ours") == []


def test_with_its_tables_in_public_ours_stand_beside_them(empty: Connection) -> None:
    empty.execute(HOST)
    _seed(empty, "public")
    before = [line for line in catalog(empty) if "| ours |" not in line]
    migrate(empty, "ours")
    assert set(before) <= set(catalog(empty))
    rollback(empty, "ours")
    assert catalog(empty) == before


def test_a_view_on_its_views_is_named_and_nothing_changes(empty: Connection) -> None:
    empty.execute(HOST)
    _seed(empty, "ours")
    empty.execute("CREATE VIEW public.dashboard AS SELECT count(*) FROM ours.debug_workflow_context")
    before = [line for line in catalog(empty) if line.startswith("view | ")]
    with pytest.raises(MigrationError, match=r"5 \(debug_state_management\) failed and changed.*dashboard depends on"):
        migrate(empty, "ours")
    assert [line for line in catalog(empty) if line.startswith("view | ")] == before
