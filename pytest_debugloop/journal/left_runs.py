"""Runs whose process has ended before they were stored: a mark in the run's folder, for the loader and for commands.

With it the loader removes the folder itself, and a command that comes at once can wait for what is about to be stored.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from pytest_debugloop.journal.shared_names import (
    JOURNAL_SUFFIX,
    LEFT_FILE,
    LOADER_LOCK,
    STARTED_LOADER_BIT,
    STATUS_FILE,
)
from pytest_debugloop.private import list_folder, open_file
from pytest_debugloop.system import System

_START_SECONDS = 10.0


def leave_run(run_folder: Path) -> bool:
    """Note that the run's process does not wait for the loader any more.

    Args:
        run_folder: of the run.

    Returns:
        Whether the loader has said meanwhile what it stored; then the folder is the process's to remove.
    """
    with suppress(OSError):
        System.close(open_file(run_folder / LEFT_FILE, os.O_WRONLY | os.O_CREAT))
    return (run_folder / STATUS_FILE).exists()


def is_left(run_folder: Path) -> bool:
    """Tell whether the run's process does not wait any more.

    Args:
        run_folder: of the run.
    """
    return (run_folder / LEFT_FILE).exists()


def is_about_to_be_stored(run_folder: Path) -> bool:
    """Tell whether the loader of a run is at work on it, or is about to be.

    Args:
        run_folder: of a run whose process has ended.
    """
    try:
        lock = open_file(run_folder / LOADER_LOCK, os.O_RDONLY)
    except OSError:
        return _is_fresh(run_folder)
    try:
        System.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        has_begun = System.fstat(lock).st_mode & STARTED_LOADER_BIT
    except OSError:
        return True  # somebody holds it
    finally:
        System.close(lock)
    return not has_begun and _is_fresh(run_folder)


def _is_fresh(run_folder: Path) -> bool:
    """Tell whether the run was left so lately that its loader may still have to start."""
    try:
        return abs(System.time() - System.stat(run_folder / LEFT_FILE).st_mtime) < _START_SECONDS
    except OSError:
        return False


def has_journals(run_folder: Path) -> bool:
    """Tell whether anything of a run is not stored.

    Args:
        run_folder: of the run.
    """
    with suppress(OSError):
        return any(name.endswith(JOURNAL_SUFFIX) for name in list_folder(run_folder))
    return False


def runs_about_to_be_stored(journals: Path) -> list[Path]:
    """List the runs that were left, and that a loader is to store any moment.

    Args:
        journals: the folder of all runs.
    """
    with suppress(OSError):
        folders = [journals / name for name in list_folder(journals)]
        return [one for one in folders if is_left(one) and has_journals(one) and is_about_to_be_stored(one)]
    return []
