"""Servers for tests: throw-away embedded ones, and containers where a Docker engine answers."""

from __future__ import annotations

import gc
import os
import tempfile
import uuid
import warnings
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from tests.support.places import fast_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    from tests.support.kinds import Kind


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        conninfo: how its superuser connects to a database.
        kind: where it runs, and its version.
    """

    conninfo: str
    kind: Kind

    @property
    def major(self) -> int:
        """Its version."""
        return self.kind.major

    @contextmanager
    def fresh_database(self) -> Iterator[str]:
        """Make an empty database, yield how to connect to it, and drop it afterwards."""
        name = _fresh_name()
        with _connect(self.conninfo) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield make_conninfo(self.conninfo, dbname=name)
        finally:
            with _connect(self.conninfo) as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def record(self) -> Iterator[tuple[str, str]]:
        """Make an empty record in a database of its own; yield how to connect and its schema, and drop it afterwards.

        It is copied from one that is migrated once, which takes a tenth of the time.
        """
        name, template, schema = _fresh_name(), *_migrated(self)
        copy = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
        with _connect(self.conninfo) as connection:
            connection.execute(sql.SQL(copy).format(sql.Identifier(name), sql.Identifier(template)))
        try:
            yield make_conninfo(self.conninfo, dbname=name), schema
        finally:
            with _connect(self.conninfo) as connection:
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextmanager
    def schema(self) -> Iterator[str]:
        """Yield the name of a schema that is not there yet, and drop it afterwards."""
        name = _fresh_name()
        try:
            yield name
        finally:
            self._drop(name)

    def _drop(self, schema: str) -> None:
        statement = sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema))
        with _connect(self.conninfo) as connection:
            for _ in range(20):
                # The loader of a run that did not wait for it may still be at work there.
                with suppress(psycopg.errors.DeadlockDetected):
                    connection.execute(statement)
                    return
        raise AssertionError(f"somebody holds schema {schema}")


class Servers:
    """Starts each kind of server once, when it is first asked for, and stops them all at the end."""

    def __init__(self) -> None:
        self._running: dict[Kind, Server] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Servers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def get(self, kind: Kind) -> Server:
        """Return a server, or skip the test where it cannot be had."""
        if kind not in self._running:
            start = _embedded if kind.place == "embedded" else _container
            self._running[kind] = Server(self._stack.enter_context(start(kind.major)), kind)
        return self._running[kind]


@contextmanager
def _embedded(major: int) -> Iterator[str]:
    with (
        tempfile.TemporaryDirectory(prefix="dl-", dir=fast_place()) as folder,
        embedded_server(Path(folder, ".debugloop"), postgres_version=major, durable=False) as conninfo,
    ):
        yield conninfo


@contextmanager
def _container(major: int) -> Iterator[str]:
    import docker.errors  # type: ignore[import-untyped]
    from testcontainers.community.postgres import PostgresContainer

    image = os.environ.get(f"DEBUGLOOP_TEST_IMAGE_{major}") or f"postgres:{major}-alpine"
    refusal = ""
    with warnings.catch_warnings():
        # Where no engine is, docker-py forgets to close the socket it tried.
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            container = PostgresContainer(
                image, username="postgres", password="postgres", dbname="postgres", driver=None
            )
            container.with_command("-c fsync=off -c full_page_writes=off -c synchronous_commit=off")
            container.start()
        except docker.errors.DockerException as error:
            refusal = f"no container of {image} from Docker: {' '.join(str(error).split())}"
        if refusal:
            gc.collect()
            if os.environ.get("DEBUGLOOP_TEST_CONTAINERS") == "required":
                pytest.fail(refusal)
            pytest.skip(refusal)
    try:
        yield container.get_connection_url()
    finally:
        container.stop()


@cache
def _migrated(server: Server) -> tuple[str, str]:
    """Make a database with an empty record, to which nobody connects; it goes with the server."""
    database, schema = _fresh_name(), _fresh_name()
    with _connect(server.conninfo) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    with _connect(make_conninfo(server.conninfo, dbname=database)) as connection:
        migrate(connection, schema)
    with _connect(server.conninfo) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(database)))
    return database, schema


def _connect(conninfo: str) -> psycopg.Connection[TupleRow]:
    return psycopg.connect(conninfo, autocommit=True)


def _fresh_name() -> str:
    return f"test_{uuid.uuid4().hex[:12]}"
