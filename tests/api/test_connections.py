"""Connections that are opened for a program, and those that it hands in: what it set up itself stays as it was."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

import pytest_debugloop
from pytest_debugloop.api import DebugRecord, connect
from pytest_debugloop.errors import (
    BrokenTransactionError,
    ClosedConnectionError,
    DatabaseUnreachableError,
    MissingGrantError,
    NoSchemaError,
    ReadOnlyConnectionError,
    RefusedValueError,
)
from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Rows = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def connection(api_record: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(api_record["dsn"], row_factory=dict_row) as found:
        yield found


def settings_of(connection: psycopg.Connection[Any]) -> list[str]:
    names = ("search_path", "datestyle", "jit", "lock_timeout")
    return [next(iter(connection.execute(f"SHOW {name}").fetchone().values())) for name in names]  # type: ignore[union-attr]


def test_a_transaction_of_the_caller_goes_on_as_it_was(
    connection: psycopg.Connection[Any], api_record: dict[str, str], rows: Rows
) -> None:
    workflow = uuid.uuid4()
    connection.execute("SET LOCAL datestyle TO 'German'")
    before = settings_of(connection)
    with connect(schema=api_record["schema"], connection=connection) as record:
        record.record_error(workflow, "coder", "no")
        with pytest.raises(RefusedValueError):
            record.record_error(workflow, "coder", "no", severity="fatal")
        assert record.get_debug_context(workflow).error_count == 1  # type: ignore[union-attr]
    assert settings_of(connection) == before
    assert rows("SELECT id FROM debug_error_events WHERE correlation_id = %s", workflow) == []
    connection.rollback()
    assert rows("SELECT id FROM debug_error_events WHERE correlation_id = %s", workflow) == []


def test_an_idle_connection_of_the_caller_has_each_operation_committed(
    connection: psycopg.Connection[Any], api_record: dict[str, str], rows: Rows
) -> None:
    workflow = uuid.uuid4()
    connection.cursor_factory = psycopg.RawCursor  # of which our statements are none
    with connect(schema=api_record["schema"], connection=connection) as record:
        event = record.record_error(workflow, "coder", "no")
    assert [row["id"] for row in rows("SELECT id FROM debug_error_events WHERE correlation_id = %s", workflow)] == [
        event
    ]
    assert not connection.closed
    assert connection.execute("SELECT '{}'::jsonb AS value").fetchone() == {"value": {}}


def test_connections_of_pools_are_taken(api_record: dict[str, str], rows: Rows) -> None:
    workflow = uuid.uuid4()
    schema = api_record["schema"]
    with (
        ConnectionPool(api_record["dsn"], min_size=1, open=True) as pool,
        pool.connection() as lent,
        connect(schema=schema, connection=lent) as record,
    ):
        record.record_success(workflow, "coder", "build")

    async def record_without_blocking() -> None:
        async with (
            AsyncConnectionPool(api_record["dsn"], min_size=1, open=False) as pool,
            pool.connection() as lent,
            connect(schema=schema, connection=lent) as record,
        ):
            await record.record_success(workflow, "coder", "test")

    asyncio.run(record_without_blocking())
    found = rows("SELECT operation_name FROM debug_success_events WHERE correlation_id = %s", workflow)
    assert sorted(row["operation_name"] for row in found) == ["build", "test"]


def test_a_closed_connection_and_a_broken_transaction_are_said_to_be_so(
    connection: psycopg.Connection[Any], api_record: dict[str, str]
) -> None:
    with connect(schema=api_record["schema"], connection=connection) as record:
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")
        with pytest.raises(BrokenTransactionError, match="until it is rolled back"):
            record.recovery_patterns()
        with pytest.raises(BrokenTransactionError), connect(connection=connection):
            pass
        connection.rollback()
        assert record.recovery_patterns() is not None
        connection.close()
        with pytest.raises(ClosedConnectionError, match="The connection to the record is closed: open another one"):
            record.recovery_patterns()
    with pytest.raises(ClosedConnectionError), connect(connection=connection):
        pass


def test_a_connection_that_is_lost_is_said_to_be_closed(api_record: dict[str, str], rows: Rows) -> None:
    with connect(api_record["dsn"], api_record["schema"]) as record:
        rows("SELECT pg_terminate_backend(%s, 10000)", record.connection.info.backend_pid)
        with pytest.raises(ClosedConnectionError, match="closed"):
            record.recovery_patterns()


def test_what_a_role_may_not_do_is_said_with_what_its_owner_can_do(
    connection: psycopg.Connection[Any], api_record: dict[str, str]
) -> None:
    schema = sql.Identifier(api_record["schema"])
    role = sql.Identifier(f"agent_{uuid.uuid4().hex[:8]}")
    connection.execute(sql.SQL("CREATE ROLE {}").format(role))
    connection.execute(sql.SQL("SET ROLE {}").format(role))
    with (
        pytest.raises(MissingGrantError, match=r"permission denied for schema .* `GRANT USAGE ON SCHEMA"),
        connect(schema=api_record["schema"], connection=connection),
    ):
        pass
    connection.execute("RESET ROLE")
    connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
    connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, role))
    connection.execute(sql.SQL("SET ROLE {}").format(role))
    with connect(schema=api_record["schema"], connection=connection) as record:
        assert record.get_debug_context(uuid.uuid4()) is None
        with pytest.raises(MissingGrantError, match="permission denied for table"):
            record.record_error(uuid.uuid4(), "coder", "no")
    connection.rollback()


def test_nothing_is_written_over_a_connection_that_only_reads(
    connection: psycopg.Connection[Any], api_record: dict[str, str]
) -> None:
    connection.read_only = True
    with (
        connect(schema=api_record["schema"], connection=connection) as record,
        pytest.raises(ReadOnlyConnectionError, match="use one that is not read-only"),
    ):
        record.record_error(uuid.uuid4(), "coder", "no")


def test_an_exception_in_a_step_is_kept_though_it_cannot_be_recorded(api_record: dict[str, str]) -> None:
    def fail_without_a_connection(record: DebugRecord) -> None:
        with record.step(uuid.uuid4(), "coder", "build"):
            record.connection.close()
            raise ValueError("of the program")

    with connect(api_record["dsn"], api_record["schema"]) as record:
        with pytest.raises(ValueError, match="of the program"):
            fail_without_a_connection(record)
        with pytest.raises(ClosedConnectionError), record.step(uuid.uuid4(), "coder", "build"):
            pass


def test_the_kind_of_connection_has_to_be_that_of_the_block(
    connection: psycopg.Connection[Any], api_record: dict[str, str]
) -> None:
    async def enter_wrongly() -> None:
        async with connect(connection=connection):
            pass

    async def enter_wrongly_too() -> None:
        async with await psycopg.AsyncConnection.connect(api_record["dsn"]) as given:
            with connect(connection=given):
                pass

    with pytest.raises(TypeError, match=r"use `with` for a psycopg\.Connection"):
        asyncio.run(enter_wrongly())
    with pytest.raises(TypeError, match=r"use `async with` for a psycopg\.AsyncConnection"):
        asyncio.run(enter_wrongly_too())
    with pytest.raises(TypeError, match="not both"):
        connect(api_record["dsn"], connection=connection)


def test_what_cannot_be_opened_is_said_in_a_sentence(api_record: dict[str, str]) -> None:
    with pytest.raises(DatabaseUnreachableError, match="host=/nowhere"), connect("host=/nowhere"):
        pass
    with pytest.raises(NoSchemaError, match="no record in schema nobodys"), connect(api_record["dsn"], "nobodys"):
        pass


def test_steps_are_numbered_whatever_isolation_the_database_defaults_to(
    connection: psycopg.Connection[Any], api_record: dict[str, str], rows: Rows
) -> None:
    workflow = uuid.uuid4()
    connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    with (
        connect(api_record["dsn"], api_record["schema"]) as other,
        connect(schema=api_record["schema"], connection=connection) as record,
    ):
        threads = [
            threading.Thread(target=each.start_step, args=(workflow, "coder", "build")) for each in (record, other) * 5
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = rows("SELECT step_number FROM debug_workflow_steps WHERE correlation_id = %s", workflow)
    assert sorted(row["step_number"] for row in found) == list(range(1, 11))


FORKED = """
import os, sys
from pytest_debugloop import connect

with connect(*sys.argv[1:]) as record:
    if (child := os.fork()) == 0:
        try:
            record.recovery_patterns()
        except Exception as error:
            print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(0)
    os.waitpid(child, 0)
    print(record.recovery_patterns() is not None)
"""


@pytest.mark.process
def test_a_forked_child_does_not_write_into_the_connection_of_its_parent(api_record: dict[str, str]) -> None:
    command = [sys.executable, "-c", FORKED, api_record["dsn"], api_record["schema"]]
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "ClosedConnectionError: The connection to the record is closed to this process, which was forked "
        "after it was opened: open another one.",
        "True",
    ]


def test_threads_and_tasks_take_turns(api_record: dict[str, str], rows: Rows) -> None:
    workflow = uuid.uuid4()
    with connect(api_record["dsn"], api_record["schema"]) as record:
        threads = [
            threading.Thread(target=record.start_step, args=(workflow, "coder", f"t{number}")) for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    async def tasks() -> None:
        async with connect(api_record["dsn"], api_record["schema"]) as record:
            await asyncio.gather(*(record.start_step(workflow, "coder", f"a{number}") for number in range(8)))

    asyncio.run(tasks())
    found = rows("SELECT step_number FROM debug_workflow_steps WHERE correlation_id = %s", workflow)
    assert sorted(row["step_number"] for row in found) == list(range(1, 17))


def test_the_package_has_the_names_of_the_api() -> None:
    assert pytest_debugloop.connect is connect
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = pytest_debugloop.nothing  # type: ignore[attr-defined]
