"""The operating system as it was before any test: tests replace functions of `os`, `fcntl` and `time`, and open files.

monkeypatch, freezegun and pyfakefs put others into the modules, and the last of these into every module that has
imported them; into the namespace of a class they do not look.
"""

from __future__ import annotations

import fcntl
import io
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class System:
    """Functions that the test process needs while tests run, and at its end."""

    access = os.access
    chmod = os.chmod
    close = os.close
    duplicate = fcntl.fcntl
    fchmod = os.fchmod
    flock = fcntl.flock
    fstat = os.fstat
    geteuid = os.geteuid
    getpid = os.getpid
    getrlimit = resource.getrlimit
    getrusage = resource.getrusage
    link = os.link
    listdir = os.listdir
    mkdir = os.mkdir
    open = os.open
    open_file = io.open
    perf_counter = time.perf_counter
    pread = os.pread
    rename = os.rename
    replace = os.replace
    rmdir = os.rmdir
    setrlimit = resource.setrlimit
    sleep = time.sleep
    stat = os.stat
    unlink = os.unlink
    write = os.write
    time = time.time


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = System.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


_FILES = 256
_ROOT = _identity("/")
_USER = System.geteuid()


def identity_change() -> str:
    """Say why this process may not find its own files any more, though they are where they were; empty if it may.

    Returns:
        The rest of a sentence that begins with "a test".
    """
    if _identity("/") != _ROOT:
        return "changed the root directory of this process"
    user = System.geteuid()
    return f"changed the user of this process from {_USER} to {user}" if user != _USER else ""


@contextmanager
def open_files_allowed() -> Iterator[None]:
    """Let this process open some files, at its end, where a test has left it a limit that allows none."""
    soft, hard = System.getrlimit(resource.RLIMIT_NOFILE)
    is_low = 0 <= soft < _FILES
    if is_low:
        with suppress(OSError, ValueError):
            System.setrlimit(resource.RLIMIT_NOFILE, (_FILES if hard < 0 else min(_FILES, hard), hard))
    try:
        yield
    finally:
        if is_low:
            with suppress(OSError, ValueError):
                System.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
