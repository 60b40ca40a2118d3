"""Fixtures for tests that need a server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import Kind, Server, Servers

# One major version where tox asks for it, all otherwise.
VERSIONS = [int(v) for v in os.environ.get("DEBUGLOOP_TEST_POSTGRES", "16 18").split()]
KINDS: list[tuple[Kind, int]] = [
    *[("embedded", version) for version in VERSIONS],
    *[("container", version) for version in VERSIONS],
]


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Every server that a test of this session asked for."""
    from tests.servers import Servers  # imports the driver, which most tests do without

    with Servers() as running:
        yield running


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}")
def postgres(request: pytest.FixtureRequest, servers: Servers) -> Server:
    """Each kind of server in turn; a kind that cannot be had here is skipped."""
    return servers.get(*request.param)


@pytest.fixture(scope="session")
def any_postgres(servers: Servers) -> Server:
    """One server, for tests to which all are alike."""
    return servers.get("embedded", VERSIONS[-1])


@pytest.fixture
def schema(postgres: Server) -> Iterator[str]:
    """The name of a schema of this test's own on `postgres`."""
    with postgres.schema() as name:
        yield name


@pytest.fixture
def fresh_database(postgres: Server) -> Iterator[str]:
    """How to connect to an empty database of this test's own on `postgres`."""
    with postgres.fresh_database() as conninfo:
        yield conninfo
