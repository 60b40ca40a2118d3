"""Fixtures for tests of the migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from pytest_debugloop.database.migrate import migrate
from tests.migration.simulated import History

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

Connection = psycopg.Connection[tuple[Any, ...]]

_EMPTY = b"""
DO $$
DECLARE
    item TEXT;
BEGIN
    FOR item IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', item);
    END LOOP;
    CREATE SCHEMA public;
    GRANT USAGE ON SCHEMA public TO public;
END
$$
"""


@pytest.fixture(scope="session")
def own_database(postgres: Server) -> Iterator[str]:
    """A database for all the tests here that need one of their own."""
    with postgres.fresh_database() as conninfo:
        yield conninfo


@pytest.fixture
def database(own_database: str) -> str:
    """How to connect to an empty database: emptying one takes a fifth of what making one takes."""
    with psycopg.connect(own_database, options="-c client_min_messages=warning") as connection:
        connection.execute(_EMPTY)
    return own_database


@pytest.fixture
def empty(database: str) -> Iterator[Connection]:
    """A connection, in autocommit mode, to an empty database."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def shared_schema(postgres: Server) -> Iterator[str]:
    """A schema with all migrations, for tests that leave nothing behind."""
    with postgres.schema() as name:
        with psycopg.connect(postgres.conninfo, autocommit=True) as connection:
            migrate(connection, name)
        yield name


@pytest.fixture
def migrated(postgres: Server, shared_schema: str) -> Iterator[Connection]:
    """A connection in a transaction that is rolled back, with the tables of a migrated schema in its search path."""
    with psycopg.connect(postgres.conninfo) as connection:
        connection.execute(sql.SQL("SET LOCAL search_path TO {}, public").format(sql.Identifier(shared_schema)))
        yield connection
        connection.rollback()


@pytest.fixture
def history(migrated: Connection) -> History:
    """A record to write a history into."""
    return History(migrated)
