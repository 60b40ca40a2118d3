"""Opens the record: reading in one read-only transaction, so that nothing changes and all answers are of one moment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from pytest_debugloop.cli.place import Place
from pytest_debugloop.database.connect import connect, describe
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import available, pending
from pytest_debugloop.errors import NoRecordError, NoSchemaError, SchemaTooOldError

Connection = psycopg.Connection[Any]

_SEARCH_PATH = sql.SQL("SET LOCAL search_path TO {}, public")


@contextmanager
def open_server(place: Place) -> Iterator[tuple[str, Connection]]:
    """Connect to the server of the record, in autocommit mode; the embedded one is started, and stopped after.

    Args:
        place: where the record is.

    Yields:
        Its connection string, and a connection.

    Raises:
        NoRecordError: there is no embedded server in that folder.
        DebugloopError: it cannot be reached.
    """
    if place.dsn:
        with connect(place.dsn) as connection:
            yield place.dsn, connection
        return
    if not (place.folder / "postgres").is_dir():
        raise NoRecordError(folder=place.folder)
    server = embedded_server(place.folder, postgres_version=place.postgres_version)
    with server as conninfo, connect(conninfo) as connection:
        yield conninfo, connection


@contextmanager
def open_record(place: Place) -> Iterator[Connection]:
    """Read the record, as it is now.

    Args:
        place: where the record is.

    Yields:
        A connection in a read-only transaction whose search path leads to the record; all questions see one moment.

    Raises:
        NoRecordError: there is no embedded server in that folder.
        NoSchemaError: the server has no record.
        SchemaTooOldError, SchemaTooNewError: the record is of another version of this package.
        DebugloopError: it cannot be reached.
    """
    with open_server(place) as (conninfo, connection):
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            check_schema(connection, place, conninfo)
            connection.execute(_SEARCH_PATH.format(sql.Identifier(place.schema)))
            yield connection


@contextmanager
def open_record_to_change(place: Place) -> Iterator[Connection]:
    """Change the record: a connection in a transaction, committed where nothing is raised.

    Args:
        place: where the record is.

    Yields:
        A connection as of :func:`open_record`, which may write.

    Raises:
        DebugloopError: as :func:`open_record`.
    """
    with open_server(place) as (conninfo, connection), connection.transaction():
        check_schema(connection, place, conninfo)
        connection.execute(_SEARCH_PATH.format(sql.Identifier(place.schema)))
        yield connection


def check_schema(connection: Connection, place: Place, conninfo: str) -> None:
    """Make sure that the record has the shape that this package knows.

    Args:
        connection: to its server.
        place: where the record is.
        conninfo: of the server, to be told without its secrets.

    Raises:
        NoSchemaError: the server has no record.
        SchemaTooOldError, SchemaTooNewError: the record is of another version of this package.
        MigrationError: it is something else that has this name.
    """
    waiting = pending(connection, place.schema)
    if waiting:
        known = available()
        if len(waiting) == len(known):
            where = describe(conninfo) if place.dsn else str(place.folder)
            raise NoSchemaError(schema=place.schema, where=where)
        raise SchemaTooOldError(schema=place.schema, found=waiting[0].version - 1, known=known[-1].version)
