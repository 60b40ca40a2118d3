"""Finds the record and opens the API on it, over a connection of its own or over one that is handed in."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from pytest_debugloop.answers.async_connection import open_server_async
from pytest_debugloop.answers.connection import open_server, where_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.schema import known_schema
from pytest_debugloop.api.reading import Context
from pytest_debugloop.api.record import AsyncDebugRecord, DebugRecord
from pytest_debugloop.api.refusals import AnyConnection, check_usable


def connect(
    dsn: str | None = None, schema: str | None = None, *, connection: AnyConnection | None = None
) -> Connecting:
    """Open the record, for a ``with`` block or an ``async with`` block.

    The record is found as the plugin finds it: by the arguments, the environment (``DEBUGLOOP_DSN`` and others) and the
    ini file of the current directory; without a DSN it is the embedded one, whose server runs during the block. Nothing
    of pytest is imported.

    Each operation is one transaction, which alone has its search path on the record. Inside of a transaction of the
    caller it is a savepoint, and leaves the settings of that transaction as they were.

    Args:
        dsn (str): a libpq connection string; None for the settings.
        schema (str): of the record; None for the settings.
        connection (psycopg.Connection | psycopg.AsyncConnection): an open one, such as a pool gives, in place of a DSN.
            It stays open, and its row factory, adapters and cursor class are neither used nor changed.

    Raises:
        SettingInvalidError: an argument or a setting cannot be used.
    """
    return Connecting(dsn, schema, connection)


class Connecting:
    """The record, about to be opened; see :func:`connect`.

    Args:
        dsn: see :func:`connect`, as for the others.
        schema: the same.
        connection: the same.
    """

    def __init__(self, dsn: str | None, schema: str | None, connection: AnyConnection | None) -> None:
        if dsn is not None and connection is not None:
            raise TypeError("give a DSN or a connection, not both")
        location = RecordLocation.from_settings({"debugloop_dsn": dsn, "debugloop_schema": schema})
        self._location = replace(location, linger=None)  # a program leaves the server as it has found it
        self._given = connection
        self._stack = ExitStack()
        self._async_stack = AsyncExitStack()

    def __enter__(self) -> DebugRecord:
        """Open it.

        Raises:
            NoRecordError, NotLoadedError, NoSchemaError: there is no record.
            SchemaTooOldError, SchemaTooNewError: it is of another version of this package.
            ClosedConnectionError, BrokenTransactionError: the connection that was handed in cannot be used.
            MissingGrantError: the role may not use the schema.
            DebugloopError: the server cannot be reached.
        """
        with ExitStack() as stack:
            if self._given is None:
                conninfo, connection = stack.enter_context(open_server(self._location))
                record = DebugRecord(self._context(conninfo), connection)
            elif isinstance(self._given, psycopg.Connection):
                record = DebugRecord(self._given_context(self._given), self._given)
            else:
                raise TypeError(f"`with` needs a psycopg.Connection; use `async with` for {_kind(self._given)}")
            record.run(known_schema(self._location.schema, record.context.where), reads=True)
            self._stack = stack.pop_all()
            return record

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    async def __aenter__(self) -> AsyncDebugRecord:
        """Open it, without blocking the event loop; see :meth:`__enter__`."""
        async with AsyncExitStack() as stack:
            if self._given is None:
                conninfo, connection = await stack.enter_async_context(open_server_async(self._location))
                record = AsyncDebugRecord(self._context(conninfo), connection)
            elif isinstance(self._given, psycopg.AsyncConnection):
                record = AsyncDebugRecord(self._given_context(self._given), self._given)
            else:
                raise TypeError(f"`async with` needs a psycopg.AsyncConnection; use `with` for {_kind(self._given)}")
            await record.run(known_schema(self._location.schema, record.context.where), reads=True)
            self._async_stack = stack.pop_all()
            return record

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._async_stack.aclose()

    def _context(self, conninfo: str) -> Context:
        return Context(self._location, where_of(self._location, conninfo))

    def _given_context(self, connection: AnyConnection) -> Context:
        check_usable(connection)
        info = connection.info
        where = make_conninfo(host=info.host, port=info.port, dbname=info.dbname, user=info.user)
        # Of the project, it is a server that others use too, as a DSN would say.
        return Context(replace(self._location, dsn=where), where)


def _kind(connection: object) -> str:
    return f"a {type(connection).__module__}.{type(connection).__qualname__}"
