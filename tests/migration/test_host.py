"""A database that has the host's tables: they are used and extended, or, in another shape, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from pytest_debugloop.database.host_index import index_host
from pytest_debugloop.database.migrate import migrate, rollback
from pytest_debugloop.database.migration_files import available
from pytest_debugloop.errors import HostIndexError, MigrationError
from tests.migration.catalog import catalog, rows

if TYPE_CHECKING:
    from tests.migration.conftest import Connection

# What differs between kinds of servers is not this but their version; the migrations run on all of them elsewhere.
pytestmark = pytest.mark.version_matrix

ALL = [migration.version for migration in available()]

# The host's own tables, with what later versions of it added.
_TRANSFORMATIONS = """
    CREATE TABLE public.agent_definitions (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), name TEXT NOT NULL);
    CREATE TABLE public.agent_transformation_events (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
        event_type VARCHAR(100) NOT NULL,
        correlation_id UUID NOT NULL,
        session_id UUID,
        source_agent VARCHAR(255),
        target_agent VARCHAR(255) NOT NULL,
        transformation_reason TEXT,
        context_snapshot JSONB,
        context_keys TEXT[],
        context_size_bytes INTEGER,
        user_request TEXT,
        routing_confidence DECIMAL(5,4) CHECK (routing_confidence BETWEEN 0 AND 1),
        routing_strategy VARCHAR(100),
        transformation_duration_ms INTEGER,
        initialization_duration_ms INTEGER,
        total_execution_duration_ms INTEGER,
        success BOOLEAN,
        error_message TEXT,
        error_type VARCHAR(100),
        quality_score DECIMAL(5,4),
        agent_definition_id UUID REFERENCES public.agent_definitions (id),
        parent_event_id UUID REFERENCES public.agent_transformation_events (id),
        started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        completed_at TIMESTAMPTZ,
        project_path VARCHAR(500),
        project_name VARCHAR(255),
        claude_session_id VARCHAR(100)
    );
    WITH definition AS (INSERT INTO public.agent_definitions (name) VALUES ('coder') RETURNING id)
    INSERT INTO public.agent_transformation_events
        (event_type, correlation_id, source_agent, target_agent, agent_definition_id, project_name)
    SELECT 'transformation_complete', '01890000-0000-7000-8000-000000000001', 'planner', 'coder', id, 'shop'
    FROM definition;
"""
_SHORT_TRANSFORMATIONS = """
    CREATE TABLE public.agent_transformation_events (
        id UUID PRIMARY KEY DEFAULT gen_random_uuid(), source_agent VARCHAR(255) NOT NULL,
        target_agent VARCHAR(255) NOT NULL, transformation_reason TEXT, confidence_score DECIMAL(5,4),
        transformation_duration_ms INTEGER, success BOOLEAN, created_at TIMESTAMPTZ DEFAULT now()
    );
    INSERT INTO public.agent_transformation_events (source_agent, target_agent) VALUES ('a', 'b');
"""
_HOOKS = """
    CREATE TABLE public.hook_events (
        id UUID PRIMARY KEY,
        source VARCHAR(255) NOT NULL,
        action VARCHAR(255) NOT NULL,
        resource VARCHAR(255) NOT NULL,
        resource_id VARCHAR(255) NOT NULL,
        payload JSONB NOT NULL DEFAULT '{}',
        metadata JSONB NOT NULL DEFAULT '{}',
        processed BOOLEAN NOT NULL DEFAULT FALSE,
        processing_errors TEXT[],
        retry_count INTEGER NOT NULL DEFAULT 0 CHECK (retry_count BETWEEN 0 AND 10),
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
        processed_at TIMESTAMPTZ CHECK (processed_at IS NULL OR processed_at >= created_at)
    );
    INSERT INTO public.hook_events (id, source, action, resource, resource_id, payload, metadata) VALUES
    (gen_random_uuid(), 'PostToolUse', 'tool_completion', 'tool', 'Write',
     '{"tool_name": "Write", "tool_output": null, "file_path": "/a.py", "enhanced_metadata": {
        "success_classification": "full_success", "quality_metrics": {"quality_score": 0.9},
        "performance_metrics": {"execution_time_ms": 12.5}, "execution_analysis": {}}}',
     '{"hook_type": "PostToolUse", "correlation_id": "01890000-0000-7000-8000-000000000001", "agent_name": "coder",
        "agent_domain": "code", "logged_at": "2026-01-01T00:00:00Z", "success_classification": "full_success",
        "quality_metrics": {"quality_score": 0.9}, "performance_metrics": {"execution_time_ms": 12.5},
        "execution_analysis": {}}'),
    (gen_random_uuid(), 'PostToolUse', 'tool_completion', 'tool', 'Read',
     '{"tool_name": "Read", "enhanced_metadata": {"success_classification": "unknown"}}',
     '{"hook_type": "PostToolUse", "correlation_id": null}'),
    (gen_random_uuid(), 'UserPromptSubmit', 'prompt_submitted', 'prompt', 'p', '{}', '{}');
"""
_MIGRATIONS = """
    CREATE TABLE public.schema_migrations (
        version INTEGER PRIMARY KEY, description TEXT NOT NULL, applied_at TIMESTAMPTZ DEFAULT now(),
        execution_time_ms INTEGER
    );
    INSERT INTO public.schema_migrations SELECT n, 'host ' || n FROM generate_series(1, 12) AS n;
"""
HOST = f"{_TRANSFORMATIONS} {_HOOKS} {_MIGRATIONS}".encode()


def test_the_hosts_tables_are_used_where_they_are(empty: Connection) -> None:
    empty.execute(HOST)
    hooks, columns = rows(empty)["hook_events"], _columns(empty)
    assert [migration.version for migration in migrate(empty, "ours")] == ALL
    own = empty.execute("SELECT relname FROM pg_class WHERE relnamespace = 'ours'::regnamespace AND relkind = 'r'")
    assert {"agent_transformation_events", "hook_events"}.isdisjoint(name for (name,) in own)
    assert _columns(empty) == [*columns, "state_snapshot_id", "error_event_id", "success_event_id"]
    assert rows(empty)["hook_events"] == hooks
    assert empty.execute(
        "SELECT project_name, state_snapshot_id FROM public.agent_transformation_events"
    ).fetchall() == [("shop", None)]


def test_real_calls_are_summed_up(empty: Connection) -> None:
    empty.execute(HOST)
    migrate(empty, "ours")
    calls = empty.execute(
        "SELECT tool_name, correlation_id, quality_score::float, success_classification, agent_name,"
        " execution_time_ms::float FROM ours.debug_llm_call_summary"
    ).fetchall()
    assert calls == [("Write", "01890000-0000-7000-8000-000000000001", 0.9, "full_success", "coder", 12.5)]


def test_a_transformation_of_the_host_and_a_snapshot_refer_to_each_other_and_may_go(empty: Connection) -> None:
    empty.execute(HOST)
    migrate(empty, "ours")
    empty.execute(
        "UPDATE public.agent_transformation_events"
        " SET state_snapshot_id = ours.capture_state_snapshot('pre_transform', correlation_id, source_agent, '{}')"
    )
    empty.execute(
        "UPDATE ours.debug_state_snapshots SET transformation_event_id ="
        " (SELECT id FROM public.agent_transformation_events)"
    )
    empty.execute("DELETE FROM public.agent_transformation_events")
    assert empty.execute("SELECT transformation_event_id FROM ours.debug_state_snapshots").fetchall() == [(None,)]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        empty.execute(
            "INSERT INTO public.agent_transformation_events (event_type, correlation_id, target_agent, error_event_id)"
            " VALUES ('transformation_failed', gen_random_uuid(), 'coder', gen_random_uuid())"
        )


def test_a_second_time_changes_nothing_of_the_host(empty: Connection) -> None:
    empty.execute(HOST)
    migrate(empty, "ours")
    before = catalog(empty), rows(empty)
    assert migrate(empty, "ours") == []
    assert (catalog(empty), rows(empty)) == before


def test_each_migration_may_be_run_again_before_the_next(empty: Connection) -> None:
    empty.execute(HOST)
    empty.execute("CREATE SCHEMA ours")
    for migration in available():
        after = []
        for paths in (migration.paths, [migration.sql_path]):
            with empty.transaction():
                empty.execute("SET LOCAL search_path TO ours, public")
                for path in paths:
                    empty.execute(path.read_text(encoding="utf-8").encode())
            after.append((catalog(empty), rows(empty)))
        assert after[0] == after[1], migration.name


@pytest.mark.parametrize("name", ["ours", "public"])
def test_a_rollback_leaves_the_host_as_it_was(empty: Connection, name: str) -> None:
    empty.execute(HOST)
    if name == "public":
        empty.execute("DROP TABLE public.schema_migrations")
    before = catalog(empty), rows(empty)
    migrate(empty, name)
    assert catalog(empty) != before[0]
    assert [migration.version for migration in rollback(empty, name)] == ALL[::-1]
    assert (catalog(empty), rows(empty)) == before


def test_columns_that_the_host_already_had_outlive_a_rollback(empty: Connection) -> None:
    empty.execute(HOST)
    empty.execute("ALTER TABLE public.agent_transformation_events ADD COLUMN error_event_id UUID")
    columns = _columns(empty)
    migrate(empty, "ours")
    rollback(empty, "ours")
    assert _columns(empty) == columns
    references = "SELECT count(*) FROM pg_constraint WHERE conname LIKE '%error_event_id%'"
    assert empty.execute(references).fetchone() == (0,)


def test_a_second_schema_keeps_its_own_beside_a_host_that_is_taken(empty: Connection) -> None:
    empty.execute(HOST)
    migrate(empty, "first")
    taken = [line for line in catalog(empty) if "| second |" not in line]
    migrate(empty, "second")
    own = empty.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'second'::regnamespace AND relkind = 'r'"
        " AND relname IN ('agent_transformation_events', 'hook_events')"
    ).fetchall()
    assert own == [("agent_transformation_events",)]
    assert set(taken) <= set(catalog(empty))
    rollback(empty, "second")
    assert catalog(empty) == taken


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        (
            _SHORT_TRANSFORMATIONS,
            "public.agent_transformation_events is not the table that the debug loop extends, for it lacks event_type,"
            " correlation_id uuid, started_at. Rename or upgrade that table, or choose a database without it",
        ),
        (
            _TRANSFORMATIONS.replace(
                "id UUID PRIMARY KEY DEFAULT gen_random_uuid(),\n        event", "id UUID, event"
            ).replace(
                "parent_event_id UUID REFERENCES public.agent_transformation_events (id)", "parent_event_id UUID"
            ),
            "public.agent_transformation_events cannot be referred to, for it is no table with a primary key on its id."
            " Rename or upgrade that table, or choose a database without it",
        ),
        (
            _TRANSFORMATIONS + "ALTER TABLE public.agent_transformation_events ADD COLUMN state_snapshot_id TEXT;",
            "public.agent_transformation_events cannot be extended, for its state_snapshot_id is no UUID."
            " Rename or upgrade that table, or choose a database without it",
        ),
        (
            "CREATE VIEW public.agent_transformation_events AS SELECT gen_random_uuid() AS id, 'x' AS event_type,"
            " gen_random_uuid() AS correlation_id, 'a' AS source_agent, 'b' AS target_agent, now() AS started_at;",
            "public.agent_transformation_events cannot be referred to, for it is no table with a primary key on its id."
            " Rename or upgrade that table, or choose a database without it",
        ),
        (
            "CREATE TABLE public.hook_events (id UUID PRIMARY KEY, source TEXT, payload JSON, created_at TIMESTAMPTZ);",
            "public.hook_events is not the table that the debug loop reads, for it lacks resource_id, payload jsonb,"
            " metadata jsonb. Rename or upgrade that table, or choose a database without it",
        ),
    ],
    ids=["short", "no-key", "other-type", "view", "hooks"],
)
def test_a_host_table_of_another_shape_is_refused_and_nothing_is_changed(
    empty: Connection, tables: str, reason: str
) -> None:
    empty.execute(tables.encode())
    before = catalog(empty), rows(empty)
    with pytest.raises(MigrationError) as caught:
        migrate(empty, "ours")
    assert str(caught.value) == f"Migration 4 (host_tables) failed and changed nothing: {reason}."
    assert (catalog(empty), rows(empty)) == before


def _columns(connection: Connection) -> list[str]:
    found = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'public.agent_transformation_events'::regclass"
        " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    ).fetchall()
    return [name for (name,) in found]


@pytest.mark.parametrize("may_read", [True, False])
def test_a_role_that_does_not_own_the_host_gets_tables_of_its_own(
    empty: Connection, database: str, may_read: bool
) -> None:
    empty.execute(HOST)
    role = sql.Identifier(empty.info.dbname)
    empty.execute(sql.SQL("CREATE ROLE {0}; CREATE SCHEMA ours AUTHORIZATION {0}").format(role))
    if may_read:
        empty.execute(sql.SQL("GRANT SELECT ON public.hook_events TO {}").format(role))
    before = catalog(empty), rows(empty)
    try:
        with psycopg.connect(database, autocommit=True) as modest:
            modest.execute(sql.SQL("SET ROLE {}").format(role))
            assert [migration.version for migration in migrate(modest, "ours")] == ALL
            found = modest.execute(
                "SELECT relname, obj_description(oid, 'pg_class') FROM pg_class"
                " WHERE relnamespace = 'ours'::regnamespace AND relkind = 'r'"
                " AND relname IN ('agent_transformation_events', 'hook_events') ORDER BY 1"
            ).fetchall()
            assert [name for name, _ in found] == ["agent_transformation_events", "hook_events"][: 2 - may_read]
            assert "does not own public.agent_transformation_events" in found[0][1]
            calls = modest.execute("SELECT count(*) FROM ours.debug_llm_call_summary").fetchone()
            assert calls == (1 if may_read else 0,)
            shapes = modest.execute(
                "SELECT array_agg(attname ORDER BY attnum) FROM pg_attribute WHERE attnum > 0"
                " AND attrelid IN ('ours.agent_transformation_events'::regclass) GROUP BY attrelid"
            ).fetchall()
            assert set(_columns(empty)) - {"project_path", "project_name", "claude_session_id"} <= set(shapes[0][0])
            assert [migration.version for migration in rollback(modest, "ours")] == ALL[::-1]
            assert (catalog(empty), rows(empty)) == before
    finally:
        empty.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))


def test_a_table_in_our_schema_that_another_owns_is_told_with_the_grant(empty: Connection, database: str) -> None:
    empty.execute(HOST)
    empty.execute("ALTER SCHEMA public RENAME TO given; CREATE SCHEMA public")
    name = empty.info.dbname
    role = sql.Identifier(name)
    empty.execute(sql.SQL("CREATE ROLE {0}; GRANT ALL ON SCHEMA given TO {0}").format(role))
    empty.execute("DROP TABLE given.schema_migrations")
    owner = empty.info.user
    try:
        with psycopg.connect(database, autocommit=True) as modest:
            modest.execute(sql.SQL("SET ROLE {}").format(role))
            with pytest.raises(MigrationError) as caught:
                migrate(modest, "given")
    finally:
        empty.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
    assert str(caught.value).endswith(
        f"the role {name} does not own the table given.agent_transformation_events."
        f" Migrate as its owner, or let the owner run: GRANT {owner} TO {name}."
    )


def _uses_index(connection: Connection) -> bool:
    connection.execute("SET enable_seqscan = off")
    plan = connection.execute(
        "EXPLAIN SELECT * FROM ours.debug_llm_call_summary WHERE correlation_id = 'x' ORDER BY call_timestamp"
    ).fetchall()
    connection.execute("RESET enable_seqscan")
    return any("idx_debug_hook_events_correlation" in line for (line,) in plan)


def test_the_hosts_hooks_are_indexed_only_when_asked_and_the_rollback_drops_the_index(empty: Connection) -> None:
    empty.execute(HOST)
    before = catalog(empty), rows(empty)
    migrate(empty, "ours")
    assert not _uses_index(empty)
    assert index_host(empty, "ours") == "public.hook_events"
    assert _uses_index(empty)
    indexed = catalog(empty)
    assert index_host(empty, "ours") == ""
    assert catalog(empty) == indexed
    rollback(empty, "ours")
    assert (catalog(empty), rows(empty)) == before


def test_hooks_of_ours_and_an_index_of_the_hosts_need_no_other(empty: Connection) -> None:
    migrate(empty, "ours")
    assert index_host(empty, "ours") == ""
    rollback(empty, "ours")
    empty.execute(HOST)
    empty.execute("CREATE INDEX theirs ON public.hook_events ((metadata ->> 'correlation_id'))")
    migrate(empty, "ours")
    assert index_host(empty, "ours") == ""


def test_who_may_not_index_the_host_is_told_what_its_owner_can_run(empty: Connection, database: str) -> None:
    empty.execute(HOST)
    migrate(empty, "ours")
    role = sql.Identifier(empty.info.dbname)
    empty.execute(sql.SQL("CREATE ROLE {0}; GRANT USAGE ON SCHEMA ours TO {0}").format(role))
    try:
        with psycopg.connect(database, autocommit=True) as modest:
            modest.execute(sql.SQL("SET ROLE {}").format(role))
            with pytest.raises(HostIndexError) as caught:
                index_host(modest, "ours")
    finally:
        empty.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
    statement = str(caught.value).partition("`")[2].removesuffix("`.")
    assert str(caught.value).startswith("public.hook_events could not be indexed (must be owner of ")
    empty.execute(statement.encode())
    assert _uses_index(empty)
