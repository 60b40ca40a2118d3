"""Lets an embedded server run on when nobody uses it, for a while: the next run or command need not start it.

A keeper ends it (see :mod:`pytest_debugloop.database.keeper`): a process of its own, as whoever used the server ends.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from pytest_debugloop.database.account import open_private
from pytest_debugloop.database.processes import birth, server_number
from pytest_debugloop.environment.interpreter import interpreter
from pytest_debugloop.errors import NoInterpreterError

_KEEPER = "postgres.keeper"
_PACKAGES = Path(__file__).parents[2]
_BOOTSTRAP = (
    "import sys; sys.path.append(sys.argv[1]); from pytest_debugloop.database.keeper import main; main(sys.argv[2:])"
)
_PATIENCE = 5.0


def linger(directory: Path, users: int, seconds: float | None) -> bool:
    """Leave a server running that nobody uses, with a keeper; only for one who holds `postgres.lock`.

    Args:
        directory (Path): the debugloop directory.
        users (int): a descriptor of `postgres.users`.
        seconds (float | None): for how long; 0 for not at all, None for as long as somebody else has said.

    Returns:
        bool: whether it may stay; False where it is to be stopped, also because no keeper can be started.
    """
    pid, born = server_number(directory / "postgres")
    if not pid or (seconds is not None and not seconds):
        return False
    try:
        if seconds is None and not (directory / _KEEPER).exists():
            return False
        lock = open_private(directory / _KEEPER, os.O_RDWR)
        try:
            is_kept = not _locked(lock)
            if not is_kept and seconds is None:
                return False
            _note_use(users, seconds)
            if not is_kept:
                _start_keeper(directory, lock, pid, born)
            return True
        finally:
            os.close(lock)
    except (OSError, subprocess.SubprocessError, NoInterpreterError):
        return False


def keeper_of(directory: Path) -> int:
    """Give the number of the process that keeps a server, 0 where there is none.

    Args:
        directory (Path): the debugloop directory.
    """
    try:
        lock = os.open(directory / _KEEPER, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        if _locked(lock):
            return 0
        number, _, born = os.pread(lock, 100, 0).decode("ascii", "replace").strip().partition(" ")
    finally:
        os.close(lock)
    # A number of another container means another process here.
    return int(number) if number.isdecimal() and born and birth(int(number)) == born else 0


def seconds_to_linger(directory: Path) -> float:
    """Tell for how long the server of a directory lingers after its last use, as far as that was said.

    Args:
        directory (Path): the debugloop directory.
    """
    try:
        return float((directory / "postgres.users").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0.0


def dismiss_keeper(directory: Path) -> None:
    """Have the keeper of a server end, and wait for that; it ends the server before, where nobody uses it.

    Args:
        directory (Path): the debugloop directory.
    """
    keeper = keeper_of(directory)
    if not keeper:
        return
    born = birth(keeper)
    with suppress(ProcessLookupError, PermissionError):
        os.kill(keeper, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    while birth(keeper) == born and time.monotonic() < deadline:
        time.sleep(0.005)


def _note_use(users: int, seconds: float | None) -> None:
    """Say that the server was used until now."""
    if seconds is not None:
        os.ftruncate(users, 0)
        with suppress(OSError):  # a full disk
            os.pwrite(users, f"{seconds:.3f}\n".encode(), 0)
    os.utime(users)


def _start_keeper(directory: Path, lock: int, pid: int, born: str) -> None:
    """Start it with the lock that it is to hold, so that there is no moment without."""
    environ = {"PATH": os.defpath}
    if libraries := os.environ.get("LD_LIBRARY_PATH"):  # of Python's own
        environ["LD_LIBRARY_PATH"] = libraries
    program = [interpreter(), "-I", "-S", "-X", "utf8", "-c", _BOOTSTRAP, str(_PACKAGES)]
    # The shell ends at once, and the system is the keeper's parent.
    subprocess.run(
        ["/bin/sh", "-c", '"$@" &', "sh", *program, str(directory), str(lock), str(pid), born],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(lock,),
        env=environ,
        cwd="/",
        start_new_session=True,
        check=True,
    )


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
