"""Retention may delete anything, in any order, and never scans a table for it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

TABLES = (
    "agent_transformation_events",
    "debug_state_snapshots",
    "debug_error_events",
    "debug_success_events",
    "debug_error_success_correlation",
    "debug_workflow_steps",
)
ORDERS = [order[turn:] + order[:turn] for order in (TABLES, TABLES[::-1]) for turn in range(len(TABLES))]
# The letters are ids: a, b transformations; c, d snapshots; e error; f success; 1, 2 steps.
_IDS = {letter: uuid.UUID(f"{letter}0000000-0000-4000-8000-000000000000") for letter in "abcdef12"}
_WORKFLOW = uuid.UUID("90000000-0000-4000-8000-000000000000")


def fill(connection: Connection) -> None:
    """Insert rows of which everything that may refer to something does, in a circle where that can be."""
    values = {**_IDS, "workflow": _WORKFLOW}
    for statement in (
        "INSERT INTO agent_transformation_events (id, event_type, correlation_id, target_agent, parent_event_id)"
        " VALUES (%(a)s, 'transformation_start', %(workflow)s, 'x', NULL),"
        " (%(b)s, 'transformation_complete', %(workflow)s, 'x', %(a)s)",
        "INSERT INTO debug_state_snapshots"
        " (id, snapshot_type, correlation_id, agent_name, agent_state, state_hash, parent_snapshot_id,"
        " transformation_event_id)"
        " VALUES (%(c)s, 'error', %(workflow)s, 'x', '{}', 'c', %(d)s, %(a)s),"
        " (%(d)s, 'success', %(workflow)s, 'x', '{}', 'd', %(c)s, %(b)s)",
        "INSERT INTO debug_error_events (id, correlation_id, error_type, error_category, error_severity,"
        " error_message, agent_name, state_snapshot_id)"
        " VALUES (%(e)s, %(workflow)s, 'timeout', 'user', 'low', 'late', 'x', %(c)s)",
        "INSERT INTO debug_success_events"
        " (id, correlation_id, success_type, operation_name, agent_name, state_snapshot_id)"
        " VALUES (%(f)s, %(workflow)s, 'recovery_success', 'test_it', 'x', %(d)s)",
        "INSERT INTO debug_error_success_correlation"
        " (error_event_id, success_event_id, correlation_id, confidence_score)"
        " VALUES (%(e)s, %(f)s, %(workflow)s, 1)",
        "INSERT INTO debug_workflow_steps (id, correlation_id, step_number, step_type, agent_name, operation_name,"
        " status, started_at, pre_state_snapshot_id, post_state_snapshot_id, error_event_id, success_event_id,"
        " parent_step_id)"
        " VALUES (%(1)s, %(workflow)s, 1, 'call', 'x', 'y', 'failed', now(), %(c)s, %(d)s, %(e)s, %(f)s, %(2)s),"
        " (%(2)s, %(workflow)s, 2, 'call', 'x', 'y', 'completed', now(), %(c)s, %(d)s, %(e)s, %(f)s, %(1)s)",
        "UPDATE agent_transformation_events"
        " SET state_snapshot_id = %(c)s, error_event_id = %(e)s, success_event_id = %(f)s",
    ):
        connection.execute(statement, values)


def counts(connection: Connection) -> dict[str, int]:
    found = {}
    for table in TABLES:
        row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
        assert row is not None
        found[table] = row[0]
    return found


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: "-".join(table[6:9] for table in order))
def test_rows_may_be_deleted_in_any_order(migrated: Connection, order: tuple[str, ...]) -> None:
    fill(migrated)
    assert counts(migrated) == dict.fromkeys(TABLES, 2) | {
        "debug_error_events": 1,
        "debug_success_events": 1,
        "debug_error_success_correlation": 1,
    }
    for number, table in enumerate(order):
        migrated.execute(f"DELETE FROM {table}".encode())
        left = counts(migrated)
        assert [left[gone] for gone in order[: number + 1]] == [0] * (number + 1)
        # What is still to be deleted outlives what it referred to; only a recovery goes with either of its ends.
        others = [left[table] for table in order[number + 1 :] if table != "debug_error_success_correlation"]
        assert all(others)


def test_a_reference_to_what_was_deleted_is_forgotten(migrated: Connection) -> None:
    fill(migrated)
    for table in ("debug_state_snapshots", "debug_error_events", "debug_success_events"):
        migrated.execute(f"DELETE FROM {table}".encode())
    steps = migrated.execute(
        "SELECT num_nulls(pre_state_snapshot_id, post_state_snapshot_id, error_event_id, success_event_id),"
        " parent_step_id FROM debug_workflow_steps ORDER BY id"
    ).fetchall()
    assert steps == [(4, _IDS["2"]), (4, _IDS["1"])]
    transformations = migrated.execute(
        "SELECT num_nulls(state_snapshot_id, error_event_id, success_event_id) FROM agent_transformation_events"
    ).fetchall()
    assert transformations == [(3,), (3,)]
    assert counts(migrated)["debug_error_success_correlation"] == 0


def test_every_foreign_key_says_what_deleting_does(migrated: Connection) -> None:
    actions = migrated.execute(
        "SELECT conrelid::regclass || '.' || attname, confdeltype FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]"
        " WHERE contype = 'f' AND connamespace = current_schema()::regnamespace"
    ).fetchall()
    assert len(actions) >= 15
    cascading = {column for column, action in actions if action == "c"}
    assert cascading == {
        "debug_error_success_correlation.error_event_id",
        "debug_error_success_correlation.success_event_id",
        "debug_snapshot_artifacts.artifact_id",
        "debug_snapshot_artifacts.snapshot_id",
        "debug_snapshot_artifacts.step_id",
        "debug_state_captures.snapshot_id",
    }
    assert {action for column, action in actions if column not in cascading} == {"n"}


def test_every_foreign_key_has_an_index(migrated: Connection) -> None:
    without = migrated.execute(
        "SELECT fk.conrelid::regclass || '.' || a.attname FROM pg_constraint AS fk"
        " JOIN pg_attribute AS a ON a.attrelid = fk.conrelid AND a.attnum = fk.conkey[1]"
        " WHERE fk.contype = 'f' AND fk.connamespace = current_schema()::regnamespace AND NOT EXISTS ("
        "   SELECT FROM pg_index AS i WHERE i.indrelid = fk.conrelid AND i.indkey[0] = fk.conkey[1] AND i.indisvalid"
        "   AND (i.indpred IS NULL"
        "     OR pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)))"
    ).fetchall()
    assert without == []


@pytest.mark.parametrize("table", TABLES)
def test_deleting_a_row_scans_no_table(migrated: Connection, table: str) -> None:
    fill(migrated)
    # With few rows a scan is cheap: forbidden, it is made only where there is no index.
    migrated.execute("SET LOCAL enable_seqscan = off")
    scans = (
        "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE schemaname = current_schema()"
        " AND relname = ANY(%s) ORDER BY 1"
    )
    before = migrated.execute(scans, (list(TABLES),)).fetchall()
    deleted = migrated.execute(f"DELETE FROM {table} WHERE id = ANY(%s)".encode(), (list(_IDS.values()),))
    if table != "debug_error_success_correlation":
        assert deleted.rowcount > 0
    assert migrated.execute(scans, (list(TABLES),)).fetchall() == before
