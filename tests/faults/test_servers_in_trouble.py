"""Servers that are full, locked or silent: the loader gives up with the reason, and nothing is lost."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.connect import connect
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.process import follow
from pytest_debugloop.loading.waiting import load_waiting
from pytest_debugloop.private import JOURNALS
from pytest_debugloop.summary.terminal import wait_for_status
from tests.faults.proxy import before
from tests.support.journals import record_example
from tests.support.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import Server

TOTALS = {"step": 57, "failure": 9, "recovery": 1}


@pytest.fixture(scope="module")
def recorded_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run's journal."""
    return record_example(tmp_path_factory.mktemp("recorded"))


@pytest.fixture
def record(any_postgres: Server) -> Iterator[Record]:
    """A record of its own: these tests lock tables, and leave transactions to be noticed."""
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        yield record
        record.connection.close()


@pytest.fixture
def order(record: Record, recorded_run: Path, tmp_path: Path) -> LoaderOrder:
    """The order to load a run that is over."""
    folder = tmp_path / ".debugloop"
    (folder / JOURNALS).mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    run = folder / JOURNALS / recorded_run.name
    shutil.copytree(recorded_run, run, ignore=shutil.ignore_patterns("status.json", "loader.lock"))
    return LoaderOrder(folder, run, record.conninfo, record.schema, 18, 30)


def told(order: LoaderOrder, dsn: str) -> str:
    """Let a loader follow the run, which is over; give what it says is wrong, for it has to give up."""
    assert order.run_folder is not None
    follow(LoaderOrder(order.folder, order.run_folder, dsn, order.schema, 18, 30))
    status = wait_for_status(order.run_folder, 0.5)
    assert status is not None
    assert "stored" not in status
    problem: str = status["problem"]
    return problem


def is_stored_afterwards(order: LoaderOrder, record: Record) -> None:
    """See that nothing is lost, and that the trouble was not taken for that of the run."""
    loaded = load_waiting(LoaderOrder(order.folder, None, order.dsn, order.schema, 18, 30))
    assert (loaded.stored, loaded.problem) == (1, "")
    assert record.rows("SELECT steps_total, errors_total, recoveries_total FROM debug_runs") == [tuple(TOTALS.values())]
    assert record.value("SELECT count(*) FROM debug_rejected_lines") == 0


def test_a_server_that_falls_silent_is_given_up(order: LoaderOrder, record: Record) -> None:
    with before(record.conninfo, b"staged_journals", takes_others=False) as (proxy, dsn):
        problem = told(order, make_conninfo(dsn, tcp_user_timeout=400, connect_timeout=2))
        assert proxy.silent.is_set()
        assert "did not answer" in problem
    is_stored_afterwards(order, record)


def test_a_connection_that_falls_silent_is_made_again(order: LoaderOrder, record: Record) -> None:
    with before(record.conninfo, b"staged_journals", takes_others=True) as (proxy, dsn):
        given = make_conninfo(dsn, tcp_user_timeout=400, connect_timeout=2)
        follow(LoaderOrder(order.folder, order.run_folder, given, order.schema, 18, 30))
        assert proxy.silent.is_set()
    assert record.rows("SELECT steps_total, errors_total, recoveries_total FROM debug_runs") == [tuple(TOTALS.values())]


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("debug_workflow_steps", "the record is locked, for example by VACUUM FULL or an open transaction (cancel"),
        ("schema_migrations", "Migration 4 (host_tables) failed and changed nothing: canceling statement due to lock"),
    ],
)
def test_a_lock_that_is_held_for_ever_is_not_waited_for(
    order: LoaderOrder, record: Record, table: str, reason: str
) -> None:
    with record.connect() as holder, holder.transaction():
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE".encode())
        problem = told(order, make_conninfo(record.conninfo, options="-c lock_timeout=50ms"))
    assert problem.startswith(reason)
    is_stored_afterwards(order, record)


def test_a_server_without_room_is_given_up(order: LoaderOrder, record: Record) -> None:
    text = "could not extend file: No space left on device"
    record.connection.execute(
        f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{text}' "
        "USING ERRCODE = 'disk_full'; END $$".encode()
    )
    record.connection.execute("CREATE TRIGGER refuse BEFORE INSERT ON debug_workflow_steps EXECUTE FUNCTION refuse()")
    assert told(order, record.conninfo).startswith(text)
    record.connection.execute("DROP FUNCTION refuse CASCADE")
    is_stored_afterwards(order, record)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"tcp_user_timeout": "30000", "keepalives_idle": "10"}),
        ({"tcp_user_timeout": 5, "keepalives_idle": 99}, {"tcp_user_timeout": "5", "keepalives_idle": "99"}),
    ],
)
def test_what_the_connection_string_says_of_timeouts_holds(
    any_postgres: Server, given: dict[str, Any], expected: dict[str, str]
) -> None:
    with connect(make_conninfo(any_postgres.conninfo, **given)) as connection:
        assert expected.items() <= connection.info.get_parameters().items()
