"""The keeper of an embedded server that nobody uses: a small process that ends it when its time has come.

It holds the lock `postgres.keeper`, so that there is one for each server, but is no user of it. What it decides, it
decides as users do: with `postgres.lock`. When the server was last used, and for how long it may linger after that, is
said by the time and the text of `postgres.users`, which whoever leaves the server writes.

This process may stay for long beside others: it imports little, and holds no folder and no stream of who started it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from pytest_debugloop.database.processes import birth, server_number, stop_server, stop_server_elsewhere

# How often to look: whoever deletes a folder has its server gone so soon.
_LOOK_SECONDS = 1.0
_PATIENCE = 30.0
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
# It goes on while the machine is suspended, as the other on Linux does not: what has waited for a night is not used.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Keeper:
    """Watches the server of one debugloop directory.

    Args:
        directory (Path): the debugloop directory.
        lock (int): a descriptor of `postgres.keeper`, which holds its lock.
        server (tuple): number and birth of the server's process.

    Attributes:
        seconds: for how long the server is to stay after its last use.

    Raises:
        OSError: the directory is gone, or its files are.
    """

    def __init__(self, directory: Path, lock: int, server: tuple[int, str]) -> None:
        self._data = directory / "postgres"
        self._users_file = directory / "postgres.users"
        self._lock = lock
        self._server = server
        # Opened once: a directory that is moved takes its locks along.
        self._deciding = os.open(directory / "postgres.lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._users = os.open(self._users_file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._used_at = 0
        self._idle_since = 0.0
        self.seconds = 0.0

    def has_ended(self, *, is_dismissed: bool) -> bool:
        """Look once, and end the server where it is time; tell whether there is nothing more to watch.

        Args:
            is_dismissed: whether somebody wants this process to end, and not to wait until it is time.
        """
        if not self._is_in_place():
            if is_alone := _locked(self._users):
                # One that ends in order writes files, in a directory that somebody is removing.
                is_removed = not os.fstat(self._users).st_nlink
                stop_server_elsewhere(self._server, at_once=is_removed)
            return is_alone or is_dismissed
        self._look_for_use()
        is_time = is_dismissed or time.clock_gettime(_CLOCK) - self._idle_since >= self.seconds
        if not is_time and birth(self._server[0]) == self._server[1]:
            return False
        if not _locked(self._deciding):
            return False  # somebody is about to use it, or leaves
        try:
            return self._decide(is_time=is_time, is_dismissed=is_dismissed)
        finally:
            fcntl.flock(self._deciding, fcntl.LOCK_UN)

    def _decide(self, *, is_time: bool, is_dismissed: bool) -> bool:
        self._server = server_number(self._data)
        is_over = not self._server[0]
        if not is_over and is_time:
            is_over = is_dismissed
            if _locked(self._users):
                try:
                    stop_server(self._data, lambda: _PATIENCE)
                finally:
                    fcntl.flock(self._users, fcntl.LOCK_UN)
                is_over = True
            else:
                self._idle_since = time.clock_gettime(_CLOCK)
        if is_over:
            # Before others may decide: who leaves the server next is to see that it has no keeper.
            fcntl.flock(self._lock, fcntl.LOCK_UN)
        return is_over

    def _is_in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._users), self._users_file.stat())
        except OSError:
            return False

    def _look_for_use(self) -> None:
        changed = os.fstat(self._users).st_mtime_ns
        if changed == self._used_at:
            return
        self._used_at = changed
        self._idle_since = time.clock_gettime(_CLOCK)
        with suppress(OSError, ValueError):  # a full disk leaves the file empty
            self.seconds = float(os.pread(self._users, 32, 0))


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> None:
    """Keep a server until it is not to linger any more, or until it is gone.

    Args:
        arguments (list[str]): the directory, the descriptor of the lock, and number and birth of the server.
    """
    directory, lock, pid, born = Path(arguments[0]), int(arguments[1]), int(arguments[2]), arguments[3]
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    with suppress(OSError):  # on a full disk nobody learns its number, but it ends in time all the same
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()} {birth(os.getpid())}\n".encode(), 0)
    try:
        keeper = Keeper(directory, lock, (pid, born))
    except OSError:  # removed since
        stop_server_elsewhere((pid, born), at_once=True)
        return
    is_dismissed = False
    while not keeper.has_ended(is_dismissed=is_dismissed):
        is_dismissed = _wait(min(_LOOK_SECONDS, max(keeper.seconds / 4, 0.02))) or is_dismissed


def _wait(seconds: float) -> bool:
    """Wait for a moment; tell whether this process was asked to end."""
    if hasattr(signal, "sigtimedwait"):
        return signal.sigtimedwait(_SIGNALS, seconds) is not None
    time.sleep(seconds)
    return bool(signal.sigpending() & _SIGNALS)


if __name__ == "__main__":
    main(sys.argv[1:])
