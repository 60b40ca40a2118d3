"""Debugloop directories for tests of the embedded server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.origin import keep_mark
from tests.support.embedded import server_pid
from tests.support.places import fast_place
from tests.support.waiting import has_ended, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, so that a server's socket in it needs no other name; no server outlives it."""
    folder = Path(tempfile.mkdtemp(prefix="dl-", dir=fast_place()))
    yield folder
    for pid_file in folder.rglob("postmaster.pid"):
        if pid := server_pid(pid_file.parents[1]):
            os.kill(pid, signal.SIGQUIT)
            os.kill(pid, signal.SIGCONT)
            wait_until(partial(has_ended, pid))
    shutil.rmtree(folder)


@pytest.fixture
def fresh(folder: Path) -> Path:
    """A debugloop directory that is not there yet."""
    return folder / ".debugloop"


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A debugloop directory whose server has run and was stopped."""
    with tempfile.TemporaryDirectory(prefix="dl-", dir=fast_place()) as folder:
        directory = Path(folder, ".debugloop")
        with embedded_server(directory, durable=False):
            pass
        yield directory


@pytest.fixture
def directory(template: Path, fresh: Path) -> Path:
    """A debugloop directory with data, whose server is stopped: saves making the data."""
    subprocess.run(["cp", "-a", str(template), str(fresh)], check=True)
    keep_mark(fresh)
    return fresh
