"""Who may load a run: the one loader that holds the lock in the run's folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pytest_debugloop.journal.shared_names import LOADER_LOCK, STARTED_LOADER_BIT
from pytest_debugloop.private import open_file

_POLL_SECONDS = 0.02


@contextlib.contextmanager
def locked(folder: Path, *, patience: float = 0.0, is_own: bool = False) -> Iterator[bool]:
    """Hold the right to load a run; give False where another process has it, or has stored the run already.

    Args:
        folder: of the run.
        patience: seconds to wait until the other process lets go of it.
        is_own: whether this is the loader that the run has started.

    Raises:
        OSError: there can be no lock in the folder.
    """
    try:
        fd = open_file(folder / LOADER_LOCK, os.O_RDWR | os.O_CREAT)
    except FileNotFoundError:
        yield False
        return
    try:
        is_mine = _take(fd, time.monotonic() + patience)
        if is_mine and is_own:
            with contextlib.suppress(
                OSError
            ):  # of a file system without modes: the run then waits longer for one that died
                os.fchmod(fd, 0o600 | STARTED_LOADER_BIT)  # which needs no room on a full disk
        yield is_mine
    finally:
        os.close(fd)


def _take(fd: int, deadline: float) -> bool:
    while not _is_taken(fd):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _is_taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def is_locked(folder: Path) -> bool:
    """Tell whether a loader is at work on a run, without making its lock.

    Args:
        folder: of the run.
    """
    try:
        fd = open_file(folder / LOADER_LOCK, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
