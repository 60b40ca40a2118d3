"""A record of its own for the API, and both ways to use it as one."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from pytest_debugloop.api import connect
from pytest_debugloop.database.migrate import migrate

if TYPE_CHECKING:
    from tests.support.servers import Server

    Rows = Callable[..., list[dict[str, Any]]]
    Called = Callable[..., Any]


@pytest.fixture(scope="module")
def api_record(any_postgres: Server) -> Iterator[dict[str, str]]:
    """The DSN and the schema of an empty record."""
    with any_postgres.schema() as schema:
        with psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
            migrate(connection, schema)
        yield {"dsn": any_postgres.conninfo, "schema": schema}


@pytest.fixture
def rows(api_record: dict[str, str]) -> Iterator[Rows]:
    """Ask the record directly."""
    with psycopg.connect(api_record["dsn"], autocommit=True, row_factory=dict_row) as connection:
        connection.execute(f'SET search_path TO "{api_record["schema"]}", public')
        yield lambda query, *values: connection.execute(query, values).fetchall()


@pytest.fixture(params=["sync", "async"])
def called(request: pytest.FixtureRequest, api_record: dict[str, str]) -> Called:
    """Call what a function does with the record, over a connection of each kind; its calls may be awaited or not."""

    def call(function: Callable[[Any], Any]) -> Any:
        if request.param == "sync":
            with connect(api_record["dsn"], api_record["schema"]) as record:
                return _driven(function(Waiting(record)))

        async def asked() -> Any:
            async with connect(api_record["dsn"], api_record["schema"]) as record:
                return await function(record)

        return asyncio.run(asked())

    return call


class Waiting:
    """The blocking record, as a coroutine function can use it: what it returns is there at once."""

    def __init__(self, record: Any) -> None:
        self._record = record

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._record, name)
        return lambda *arguments, **named: Done(method(*arguments, **named))


class Done:
    """A result, or a block, that is awaited or entered without waiting."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from ()
        return self._value

    async def __aenter__(self) -> Any:
        return self._value.__enter__()

    async def __aexit__(self, *error: Any) -> Any:
        return self._value.__exit__(*error)


def _driven(coroutine: Any) -> Any:
    """Run a coroutine that never waits."""
    assert inspect.iscoroutine(coroutine)
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("it waited")
