"""Brings a schema to the version that this package knows, and back.

A migration is a pair of files in ``migrations/``: ``005_name.sql`` and ``005_rollback_name.sql``, and a third,
``005_prepare_name.sql``, where databases need it that the first, once released, did not expect. They name no schema
and hold no BEGIN or COMMIT: each runs in one transaction together with its record in ``<schema>.schema_migrations``, so
there is never the one without the other. Of many processes that start at once one migrates and the others wait for it;
the lock ends with its transaction, so this works behind a pooler that lends server connections by transaction.
"""

from __future__ import annotations

import math
import time
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors as server_errors
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from pytest_debugloop.database.migration_files import Migration, available, text_of
from pytest_debugloop.database.sql_files import sql_text
from pytest_debugloop.errors import MigrationChangedError, MigrationError, SchemaTooNewError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.abc import Traversable

# One lock for the database and not one for each schema: schemas may share the host's tables in public.
LOCK = 7234302065886292848
_LOCK = sql.SQL("SELECT pg_advisory_xact_lock({})").format(sql.Literal(LOCK))
# A statement after the lock must see what the last holder committed, whatever isolation the connection defaults to.
_BEGIN = sql.SQL(
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL client_min_messages TO warning; "
    "SET LOCAL lock_timeout TO '60s'"
)
_SEARCH_PATH = sql.SQL("SET LOCAL search_path TO {schema}, public")
# Whoever waits to change the host's table makes all who read it wait behind: better fail, and try at the next run.
_PATIENCE = sql.SQL("SET LOCAL lock_timeout TO '10s'")

# CREATE SCHEMA IF NOT EXISTS would ask for the right to create schemas even where there is nothing to create.
_SCHEMA_MISSING = sql.SQL("SELECT to_regnamespace(quote_ident(%s)) IS NULL")
MARK = "Created by pytest-debugloop."
SCHEMA_COMMENT = f"Test runs as debug records. {MARK}"
_CREATE_SCHEMA = sql.SQL(f"CREATE SCHEMA {{schema}}; COMMENT ON SCHEMA {{schema}} IS '{SCHEMA_COMMENT}'")
# The rollback drops only a schema whose comment says so.
_SCHEMA_OURS = sql.SQL(f"SELECT obj_description(to_regnamespace(quote_ident(%s)), 'pg_namespace') LIKE '%%{MARK}'")
_DROP_SCHEMA = sql.SQL("DROP SCHEMA {schema}")

# As the documented migration 5 recorded itself.
_SEEDS_RECORD = (5, "Add debug loop tables for state tracking and error/success analysis")
_READ_SEEDS = sql.SQL("SELECT version, description FROM {schema}.schema_migrations")
_READ_RECORDS = sql.SQL("SELECT version, checksum FROM {schema}.schema_migrations")
_ADD_RECORD = sql.SQL(
    "INSERT INTO {schema}.schema_migrations (version, description, execution_time_ms, checksum) VALUES (%s, %s, %s, %s)"
)
_REMOVE_RECORD = sql.SQL("DELETE FROM {schema}.schema_migrations WHERE version = %s")
_DROP_RECORDS = sql.SQL("DROP TABLE {schema}.schema_migrations")


def pending(connection: psycopg.Connection[Any], schema: str) -> list[Migration]:
    """Tell what `migrate` would apply, by one query that only reads.

    Args:
        connection (psycopg.Connection): where to look; in autocommit mode the query is one round trip.
        schema (str): the schema to look at; it need not exist.

    Returns:
        list[Migration]: what is not applied yet, lowest version first.

    Raises:
        SchemaTooNewError: the schema has a migration that this package does not know.
        MigrationChangedError: the file of an applied migration is not what it was.
        MigrationError: the schema's ``schema_migrations`` is not ours, or cannot be read.
        psycopg.OperationalError: the connection was lost.
    """
    known = available()
    applied = _applied(connection, schema, known)
    for migration in known:
        if applied.get(migration.version, migration.checksum) != migration.checksum:
            raise MigrationChangedError(version=migration.version, name=migration.name)
    return [migration for migration in known if migration.version not in applied]


def migrate(connection: psycopg.Connection[Any], schema: str) -> list[Migration]:
    """Apply what is pending, each migration in a transaction of its own; where nothing is, only ask as `pending` does.

    Args:
        connection (psycopg.Connection): a connection outside any transaction, in autocommit mode or not.
        schema (str): the schema to bring up to date; made where it is not there.

    Returns:
        list[Migration]: what this call applied, without what another process did meanwhile.

    Raises:
        SchemaTooNewError: the schema has a migration that this package does not know.
        MigrationChangedError: the file of an applied migration is not what it was.
        MigrationError: a migration failed; those before it stay, it and those after it left no trace.
        ValueError: the connection is inside a transaction.
        psycopg.OperationalError: the connection was lost; the migration it was at left no trace, or is whole.
    """
    _refuse_transaction(connection)
    known = available()
    done = []
    for migration in pending(connection, schema):
        with _as_migration_error(connection, migration), connection.transaction():
            _execute(connection, _BEGIN)
            _execute(connection, _LOCK)
            _prepare(connection, schema)
            if migration.version in _applied(connection, schema, known):
                continue  # another process applied it while this one waited for the lock
            milliseconds = _run(connection, schema, migration.paths)
            record = (migration.version, migration.description, milliseconds, migration.checksum)
            _execute(connection, _ADD_RECORD, record, schema=schema)
        done.append(migration)
    return done


def rollback(connection: psycopg.Connection[Any], schema: str, to: int = 0) -> list[Migration]:
    """Undo migrations, newest first, each in a transaction of its own. What their tables hold is lost.

    With the last one ``schema_migrations`` goes, and the schema too when `migrate` made it and nothing else is in it.

    Args:
        connection (psycopg.Connection): a connection outside any transaction, in autocommit mode or not.
        schema (str): the schema to roll back.
        to (int): the version that stays as the newest; 0 undoes everything.

    Returns:
        list[Migration]: what this call undid, in that order.

    Raises:
        SchemaTooNewError: the schema has a migration that this package does not know, and so cannot undo.
        MigrationError: a rollback failed; those before it stay undone, it left no trace.
        ValueError: the connection is inside a transaction.
        psycopg.OperationalError: the connection was lost; the migration it was at left no trace, or is whole.
    """
    _refuse_transaction(connection)
    known = available()
    applied = _applied(connection, schema, known)
    done = []
    for migration in reversed(known):
        if migration.version <= to or migration.version not in applied:
            continue
        with _as_migration_error(connection, migration), connection.transaction():
            _execute(connection, _BEGIN)
            _execute(connection, _LOCK)
            if migration.version not in _applied(connection, schema, known):
                continue  # another process undid it while this one waited for the lock
            _run(connection, schema, [migration.rollback_path])
            _execute(connection, _REMOVE_RECORD, (migration.version,), schema=schema)
            if not _applied(connection, schema, known):
                _clear(connection, schema)
        done.append(migration)
    return done


def _refuse_transaction(connection: psycopg.Connection[Any]) -> None:
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ValueError("migrations require a connection outside a transaction: commit or roll back first")


@contextmanager
def _as_migration_error(connection: psycopg.Connection[Any], migration: Migration) -> Iterator[None]:
    """Turn what the server refuses into an error of ours; a lost connection stays what it is."""
    try:
        yield
    except psycopg.Error as error:
        if connection.closed:
            raise
        parts = (error.diag.message_primary, error.diag.message_detail, error.diag.message_hint)
        reason = ". ".join(part.rstrip(".") for part in parts if part) or str(error)
        raise MigrationError(version=migration.version, name=migration.name, reason=reason) from error


def _execute(
    connection: psycopg.Connection[Any],
    statement: sql.SQL | sql.Composed | bytes,
    values: Sequence[object] | None = None,
    *,
    schema: str = "",
) -> list[tuple[Any, ...]]:
    query = statement.format(schema=sql.Identifier(schema)) if isinstance(statement, sql.SQL) else statement
    with connection.cursor(row_factory=tuple_row) as cursor:
        # Never prepared: a pooler may lend another server connection for the next statement.
        cursor.execute(query, values, prepare=False)
        return cursor.fetchall() if cursor.description else []


def _applied(connection: psycopg.Connection[Any], schema: str, known: Sequence[Migration]) -> dict[int, str]:
    """Read which versions the schema has, with their checksums; none where the schema or its records are missing."""
    alone = connection.autocommit and connection.info.transaction_status == TransactionStatus.IDLE
    try:
        # A query that fails spoils the transaction it is in, so there it gets a savepoint.
        with _as_migration_error(connection, known[0]), nullcontext() if alone else connection.transaction():
            found = dict(_execute(connection, _READ_RECORDS, schema=schema))
    except MigrationError as error:
        if isinstance(error.__cause__, server_errors.UndefinedTable):
            return {}
        if isinstance(error.__cause__, server_errors.UndefinedColumn):
            if _is_seeds(connection, schema):
                return {}
            raise _not_ours(known[0], schema) from error
        raise
    if not all(isinstance(version, int) for version in found):
        raise _not_ours(known[0], schema)
    unknown = found.keys() - {migration.version for migration in known}
    if unknown:
        raise SchemaTooNewError(schema=schema, found=max(unknown), known=known[-1].version)
    return found


def _is_seeds(connection: psycopg.Connection[Any], schema: str) -> bool:
    """Tell whether the documented migration 5, and nothing else, stands in a table of records without checksums."""
    try:
        with connection.transaction():
            return _execute(connection, _READ_SEEDS, schema=schema) == [_SEEDS_RECORD]
    except server_errors.UndefinedColumn:
        return False


def _not_ours(migration: Migration, schema: str) -> MigrationError:
    reason = f"the table schema_migrations in schema {schema} belongs to another application: choose another schema"
    return MigrationError(version=migration.version, name=migration.name, reason=reason)


def _prepare(connection: psycopg.Connection[Any], schema: str) -> None:
    if _execute(connection, _SCHEMA_MISSING, (schema,)) == [(True,)]:
        _execute(connection, _CREATE_SCHEMA, schema=schema)
    _execute(connection, records_statements(schema))


def records_statements(schema: str) -> sql.Composed:
    """Give the statements that make the table of records, or take over the seed's.

    Args:
        schema (str): the schema that it is in.
    """
    name = sql.Identifier(schema)
    values = {
        "schema": name,
        "records_name": sql.Literal(f"{name.as_string(None)}.schema_migrations"),
        "seed": sql.Literal(" ".join(map(str, _SEEDS_RECORD))),
    }
    texts = (sql_text("pytest_debugloop.database", "records", part) for part in ("adopt", "create"))
    return sql.Composed([sql.SQL(text).format(**values) for text in texts])


def _run(connection: psycopg.Connection[Any], schema: str, paths: Sequence[Traversable]) -> int:
    """Run files of SQL in our schema, and tell how many milliseconds it took (by the clock, rounded up)."""
    _execute(connection, _SEARCH_PATH, schema=schema)
    _execute(connection, _PATIENCE)
    started = time.perf_counter()
    for path in paths:
        _execute(connection, text_of(path).encode())
    return math.ceil((time.perf_counter() - started) * 1000)


def _clear(connection: psycopg.Connection[Any], schema: str) -> None:
    """Drop the empty records, and the schema if `migrate` made it and nobody put anything else in it."""
    _execute(connection, _DROP_RECORDS, schema=schema)
    if _execute(connection, _SCHEMA_OURS, (schema,)) == [(True,)]:
        with suppress(server_errors.DependentObjectsStillExist), connection.transaction():
            _execute(connection, _DROP_SCHEMA, schema=schema)
