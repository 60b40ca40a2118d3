"""A data directory that was copied is what `initdb` would have made."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_debugloop.database.data_directory import make_data_directory
from tests.support import warm
from tests.support.servers import fast_place

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


@pytest.mark.parametrize("version", [18, pytest.param(16, marks=pytest.mark.thorough)])
def test_a_copy_is_what_initdb_makes(folder: Path, version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if warm.wants_fresh():
        pytest.skip("nothing is copied")
    for name in ("first", "copy"):
        make_data_directory(folder / name, version, durable=False)
    monkeypatch.setenv("DEBUGLOOP_TEST_PROCESSES", "fresh")
    make_data_directory(folder / "made", version, durable=False)
    first, copy, made = (facts(folder / name) for name in ("first", "copy", "made"))
    assert first == copy
    assert set(copy) == set(made)
    different = {name for name in copy if copy[name] != made[name]}
    assert not different
