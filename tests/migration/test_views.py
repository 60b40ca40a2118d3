"""The two documented views: right on real rows, and quick by what they are asked for."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
WORKFLOW = uuid.UUID("01890000-0000-7000-8000-000000000001")


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def hook(connection: Connection, payload: Any, metadata: Any, source: str = "PostToolUse") -> uuid.UUID:
    identity = uuid.uuid4()
    connection.execute(
        "INSERT INTO hook_events (id, source, action, resource, resource_id, payload, metadata, created_at)"
        " VALUES (%s, %s, 'tool_completion', 'tool', 'Write', %s, %s, %s)",
        (identity, source, Jsonb(payload), Jsonb(metadata), START),
    )
    return identity


def summary(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT hook_event_id, session_id, correlation_id, tool_name, quality_score, success_classification,"
        " call_timestamp, agent_name, execution_time_ms FROM debug_llm_call_summary"
    ).fetchall()


REAL = {
    "success_classification": "full_success",
    "quality_metrics": {"quality_score": 0.85, "checks": {"naming": "pass"}},
    "performance_metrics": {"execution_time_ms": 45.5, "bytes_written": 1024},
    "execution_analysis": {"deviation_from_expected": "none"},
}


def test_a_real_row_is_summed_up(migrated: Connection) -> None:
    identity = hook(
        migrated,
        {"tool_name": "Write", "tool_output": {"ok": True}, "file_path": "a.py", "enhanced_metadata": REAL},
        {
            "hook_type": "PostToolUse",
            "correlation_id": str(WORKFLOW),
            "agent_name": "coder",
            "agent_domain": "code",
            "logged_at": "2026-01-01T00:00:00Z",
            **REAL,
        },
    )
    call = (identity, None, str(WORKFLOW), "Write", Decimal("0.85"), "full_success", START, "coder", Decimal("45.5"))
    assert summary(migrated) == [call]


def test_the_flattened_copy_in_metadata_is_enough(migrated: Connection) -> None:
    hook(migrated, {"tool_name": "Write"}, {"correlation_id": "x", **REAL})
    assert [row[4:6] + row[8:] for row in summary(migrated)] == [(Decimal("0.85"), "full_success", Decimal("45.5"))]


def test_the_documented_shape_is_summed_up_too(migrated: Connection) -> None:
    identity = hook(
        migrated,
        {"quality_metrics": {"quality_score": "0.5"}, "success_classification": "partial_success"},
        {"session_id": "s-1", "correlation_id": "c-1"},
    )
    assert summary(migrated) == [
        (identity, "s-1", "c-1", "Write", Decimal("0.5"), "partial_success", START, None, None)
    ]


def test_calls_of_no_workflow_and_other_hooks_are_left_out(migrated: Connection) -> None:
    hook(migrated, {"enhanced_metadata": REAL}, {"correlation_id": None})
    hook(migrated, {"enhanced_metadata": REAL}, {})
    hook(migrated, {"enhanced_metadata": REAL}, {"correlation_id": "x"}, source="PreToolUse")
    assert summary(migrated) == []


@pytest.mark.parametrize("score", ["n/a", None, [1], {"a": 1}, True, "NaN", "", "1e999", "--1", 99.5, -0.1])
def test_a_score_that_is_no_number_from_0_to_1_is_none_and_spoils_no_other_row(
    migrated: Connection, score: Any
) -> None:
    for value in (score, 0.12345):
        metrics = {"quality_metrics": {"quality_score": value}, "performance_metrics": {"execution_time_ms": score}}
        hook(migrated, {"enhanced_metadata": metrics}, {"correlation_id": "x"})
    assert sorted((row[4] for row in summary(migrated)), key=str) == [Decimal("0.1235"), None]


def test_the_session_is_that_of_the_transformation_where_the_hook_names_none(migrated: Connection) -> None:
    session, other = uuid.uuid4(), uuid.uuid4()
    migrated.execute(
        "INSERT INTO agent_transformation_events (event_type, correlation_id, target_agent, session_id)"
        " VALUES ('transformation_start', %(id)s, 'coder', NULL), ('transformation_complete', %(id)s, 'coder', %(of)s)",
        {"id": WORKFLOW, "of": session},
    )
    hook(migrated, {}, {"correlation_id": str(WORKFLOW)})
    hook(migrated, {}, {"correlation_id": str(WORKFLOW).upper(), "session_id": str(other)})
    hook(migrated, {}, {"correlation_id": "no UUID"})
    assert sorted((row[2], row[1]) for row in summary(migrated)) == sorted(
        [(str(WORKFLOW), str(session)), (str(WORKFLOW).upper(), str(other)), ("no UUID", None)]
    )


@pytest.mark.parametrize(
    "view",
    ["debug_flaky_tests", "debug_scored_tests", "debug_test_legs", "debug_llm_call_summary"]
    + [f"debug_{what}" for what in ("recovery_patterns", "strategy_recoveries", "failure_recoveries")],
)
def test_scores_in_views_are_of_the_type_that_scores_have(migrated: Connection, view: str) -> None:
    of_other_types = migrated.execute(
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass"
        " AND attname IN ('score', 'flakiness', 'flakiness_low', 'flakiness_high', 'failure_rate', 'flip_rate',"
        " 'entropy', 'broken_probability', 'quality_score', 'avg_confidence', 'share_by_itself')"
        " AND format_type(atttypid, atttypmod) <> 'numeric(5,4)'",
        (view,),
    )
    assert of_other_types.fetchall() == []


def test_calls_of_one_workflow_are_found_by_an_index(migrated: Connection) -> None:
    migrated.execute("SET LOCAL enable_seqscan = off")
    plan = migrated.execute(
        "EXPLAIN SELECT * FROM debug_llm_call_summary WHERE correlation_id = 'x' ORDER BY call_timestamp"
    ).fetchall()
    assert any("idx_hook_events_correlation" in line for (line,) in plan)


def fill(
    connection: Connection,
    workflow: uuid.UUID,
    *,
    steps: int = 0,
    errors: int = 0,
    successes: int = 0,
    snapshots: int = 0,
    sessions: tuple[uuid.UUID | None, ...] = (None,),
) -> None:
    """Insert rows that refer to no snapshot, one a second in each table."""
    values: dict[str, Any] = {"id": workflow, "start": START, "sessions": list(sessions)}
    session = "(%(sessions)s::uuid[])[n %% cardinality(%(sessions)s::uuid[]) + 1]"
    moment = "%(start)s + n * interval '1 s'"
    for statement, count in (
        (
            "INSERT INTO debug_workflow_steps (correlation_id, session_id, step_number, step_type, agent_name,"
            f" operation_name, status, started_at, completed_at) SELECT %(id)s, {session}, n, 'call',"
            f" 'pytest:gw' || n %% 2, 'test_it', 'completed', {moment}, {moment} + interval '0.5 s'",
            steps,
        ),
        (
            "INSERT INTO debug_error_events (correlation_id, session_id, error_type, error_category, error_severity,"
            f" error_message, agent_name, occurred_at) SELECT %(id)s, {session}, 'timeout', 'user', 'low', 'late',"
            f" 'pytest', {moment}",
            errors,
        ),
        (
            "INSERT INTO debug_success_events (correlation_id, session_id, success_type, operation_name, agent_name,"
            f" occurred_at) SELECT %(id)s, {session}, 'validation_pass', 'test_it', 'pytest', {moment}",
            successes,
        ),
        (
            "INSERT INTO debug_state_snapshots (snapshot_type, correlation_id, session_id, agent_name, agent_state,"
            f" state_hash, captured_at) SELECT 'error', %(id)s, {session}, 'pytest', '{{}}', gen_random_uuid(),"
            f" {moment}",
            snapshots,
        ),
    ):
        connection.execute(f"{statement} FROM generate_series(1, %(count)s) AS n".encode(), {**values, "count": count})


def context(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT correlation_id, session_id, agents_involved, total_steps, error_count, success_count, snapshot_count,"
        " workflow_started, workflow_completed, duration_ms FROM debug_workflow_context ORDER BY correlation_id"
    ).fetchall()


def test_forty_rows_in_each_table_are_forty_and_do_not_multiply(migrated: Connection) -> None:
    fill(migrated, WORKFLOW, steps=40, errors=40, successes=40, snapshots=40)
    agents = ["pytest", "pytest:gw0", "pytest:gw1"]
    assert context(migrated) == [(WORKFLOW, None, agents, 40, 40, 40, 40, at(1), at(40.5), Decimal(39500))]
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in nodes(migrated)) <= 160


def nodes(connection: Connection, condition: str = "true") -> list[dict[str, Any]]:
    """Every node of the plan by which the view is read."""
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM debug_workflow_context WHERE {condition}"
    row = connection.execute(query.encode()).fetchone()
    assert row is not None

    def walk(node: dict[str, Any]) -> list[dict[str, Any]]:
        return [node, *(below for child in node.get("Plans", []) for below in walk(child))]

    return walk(row[0][0]["Plan"])


def test_a_workflow_is_one_row_whatever_sessions_its_rows_say(migrated: Connection) -> None:
    one, two = sorted((uuid.uuid4(), uuid.uuid4()))
    fill(migrated, WORKFLOW, steps=4, errors=2, sessions=(one, None, two))
    rows = context(migrated)
    assert [(row[1], row[3], row[4]) for row in rows] == [(two, 4, 2)]


@pytest.mark.parametrize("only", ["steps", "errors", "successes", "snapshots"])
def test_a_workflow_that_has_rows_in_one_table_only_is_there(migrated: Connection, only: str) -> None:
    session = uuid.uuid4()
    fill(migrated, WORKFLOW, sessions=(session,), **{only: 3})
    [(identity, found, agents, *counts, started, completed, duration)] = context(migrated)
    assert (identity, found, started) == (WORKFLOW, session, at(1))
    assert counts == [3 if table == only else 0 for table in ("steps", "errors", "successes", "snapshots")]
    assert agents == (["pytest:gw0", "pytest:gw1"] if only == "steps" else ["pytest"])
    assert (completed, duration) == ((at(3.5), 2500) if only == "steps" else (at(3), 2000))


def test_a_workflow_that_never_ended_is_there_without_an_end(migrated: Connection) -> None:
    fill(migrated, WORKFLOW, steps=1)
    migrated.execute("UPDATE debug_workflow_steps SET status = 'started', completed_at = NULL")
    assert context(migrated) == [(WORKFLOW, None, ["pytest:gw1"], 1, 0, 0, 0, at(1), None, None)]


def test_snapshots_that_another_workflow_captured_first_count_where_they_are_referred_to(migrated: Connection) -> None:
    other = uuid.uuid4()
    fill(migrated, other, snapshots=4)
    fill(migrated, WORKFLOW, steps=2, errors=1, successes=1, snapshots=1)
    shared = [
        row[0] for row in migrated.execute("SELECT id FROM debug_state_snapshots WHERE correlation_id = %s", (other,))
    ]
    own = migrated.execute("SELECT id FROM debug_state_snapshots WHERE correlation_id = %s", (WORKFLOW,)).fetchone()
    assert own is not None
    migrated.execute(
        "UPDATE debug_workflow_steps SET pre_state_snapshot_id = %s, post_state_snapshot_id = %s", shared[:2]
    )
    migrated.execute("UPDATE debug_error_events SET state_snapshot_id = %s", (shared[2],))
    migrated.execute("UPDATE debug_success_events SET state_snapshot_id = %s", own)
    found = {row[0]: row[6] for row in context(migrated)}
    assert found == {WORKFLOW: 4, other: 4}


def test_one_workflow_is_read_through_indexes_and_no_row_of_another_is_touched(migrated: Connection) -> None:
    # Indexes have grown by the rows that tests before have rolled back, some more than others.
    for table in ("debug_error_events", "debug_success_events", "debug_state_snapshots", "debug_workflow_steps"):
        migrated.execute(f"REINDEX TABLE {table}".encode())
    own = uuid.uuid4()
    for workflow in (own, uuid.uuid4(), uuid.uuid4()):
        fill(migrated, workflow, steps=3, errors=3, successes=3, snapshots=3)
    migrated.execute("ANALYZE")  # autovacuum may have seen empty tables
    # With few rows a scan is cheap: forbidden, it is made only where no index can be used.
    migrated.execute("SET LOCAL enable_seqscan = off")
    plan = nodes(migrated, f"correlation_id = '{own}'")
    scans = [node for node in plan if "Index" in node["Node Type"]]
    assert {node["Index Name"] for node in scans} >= {
        "idx_debug_error_events_correlation",
        "idx_debug_success_events_correlation",
        "idx_debug_state_snapshots_correlation",
    }
    assert all("correlation_id =" in node.get("Index Cond", "") for node in scans)
    assert not [node for node in plan if node["Node Type"] == "Seq Scan"]
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in plan) <= 12
