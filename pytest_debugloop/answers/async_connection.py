"""Opens the record for programs that must not block an event loop; see :mod:`pytest_debugloop.answers.connection`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import errors as server_errors

from pytest_debugloop.answers.connection import PATIENCE, server_of, where_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reading import register_lenient_loaders
from pytest_debugloop.answers.record import AsyncRecord
from pytest_debugloop.answers.schema import known_schema
from pytest_debugloop.database.connect import connect_async
from pytest_debugloop.errors import RecordLockedError
from pytest_debugloop.queries.transactions import entering

AsyncConnection: TypeAlias = "psycopg.AsyncConnection[Any]"


@asynccontextmanager
async def open_record_async(location: RecordLocation) -> AsyncIterator[AsyncRecord]:
    """Read the record, as it is now.

    Args:
        location: where the record is.

    Yields:
        The record, in a read-only transaction; all questions see one moment.

    Raises:
        NoRecordError, NotLoadedError: there is no embedded server in that folder.
        NoSchemaError: the server has no record.
        SchemaTooOldError, SchemaTooNewError: the record is of another version of this package.
        RecordLockedError: somebody has locked it.
        DebugloopError: it cannot be reached.
    """
    async with open_server_async(location, reading=True) as (conninfo, connection):
        await connection.set_read_only(True)
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        try:
            async with connection.transaction():
                record = AsyncRecord(connection)
                await record.fetch(entering(location.schema, PATIENCE))
                await record.answer(known_schema(location.schema, where_of(location, conninfo)))
                yield record
        except server_errors.LockNotAvailable as error:
            raise RecordLockedError(seconds=PATIENCE) from error


@asynccontextmanager
async def open_server_async(
    location: RecordLocation, *, reading: bool = False
) -> AsyncIterator[tuple[str, AsyncConnection]]:
    """Connect to the server of the record, in autocommit mode; the embedded one is started, and left after.

    Args:
        location: where the record is.
        reading: whether only to read; in an embedded record, as a role that can do nothing else.

    Yields:
        Its connection string, and a connection.

    Raises:
        NoRecordError, NotLoadedError: there is no embedded server in that folder.
        DebugloopError: it cannot be reached.
    """
    stack = ExitStack()
    try:
        # In a thread, as a server may take seconds to start and to stop.
        conninfo = await _to_the_end(stack.enter_context, server_of(location, reading=reading))
        connection = await connect_async(conninfo)
        register_lenient_loaders(connection)
        async with connection:
            yield conninfo, connection
    finally:
        await _to_the_end(stack.close)


async def _to_the_end(function: Any, *arguments: Any) -> Any:
    """Call a function in a thread; a cancellation waits until it has ended, as nothing is to be left half done."""
    called = asyncio.ensure_future(asyncio.to_thread(function, *arguments))
    cancelled = False
    while not called.done():
        try:
            await asyncio.wait([called])
        except asyncio.CancelledError:  # noqa: PERF203 - it is rare
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    return called.result()
