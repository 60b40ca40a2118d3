"""The lock that a process holds on its journal: it tells others whether more may come.

It is one of ``flock``. The kernel lets go of it when the process ends, however it ends; and it does not, as of a POSIX
lock, when the process closes another descriptor of the same file, because a test has read or copied it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from pytest_debugloop.private import open_file
from pytest_debugloop.system import System

_TRIES = 20
_TRY_SECONDS = 0.001


def lock(fd: int) -> None:
    """Say that this process writes a journal.

    Args:
        fd: a descriptor of it.
    """
    tries = 0
    while not _is_taken(fd) and tries < _TRIES:  # whoever asks holds it for a moment
        System.sleep(_TRY_SECONDS)
        tries += 1


def _is_taken(fd: int) -> bool:
    try:
        System.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: the reader asks whether the process lives
        pass
    return True


def is_being_written(path: Path) -> bool:
    """Tell whether the process that writes a journal holds it.

    Args:
        path: the journal.

    Returns:
        False where nobody does, or the file system has no locks.

    Raises:
        OSError: the journal cannot be opened.
    """
    fd = open_file(path, os.O_RDWR)
    try:
        System.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            System.close(fd)
    return False
