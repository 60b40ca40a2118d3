"""Applying migrations and undoing them: all or nothing, once, and never on what is not ours."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from pytest_debugloop.database.migrate import migrate, pending, rollback
from pytest_debugloop.database.migration_files import available
from pytest_debugloop.errors import MigrationChangedError, MigrationError, SchemaTooNewError
from tests.migration.catalog import catalog, rows
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.migration.conftest import Connection

pytestmark = pytest.mark.server_matrix

OURS = "agent_observability"
ALL = [migration.version for migration in available()]
ADVISORY_LOCKS = """
    SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def versions(migrations: list[Any]) -> list[int]:
    return [migration.version for migration in migrations]


def test_an_empty_database_gets_everything(empty: Connection) -> None:
    assert versions(pending(empty, OURS)) == ALL
    assert versions(migrate(empty, OURS)) == ALL
    assert pending(empty, OURS) == []
    records = empty.execute(
        "SELECT version, description, checksum FROM agent_observability.schema_migrations ORDER BY version"
    ).fetchall()
    assert records == [(m.version, m.description, m.checksum) for m in available()]
    assert empty.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace").fetchone() == (0,)


def test_the_time_a_migration_took_is_measured(empty: Connection) -> None:
    started = time.perf_counter()
    migrate(empty, OURS)
    took = (time.perf_counter() - started) * 1000
    times: dict[int, int] = dict(
        empty.execute("SELECT version, execution_time_ms FROM agent_observability.schema_migrations").fetchall()
    )
    assert all(1 <= milliseconds <= took + 1 for milliseconds in times.values())
    assert times[5] > 2


def test_pending_only_reads(empty: Connection, database: str) -> None:
    before = catalog(empty)
    with psycopg.connect(database, options="-c default_transaction_read_only=on", autocommit=True) as reader:
        assert versions(pending(reader, OURS)) == ALL
        assert reader.execute(ADVISORY_LOCKS).fetchone() == (0,)
    assert catalog(empty) == before


def test_pending_leaves_a_transaction_usable(empty: Connection, database: str) -> None:
    with psycopg.connect(database) as inside:
        inside.execute("CREATE TABLE mine ()")
        assert versions(pending(inside, OURS)) == ALL
        inside.commit()
    assert empty.execute("SELECT to_regclass('public.mine') IS NOT NULL").fetchone() == (True,)


def test_a_second_time_changes_nothing(empty: Connection) -> None:
    migrate(empty, OURS)
    before = catalog(empty), rows(empty)
    assert migrate(empty, OURS) == []
    assert (catalog(empty), rows(empty)) == before


def test_nothing_pending_costs_one_query_and_no_lock(empty: Connection, tmp_path: Path) -> None:
    migrate(empty, OURS)
    trace = tmp_path / "trace"
    with trace.open("wb") as file:
        empty.pgconn.trace(file.fileno())
        assert migrate(empty, OURS) == []
        empty.pgconn.untrace()
    sent = [line for line in trace.read_text().splitlines() if "\tQuery\t" in line or "\tParse\t" in line]
    assert len(sent) == 1
    assert "SELECT version, checksum" in sent[0]


def test_nothing_pending_needs_no_right_to_create(empty: Connection, database: str) -> None:
    migrate(empty, OURS)
    role = empty.info.dbname  # roles are shared by all databases, so it needs a name of its own
    with _role(empty, role):
        empty.execute(
            sql.SQL(
                "GRANT USAGE ON SCHEMA agent_observability TO {role};"
                "GRANT SELECT ON agent_observability.schema_migrations TO {role}"
            ).format(role=sql.Identifier(role))
        )
        with psycopg.connect(database, autocommit=True) as modest:
            modest.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            assert migrate(modest, OURS) == []


def test_a_schema_that_the_administrator_made_needs_no_right_to_create_schemas(
    empty: Connection, database: str
) -> None:
    role = empty.info.dbname
    with _role(empty, role):
        empty.execute(sql.SQL("CREATE SCHEMA given AUTHORIZATION {}").format(sql.Identifier(role)))
        before = catalog(empty)
        with psycopg.connect(database, autocommit=True) as modest:
            modest.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            assert versions(migrate(modest, "given")) == ALL
            assert versions(rollback(modest, "given")) == ALL[::-1]
        assert catalog(empty) == before  # it was not ours to drop


def test_a_closed_public_is_as_good_as_none(empty: Connection, database: str) -> None:
    empty.execute("REVOKE USAGE ON SCHEMA public FROM public; CREATE TABLE public.hook_events (theirs TEXT)")
    role = empty.info.dbname
    with _role(empty, role), psycopg.connect(database, autocommit=True) as modest:
        empty.execute(sql.SQL("CREATE SCHEMA given AUTHORIZATION {}").format(sql.Identifier(role)))
        modest.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        assert versions(migrate(modest, "given")) == ALL
        assert versions(rollback(modest, "given")) == ALL[::-1]


def test_without_the_right_to_create_the_servers_words_are_told(empty: Connection, database: str) -> None:
    role = empty.info.dbname
    before = catalog(empty)
    with _role(empty, role), psycopg.connect(database, autocommit=True) as modest:
        modest.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        with pytest.raises(
            MigrationError, match=r"4 \(host_tables\) failed and changed nothing: permission denied for"
        ):
            migrate(modest, OURS)
        assert catalog(empty) == before


def test_settings_of_the_session_are_left_as_they_were(empty: Connection) -> None:
    empty.execute("SET search_path TO pg_catalog")
    empty.execute("SET client_min_messages TO notice")
    migrate(empty, OURS)
    assert empty.execute("SHOW search_path").fetchone() == ("pg_catalog",)
    assert empty.execute("SHOW client_min_messages").fetchone() == ("notice",)
    assert empty.execute(ADVISORY_LOCKS).fetchone() == (0,)
    assert empty.autocommit


@pytest.mark.parametrize("name", ['My "Runs"', "select", "ümläut"])
def test_any_name_of_a_schema_will_do(empty: Connection, name: str) -> None:
    before = catalog(empty)
    assert versions(migrate(empty, name)) == ALL
    assert migrate(empty, name) == []
    with empty.transaction():
        empty.execute(sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(name)))
        captured = "SELECT capture_state_snapshot('error', gen_random_uuid(), 'pytest', '{}')"
        assert empty.execute(captured).fetchone() == empty.execute(captured).fetchone()
    assert versions(rollback(empty, name)) == ALL[::-1]
    assert catalog(empty) == before


def test_public_may_be_our_schema(empty: Connection) -> None:
    before = catalog(empty)
    assert versions(migrate(empty, "public")) == ALL
    assert versions(rollback(empty, "public")) == ALL[::-1]
    assert catalog(empty) == before


def test_a_connection_without_autocommit_is_left_idle(empty: Connection, database: str) -> None:
    with psycopg.connect(database) as connection:
        assert versions(migrate(connection, OURS)) == ALL
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert migrate(connection, OURS) == []
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        connection.rollback()
    assert pending(empty, OURS) == []


def test_inside_a_transaction_is_refused(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("SELECT 1")
        for change in (migrate, rollback):
            with pytest.raises(ValueError, match="outside a transaction"):
                change(connection, OURS)


def test_the_connection_may_make_rows_of_any_kind(database: str) -> None:
    with psycopg.connect(
        database, autocommit=True, row_factory=dict_row, cursor_factory=psycopg.ClientCursor[dict[str, Any]]
    ) as connection:
        assert versions(migrate(connection, OURS)) == ALL
        assert migrate(connection, OURS) == []
        assert versions(rollback(connection, OURS)) == ALL[::-1]


# Forked by a process that has imported everything, so that all are there at once and cost little.
_MANY = """
import os, sys, psycopg
from pytest_debugloop.database.migrate import migrate

def one(isolation):
    options = "-c default_transaction_isolation=" + isolation.replace(" ", "\\\\ ")
    with psycopg.connect(sys.argv[1], autocommit=True, options=options) as connection:
        connection.execute("SELECT pg_advisory_lock_shared(1)")
        connection.execute("SELECT pg_advisory_unlock_shared(1)")
        return len(migrate(connection, sys.argv[2]))

children = []
for number in range(8):
    child = os.fork()
    if child == 0:
        status = 99
        try:
            status = one(("read committed", "serializable")[number % 2])
        finally:
            os._exit(status)
    children.append(child)
print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
"""


def test_many_processes_at_once_migrate_once(empty: Connection, database: str) -> None:
    empty.execute("SELECT pg_advisory_lock(1)")
    command = [sys.executable, "-c", _MANY, database, OURS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _wait_until(empty, "SELECT count(*) = 8 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        empty.execute("SELECT pg_advisory_unlock(1)")
        out, err = process.communicate(timeout=60)
    assert err == ""
    # Several may share the work, for each migration is a transaction of its own; none is done twice.
    applied = json.loads(out)
    assert len(applied) == 8
    assert sum(applied) == len(ALL)
    assert pending(empty, OURS) == []


def test_a_failing_migration_leaves_no_trace_and_those_before_it_stay(
    empty: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty, OURS)
    before = catalog(empty), rows(empty)
    next_version = ALL[-1] + 1
    for migration in available():
        for path in (migration.sql_path, migration.rollback_path):
            (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"))
    broken = tmp_path / f"{next_version:03}_broken.sql"
    broken.write_text("-- Break\nCREATE TABLE half (); SELECT 1 / 0;\n")
    (tmp_path / f"{next_version:03}_rollback_broken.sql").write_text("-- Undo\nDROP TABLE half;\n")
    monkeypatch.setattr("pytest_debugloop.database.migration_files._folder", lambda: tmp_path)
    with pytest.raises(MigrationError) as caught:
        migrate(empty, OURS)
    assert str(caught.value) == f"Migration {next_version} (broken) failed and changed nothing: division by zero."
    assert isinstance(caught.value.__cause__, psycopg.errors.DivisionByZero)
    assert (catalog(empty), rows(empty)) == before

    broken.write_text("-- Mend\nCREATE TABLE whole ();\n")
    assert versions(migrate(empty, OURS)) == [next_version]
    # Its rollback drops a table that is not there: it stays, and nothing is half undone.
    with pytest.raises(MigrationError, match=r'failed and changed nothing: table "half" does not exist'):
        rollback(empty, OURS)
    assert pending(empty, OURS) == []


def test_a_lock_on_the_hosts_table_is_not_waited_for_long(
    empty: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty, "public")
    rollback(empty, "public", to=4)
    short = sql.SQL("SET LOCAL lock_timeout TO '50ms'")
    with psycopg.connect(database) as application, monkeypatch.context() as patched:
        patched.setattr("pytest_debugloop.database.migrate._PATIENCE", short)
        application.execute("SELECT count(*) FROM agent_transformation_events")
        with pytest.raises(MigrationError, match=r"5 \(debug_state_management\).*lock timeout"):
            migrate(empty, "public")
    assert empty.execute("SHOW lock_timeout").fetchone() == ("0",)
    assert 5 in versions(migrate(empty, "public"))


def test_a_changed_file_is_refused_but_may_be_rolled_back(empty: Connection) -> None:
    migrate(empty, OURS)
    empty.execute("UPDATE agent_observability.schema_migrations SET checksum = 'other' WHERE version = 5")
    before = catalog(empty)
    for ask in (pending, migrate):
        with pytest.raises(MigrationChangedError, match=r"5 \(debug_state_management\)"):
            ask(empty, OURS)
    assert catalog(empty) == before
    assert versions(rollback(empty, OURS)) == ALL[::-1]


def test_a_newer_schema_is_refused(empty: Connection) -> None:
    migrate(empty, OURS)
    empty.execute(
        "INSERT INTO agent_observability.schema_migrations (version, description, execution_time_ms, checksum)"
        " VALUES (998, 'later', 1, 'a'), (999, 'latest', 1, 'b')"
    )
    before = catalog(empty)
    for ask in (pending, migrate, rollback):
        with pytest.raises(SchemaTooNewError) as caught:
            ask(empty, OURS)
        assert str(caught.value) == (
            f"Schema {OURS} is at version 999, but this pytest-debugloop only knows {ALL[-1]}: upgrade the package."
        )
    assert catalog(empty) == before


@pytest.mark.parametrize(
    "shape",
    [
        "id UUID PRIMARY KEY, name TEXT, filename TEXT, applied_at TIMESTAMPTZ",
        "version INTEGER PRIMARY KEY, description TEXT NOT NULL, applied_at TIMESTAMPTZ, execution_time_ms INTEGER",
        "version TEXT PRIMARY KEY, checksum TEXT",
    ],
)
def test_records_of_somebody_else_in_our_schema_are_refused(empty: Connection, shape: str) -> None:
    empty.execute(f"CREATE TABLE public.schema_migrations ({shape})".encode())
    if shape.startswith("version TEXT"):
        empty.execute("INSERT INTO public.schema_migrations VALUES ('20240101', 'x')")
    before = catalog(empty), rows(empty)
    for ask in (pending, migrate, rollback):
        with pytest.raises(
            MigrationError, match=r"schema_migrations in schema public belongs to another application: choose"
        ):
            ask(empty, "public")
    assert (catalog(empty), rows(empty)) == before


def test_records_in_another_schema_are_never_touched(empty: Connection) -> None:
    empty.execute(
        "CREATE TABLE public.schema_migrations (version INTEGER PRIMARY KEY, description TEXT NOT NULL,"
        " applied_at TIMESTAMPTZ DEFAULT now(), execution_time_ms INTEGER)"
    )
    empty.execute("INSERT INTO public.schema_migrations SELECT n, 'ONEX ' || n FROM generate_series(1, 12) AS n")
    before = catalog(empty), rows(empty)
    assert versions(migrate(empty, OURS)) == ALL
    assert rows(empty)["schema_migrations"] == before[1]["schema_migrations"]
    assert versions(rollback(empty, OURS)) == ALL[::-1]
    assert (catalog(empty), rows(empty)) == before


def test_a_complete_rollback_leaves_the_catalog_as_before(empty: Connection) -> None:
    empty.execute("CREATE TABLE public.debug_runs (mine INTEGER)")  # a name of ours, but not ours
    empty.execute("CREATE VIEW public.debug_workflow_context AS SELECT 1 AS mine")
    before = catalog(empty)
    migrate(empty, OURS)
    # Where ours is gone already, the one in public is not mistaken for it.
    empty.execute(
        "DROP TABLE agent_observability.debug_runs CASCADE; DROP VIEW agent_observability.debug_workflow_context"
    )
    assert versions(rollback(empty, OURS)) == ALL[::-1]
    assert catalog(empty) == before
    assert rollback(empty, OURS) == []
    assert versions(migrate(empty, OURS)) == ALL


def test_a_rollback_stops_where_it_is_told(empty: Connection) -> None:
    migrate(empty, OURS)
    after_all = [line for line in catalog(empty) if "debug_runs" in line]
    assert versions(rollback(empty, OURS, to=5)) == [version for version in ALL[::-1] if version > 5]
    assert versions(pending(empty, OURS)) == [version for version in ALL if version > 5]
    assert after_all
    assert not [line for line in catalog(empty) if "debug_runs" in line]
    assert rollback(empty, OURS, to=5) == []
    assert versions(migrate(empty, OURS)) == [version for version in ALL if version > 5]


def test_a_rollback_keeps_a_schema_in_which_somebody_else_put_something(empty: Connection) -> None:
    migrate(empty, OURS)
    empty.execute("CREATE TABLE agent_observability.notes (mine TEXT)")
    rollback(empty, OURS)
    tables = empty.execute("SELECT relname FROM pg_class WHERE relnamespace = 'agent_observability'::regnamespace")
    assert tables.fetchall() == [("notes",)]


def test_a_rollback_drops_nothing_that_others_built_on_our_tables(empty: Connection) -> None:
    migrate(empty, OURS)
    empty.execute("CREATE VIEW public.dashboard AS SELECT count(*) FROM agent_observability.debug_error_events")
    rollback(empty, OURS, to=5)
    before = catalog(empty)
    with pytest.raises(MigrationError, match=r"5 \(debug_state_management\).*dashboard depends on table"):
        rollback(empty, OURS)
    assert catalog(empty) == before


def test_an_overload_does_not_stop_the_rollback(empty: Connection) -> None:
    migrate(empty, OURS)
    empty.execute(
        "CREATE FUNCTION agent_observability.capture_state_snapshot(state TEXT) RETURNS INTEGER"
        " LANGUAGE sql RETURN length(state)"
    )
    assert versions(rollback(empty, OURS)) == ALL[::-1]
    left = "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = 'capture_state_snapshot'"
    assert empty.execute(left).fetchall() == [("agent_observability.capture_state_snapshot(text)",)]


def test_a_lost_connection_is_told_as_such(empty: Connection, database: str) -> None:
    migrate(empty, OURS)
    with psycopg.connect(database, autocommit=True) as lost:
        empty.execute("SELECT pg_terminate_backend(%s, 5000)", (lost.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            migrate(lost, OURS)


class _role:  # noqa: N801 - reads as a verb where it is used
    """A role without any right, for the length of a with-block."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.connection, self.name = connection, sql.Identifier(name)

    def __enter__(self) -> None:
        self.connection.execute(sql.SQL("CREATE ROLE {}").format(self.name))

    def __exit__(self, *_: object) -> None:
        self.connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(self.name))


def _wait_until(connection: Connection, question: str) -> None:
    wait_until(lambda: connection.execute(question.encode()).fetchone() == (True,))


def test_the_view_of_scores_answers_before_and_after_its_migration(empty: Connection) -> None:
    migrate(empty, OURS)
    newer = empty.execute("SELECT pg_get_viewdef('agent_observability.debug_scored_tests'::regclass)").fetchone()
    assert versions(rollback(empty, OURS, to=8)) == [version for version in ALL[::-1] if version > 8]
    older = empty.execute("SELECT pg_get_viewdef('agent_observability.debug_scored_tests'::regclass)").fetchone()
    assert older != newer
    assert empty.execute("SELECT * FROM agent_observability.debug_flaky_tests").fetchall() == []
    migrate(empty, OURS)
    again = empty.execute("SELECT pg_get_viewdef('agent_observability.debug_scored_tests'::regclass)").fetchone()
    assert again == newer
