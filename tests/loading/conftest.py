"""A migrated schema on each kind of server, and journals of real runs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.pq import TransactionStatus

from tests.support.journals import record_example
from tests.support.records import Record
from tests.support.servers import Server


@pytest.fixture(scope="session")
def recorded_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run's journal: one process."""
    return record_example(tmp_path_factory.mktemp("recorded"))


@pytest.fixture(scope="session")
def recorded_parallel_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run's journals: a controller and two workers."""
    return record_example(tmp_path_factory.mktemp("parallel"), "-p", "xdist", "-n", "2")


@pytest.fixture
def run_folder(recorded_run: Path, tmp_path: Path) -> Path:
    """A copy of the journal of one process, to be loaded and spoilt."""
    return Path(shutil.copytree(recorded_run, tmp_path / recorded_run.name))


@pytest.fixture
def parallel_run_folder(recorded_parallel_run: Path, tmp_path: Path) -> Path:
    """A copy of the journals of several processes, to be loaded and spoilt."""
    return Path(shutil.copytree(recorded_parallel_run, tmp_path / recorded_parallel_run.name))


@pytest.fixture(scope="session")
def loading_schema(postgres: Server) -> Iterator[str]:
    """A migrated schema on each kind of server."""
    with postgres.schema() as schema:
        yield schema


@pytest.fixture(scope="session")
def any_loading_schema(any_postgres: Server) -> Iterator[str]:
    """A migrated schema on one server."""
    with any_postgres.schema() as schema:
        yield schema


@pytest.fixture(scope="session")
def kept_records() -> Iterator[dict[tuple[Server, str], Record]]:
    """Keep connections: what a server's process has looked up by then takes longer than many a test."""
    kept: dict[tuple[Server, str], Record] = {}
    yield kept
    for record in kept.values():
        record.connection.close()


@pytest.fixture
def record(postgres: Server, loading_schema: str, kept_records: dict[tuple[Server, str], Record]) -> Record:
    """An empty record on each kind of server."""
    return _empty(postgres, loading_schema, kept_records)


@pytest.fixture
def any_record(any_postgres: Server, any_loading_schema: str, kept_records: dict[tuple[Server, str], Record]) -> Record:
    """An empty record on one server."""
    return _empty(any_postgres, any_loading_schema, kept_records)


def _empty(server: Server, schema: str, kept: dict[tuple[Server, str], Record]) -> Record:
    record = kept.get((server, schema))
    if record is None or record.connection.info.transaction_status is not TransactionStatus.IDLE:  # broken, or left so
        if record is not None:
            record.connection.close()
        record = kept[server, schema] = Record(server.conninfo, schema)
    else:
        record.renew()
    record.empty()
    return record
