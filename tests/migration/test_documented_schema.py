"""All migrations together end where the documented schema says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from tests.migration.documented import COLUMNS, COMMENTS, CONSTRAINTS, INDEXES

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

pytestmark = pytest.mark.server_matrix

_STEP = (
    "INSERT INTO debug_workflow_steps"
    " (correlation_id, step_number, step_type, agent_name, operation_name, status, started_at)"
    " VALUES (gen_random_uuid(), 1, 'call', 'pytest', {operation}, {status}, now())"
)
_ERROR = (
    "INSERT INTO debug_error_events"
    " (correlation_id, error_type, error_category, error_severity, error_message, agent_name, error_code)"
    " VALUES (gen_random_uuid(), 'timeout', {category}, {severity}, 'late', 'pytest', {code})"
)
_SUCCESS = (
    "INSERT INTO debug_success_events (correlation_id, success_type, operation_name, agent_name, quality_score)"
    " VALUES (gen_random_uuid(), 'validation_pass', 'test_it', 'pytest', {quality})"
)


@pytest.mark.parametrize("table", COLUMNS)
def test_every_documented_column_is_there_with_its_type(migrated: Connection, table: str) -> None:
    found = migrated.execute(
        "SELECT attname || ' ' || replace(format_type(atttypid, atttypmod), ',', ';')"
        " || CASE WHEN attnotnull THEN '!' ELSE '' END"
        " FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (table,),
    ).fetchall()
    wanted = {" ".join(column.split()) for column in COLUMNS[table].split(",")}
    assert wanted - {column for (column,) in found} == set()


def test_every_documented_index_is_there(migrated: Connection) -> None:
    found = migrated.execute("SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()").fetchall()
    assert set(INDEXES) - {name for (name,) in found} == set()


def test_every_documented_constraint_is_there(migrated: Connection) -> None:
    found = migrated.execute(
        "SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace"
    ).fetchall()
    assert set(CONSTRAINTS) - {name for (name,) in found} == set()


def test_the_documented_comments_are_there(migrated: Connection) -> None:
    found = {name: migrated.execute("SELECT obj_description(%s::regclass)", (name,)).fetchone() for name in COMMENTS}
    assert found == {name: (comment,) for name, comment in COMMENTS.items()}
    function = "SELECT obj_description('capture_state_snapshot'::regproc, 'pg_proc')"
    assert migrated.execute(function).fetchone() == ("Captures agent state snapshot with automatic deduplication",)


def test_all_that_is_ours_is_commented(migrated: Connection) -> None:
    bare = migrated.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL"
        " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace"
        " AND obj_description(oid, 'pg_proc') IS NULL"
        " UNION ALL SELECT relname || '.' || attname FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid"
        " WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relname LIKE 'debug\\_%'"
        " AND attnum > 0 AND NOT attisdropped AND attname <> 'id' AND col_description(attrelid, attnum) IS NULL"
    ).fetchall()
    assert bare == []


def test_capture_state_snapshot_takes_the_documented_arguments(migrated: Connection) -> None:
    arguments = migrated.execute(
        "SELECT pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc"
        " WHERE oid = 'capture_state_snapshot'::regproc"
    ).fetchone()
    assert arguments == (
        "p_snapshot_type character varying, p_correlation_id uuid, p_agent_name character varying,"
        " p_agent_state jsonb, p_task_description text DEFAULT NULL::text, p_session_id uuid DEFAULT NULL::uuid,"
        " p_execution_step integer DEFAULT NULL::integer",
        "uuid",
    )


@pytest.mark.parametrize(
    ("statement", "good", "bad"),
    [
        (_STEP, {"operation": "x", "status": status}, {"operation": "x", "status": "done"})
        for status in ("started", "completed", "failed", "skipped")
    ]
    + [
        (_ERROR, {"category": category, "severity": severity, "code": "E"}, {"category": c, "severity": s, "code": "E"})
        for category, severity, c, s in (
            ("agent", "low", "robot", "low"),
            ("framework", "medium", "agent", "lowest"),
            ("external", "high", "", "high"),
            ("user", "critical", "user", ""),
        )
    ]
    + [(_SUCCESS, {"quality": good}, {"quality": bad}) for good, bad in ((0, -0.1), (1, 1.1), (None, 9))],
)
def test_the_documented_checks_hold(
    migrated: Connection, statement: str, good: dict[str, object], bad: dict[str, object]
) -> None:
    def insert(values: dict[str, object]) -> None:
        literals = {name: sql.Literal(value) for name, value in values.items()}
        migrated.execute(sql.SQL(statement).format(**literals))

    insert(good)
    with pytest.raises(psycopg.errors.CheckViolation), migrated.transaction():
        insert(bad)


def test_columns_are_as_long_as_documented_and_never_cut_in_silence(migrated: Connection) -> None:
    step, error = sql.SQL(_STEP), sql.SQL(_ERROR)
    for length, code_length in ((255, 50), (256, 51)):
        statements = (
            step.format(operation=sql.Literal("x" * length), status=sql.Literal("started")),
            error.format(
                category=sql.Literal("user"), severity=sql.Literal("low"), code=sql.Literal("E" * code_length)
            ),
        )
        for statement in statements:
            if length == 255:
                migrated.execute(statement)
                continue
            with pytest.raises(psycopg.errors.StringDataRightTruncation), migrated.transaction():
                migrated.execute(statement)


def test_what_happens_in_one_transaction_keeps_its_order(migrated: Connection) -> None:
    for _ in range(2):
        migrated.execute(
            sql.SQL(_ERROR).format(
                category=sql.Literal("user"), severity=sql.Literal("low"), code=sql.Literal("AssertionError")
            )
        )
        migrated.execute(sql.SQL(_SUCCESS).format(quality=sql.Literal(1)))
        migrated.execute("SELECT capture_state_snapshot('error', gen_random_uuid(), 'pytest', to_jsonb(random()))")
    times = migrated.execute(
        "SELECT occurred_at FROM debug_error_events UNION SELECT occurred_at FROM debug_success_events"
        " UNION SELECT captured_at FROM debug_state_snapshots"
    ).fetchall()
    assert len(times) == 6


def test_runs_tasks_and_rejected_lines_can_be_stored(migrated: Connection) -> None:
    migrated.execute(
        "INSERT INTO debug_runs (id, correlation_id, project, command_line, started_at)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'shop', ARRAY['-x', 'tests'], now())"
    )
    assert migrated.execute("SELECT status FROM debug_runs").fetchall() == [("running",)]
    with pytest.raises(psycopg.errors.CheckViolation), migrated.transaction():
        migrated.execute("UPDATE debug_runs SET status = 'over'")

    task = "INSERT INTO debug_tasks (project, operation_name, node_id) VALUES (%s, 'tests/test_a.py::test_b', 'x')"
    migrated.execute(task, ("shop",))
    migrated.execute(task, ("other",))
    with pytest.raises(psycopg.errors.UniqueViolation), migrated.transaction():
        migrated.execute(task, ("shop",))

    migrated.execute(
        "INSERT INTO debug_rejected_lines (id, line, reason) VALUES (gen_random_uuid(), %s, 'no JSON')", (b"\x00\xff",)
    )
    assert migrated.execute("SELECT line FROM debug_rejected_lines").fetchall() == [(b"\x00\xff",)]


def test_the_latest_runs_of_a_project_are_found_by_an_index(migrated: Connection) -> None:
    migrated.execute(
        "INSERT INTO debug_runs (id, correlation_id, project, started_at)"
        " SELECT gen_random_uuid(), gen_random_uuid(), CASE n % 20 WHEN 0 THEN 'shop' ELSE 'blog' END,"
        " now() - n * interval '1 h'"
        " FROM generate_series(1, 2000) AS n"
    )
    migrated.execute("ANALYZE debug_runs")  # of an empty table any plan is as good as another
    plan = migrated.execute(
        "EXPLAIN SELECT * FROM debug_runs WHERE project = 'shop' ORDER BY started_at DESC LIMIT 10"
    ).fetchall()
    assert any("idx_debug_runs_project" in line for (line,) in plan)
    assert not any("Sort" in line for (line,) in plan)
