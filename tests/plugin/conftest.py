"""Fixtures for tests that run suites and read what was recorded of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from pytest_debugloop.database.migrate import migrate
from tests.support.projects import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.servers import Server


@pytest.fixture(scope="session")
def record_schema(any_postgres: Server) -> Iterator[str]:
    """A migrated schema that all runs share: workflows of their own keep them apart."""
    with any_postgres.schema() as name:
        with psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
            migrate(connection, name)
        yield name


@pytest.fixture(scope="session")
def make_project(
    any_postgres: Server, record_schema: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Project]:
    """Make a folder for a suite."""

    def make(name: str) -> Project:
        return Project.new(tmp_path_factory.mktemp(name), any_postgres.conninfo, record_schema)

    return make


@pytest.fixture
def project(any_postgres: Server, record_schema: str, tmp_path: Path) -> Project:
    """A folder for one test's suite."""
    return Project.new(tmp_path, any_postgres.conninfo, record_schema)
