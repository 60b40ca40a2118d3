"""Opens the record: reading in one read-only transaction, so that nothing changes and all answers are of one moment."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as server_errors
from psycopg.conninfo import make_conninfo

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.not_loaded import await_left_runs
from pytest_debugloop.answers.reading import register_lenient_loaders
from pytest_debugloop.answers.record import Record
from pytest_debugloop.database.configuration import READER
from pytest_debugloop.database.connect import connect, describe
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import pending
from pytest_debugloop.database.migration_files import Migration, available
from pytest_debugloop.database.origin import is_ours
from pytest_debugloop.errors import (
    MigrationError,
    NoRecordError,
    NoSchemaError,
    NotLoadedError,
    RecordLockedError,
    SchemaTooOldError,
)
from pytest_debugloop.queries.transactions import entering

Connection = psycopg.Connection[Any]

PATIENCE = 10
"""Seconds that a command waits for a lock."""


@contextmanager
def open_server(location: RecordLocation, *, reading: bool = False) -> Iterator[tuple[str, Connection]]:
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
    with server_of(location, reading=reading) as conninfo, connected(conninfo) as connection:
        try:
            yield conninfo, connection
        except server_errors.LockNotAvailable as error:
            raise RecordLockedError(seconds=PATIENCE) from error


def connected(conninfo: str) -> Connection:
    """Connect to the server of a record, in autocommit mode; rows that others wrote can be read as well.

    Args:
        conninfo: of the server.

    Raises:
        DebugloopError: it cannot be reached.
    """
    connection = connect(conninfo)
    register_lenient_loaders(connection)
    # What psycopg could not undo, as the connection was lost or interrupted, is no news beside the reason.
    logging.getLogger("psycopg").addHandler(logging.NullHandler())
    return connection


@contextmanager
def server_of(location: RecordLocation, *, reading: bool = False) -> Iterator[str]:
    """Have the server of the record run; an embedded one is started, and left after.

    Args:
        location: where the record is.
        reading: whether only to read; in an embedded record, as a role that can do nothing else.

    Yields:
        Its connection string.

    Raises:
        NoRecordError, NotLoadedError: there is no embedded server in that folder.
        DebugloopError: it does not start.
    """
    await_left_runs(location)
    if location.dsn:
        yield location.dsn
        return
    if not (location.folder / "postgres").is_dir():
        from pytest_debugloop.loading.waiting import waiting_runs

        raise (NotLoadedError if any(waiting_runs(location.loader_order())) else NoRecordError)(
            folder=location.description
        )
    version, trusted = location.postgres_version, location.trusted or admit(location)
    with embedded_server(
        location.folder, postgres_version=version, trusted=trusted, linger=location.linger
    ) as conninfo:
        yield make_conninfo(conninfo, user=READER) if reading else conninfo


def admit(location: RecordLocation) -> bool:
    """Ask whether to open an embedded record that this user did not make on this machine.

    Args:
        location: where the record is, and who asks.

    Returns:
        Whether somebody said so; False where there was nothing to ask, or nobody.
    """
    if location.ask is None or is_ours(location.folder):
        return False
    return location.ask(
        f"{location.folder} was made by another user or on another machine. It may contain programs that run as you "
        "when it is opened. Open it anyway?"
    )


@contextmanager
def open_record(location: RecordLocation) -> Iterator[Record]:
    """Read the record, as it is now.

    Args:
        location: where the record is.

    Yields:
        The record, in a read-only transaction; all questions see one moment.

    Raises:
        NoRecordError, NotLoadedError: there is no embedded server in that folder.
        NoSchemaError: the server has no record.
        SchemaTooOldError, SchemaTooNewError: the record is of another version of this package.
        DebugloopError: it cannot be reached.
    """
    with (
        open_server(location, reading=True) as (conninfo, connection),
        read_transaction(connection, location, conninfo) as record,
    ):
        yield record


@contextmanager
def read_transaction(connection: Connection, location: RecordLocation, conninfo: str) -> Iterator[Record]:
    """Read the record over a connection, in one read-only transaction.

    Args:
        connection: of :func:`connected`, outside of any transaction.
        location: where the record is.
        conninfo: of the server, shown without its secrets.

    Yields:
        The record; all questions see one moment.

    Raises:
        NoSchemaError: the server has no record.
        SchemaTooOldError, SchemaTooNewError: the record is of another version of this package.
        RecordLockedError: somebody has locked it.
    """
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        with connection.transaction():
            enter(connection, location.schema)
            check_schema(connection, location, conninfo)
            yield Record(connection)
    except server_errors.LockNotAvailable as error:
        raise RecordLockedError(seconds=PATIENCE) from error


def enter(connection: Connection, schema: str) -> None:
    """Lead the search path to the record, in the transaction that is open.

    Args:
        connection: to its server, in a transaction.
        schema: of the record.

    Raises:
        psycopg.Error: the database refused.
    """
    Record(connection).fetch(entering(schema, PATIENCE))


def waiting_migrations(connection: Connection, schema: str) -> list[Migration]:
    """Tell what ``debugloop migrate`` would apply.

    Args:
        connection: to its server.
        schema: of the record.

    Raises:
        SchemaTooNewError: the record is of a later version of this package.
        MigrationError: it is something else that has this name.
        psycopg.Error: the server refused.
    """
    try:
        return pending(connection, schema)
    except MigrationError as error:
        if isinstance(error.__cause__, psycopg.Error):
            raise error.__cause__ from None  # nothing was to be migrated: what the server says is all there is to say
        raise


def check_schema(connection: Connection, location: RecordLocation, conninfo: str) -> None:
    """Make sure that the record has the shape that this package knows.

    Args:
        connection: to its server.
        location: where the record is.
        conninfo: of the server, shown without its secrets.

    Raises:
        NoSchemaError: the server has no record.
        SchemaTooOldError, SchemaTooNewError: the record is of another version of this package.
        MigrationError: it is something else that has this name.
        psycopg.Error: the server refused.
    """
    waiting = waiting_migrations(connection, location.schema)
    if waiting:
        known = available()
        if len(waiting) == len(known):
            raise NoSchemaError(schema=location.schema, where=where_of(location, conninfo))
        raise SchemaTooOldError(schema=location.schema, found=waiting[0].version - 1, known=known[-1].version)


def where_of(location: RecordLocation, conninfo: str) -> str:
    """Name the place of a record for people, without secrets.

    Args:
        location: where it is.
        conninfo: of its server.
    """
    return describe(conninfo) if location.dsn else str(location.folder)
