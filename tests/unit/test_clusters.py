"""A data directory that was copied is what `initdb` would have made."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_debugloop.database import data_directory
from pytest_debugloop.database.binaries import runnable
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.data_directory import make_data_directory
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate, pending
from pytest_debugloop.settings import Settings
from tests.migration.catalog import catalog, rows
from tests.support import clusters, warm
from tests.support.places import fast_place

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is copied there")
# Has a number or a moment in it: identifier of the cluster, checkpoint, statistics.
OF_ITS_OWN = re.compile(r"global/pg_control|pg_stat/pgstat\.stat|pg_wal/[0-9A-F]{24}")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dl-", dir=fast_place()) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def facts(data: Path) -> dict[str, tuple[int, int, int, bytes]]:
    found = {}
    for path in [data, *data.rglob("*")]:
        status, name = path.lstat(), path.relative_to(data).as_posix()
        content = path.read_bytes() if path.is_file() and not OF_ITS_OWN.fullmatch(name) else b""
        found[name] = (status.st_mode, status.st_uid, status.st_size if path.is_file() else 0, content)
    return found


@pytest.fixture
def copies(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies are made from, with nothing made yet."""
    if warm.wants_fresh():
        pytest.skip("nothing is copied")
    monkeypatch.setattr(data_directory, "runnable", runnable)
    (folder / "copies").mkdir()
    clusters.use_copies(folder / "copies", warm.wants_fresh)
    return folder / "copies"


@pytest.mark.parametrize("version", [18, pytest.param(16, marks=pytest.mark.thorough)])
def test_a_copy_is_what_initdb_makes(copies: Path, folder: Path, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("first", "copy"):
        make_data_directory(folder / name, version, durable=False)
    assert list(copies.glob("made*"))
    monkeypatch.setenv("DEBUGLOOP_TEST_PROCESSES", "fresh")
    make_data_directory(folder / "made", version, durable=False)
    first, copy, made = (facts(folder / name) for name in ("first", "copy", "made"))
    assert first == copy
    assert set(copy) == set(made)
    different = {name for name in copy if copy[name] != made[name]}
    assert not different


def test_a_copy_with_a_record_has_what_a_first_run_makes(
    copies: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = str(Settings.schema.default)
    clusters.begin_record(copies)
    found = []
    for name in ("copy", "made"):
        with embedded_server(folder / name, durable=False, linger=0) as conninfo, connect(conninfo) as connection:
            if name == "made":
                migrate(connection, schema)
            assert not pending(connection, schema)
            counted = {table: len(texts) for table, texts in rows(connection).items()}
            found.append((counted, sorted(re.sub(r"\b\d{5}\b", "OID", line) for line in catalog(connection))))
        monkeypatch.setenv("DEBUGLOOP_TEST_PROCESSES", "fresh")
    assert found[0] == found[1]
