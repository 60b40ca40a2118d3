"""Gives each process that asks the address of a running PostgreSQL of our own, and stops it after the last of them.

Who uses a server is known by file locks alone, which the system drops however a process ends, so no list can go stale.
`postgres.lock` is held while one decides to start or stop; `postgres.users` is shared by all who use the server. The
last of them may leave it to a keeper for a while (see :mod:`pytest_debugloop.database.lingering`).
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import stat
import tempfile
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.database import lingering
from pytest_debugloop.database.account import open_private
from pytest_debugloop.database.binaries import binaries
from pytest_debugloop.database.data_directory import make_data_directory
from pytest_debugloop.database.interruptions import Interruptions, undisturbed
from pytest_debugloop.database.origin import is_ours, keep_mark
from pytest_debugloop.database.postmaster import SOCKET, Postmaster
from pytest_debugloop.database.processes import (
    has_lost_its_programs,
    server_number,
    stop_server,
    stop_server_elsewhere,
)
from pytest_debugloop.errors import EmbeddedServerError, EmbeddedServerNotStoppedError, ForeignRecordError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["binaries", "embedded_server"]

# What a socket's path may be long, on any system (Linux 107, macOS 103), with a margin.
_LONGEST_SOCKET_PATH = 100
# How long one may wait for another to finish a start or a stop, beyond what the start itself may take.
_PATIENCE = 90.0
# The same, where somebody asks us to end meanwhile.
_IMPATIENCE = 5.0


@contextmanager
def embedded_server(
    directory: Path,
    *,
    postgres_version: int = 18,
    start_timeout: float = 60.0,
    durable: bool = True,
    trusted: bool = False,
    linger: float | None = None,
) -> Iterator[str]:
    """Start or join the server of a directory; whoever leaves it last stops it, or lets it linger.

    Any number of processes and threads may do so at once. A server whose users were killed is joined by the next one.

    Args:
        directory (Path): the debugloop directory; made, for its owner only, where it is not there.
        postgres_version (int): the major version for new data; existing data keep theirs.
        start_timeout (float): how many seconds the server may take until it answers.
        durable (bool): False trades the safety of the data for speed, for data nobody will miss.
        trusted (bool): whether data that this user did not make on this machine are opened; from then on they are ours.
        linger (float | None): for how many seconds after the last use the server stays; 0 for not at all, None for as
            long as others have said.

    Yields:
        str: a libpq connection string, valid inside the with-block.

    Raises:
        EmbeddedServerError: it does not run; the message says why.
        EmbeddedServerMissingError: the PostgreSQL programs are not installed.
        ForeignRecordError: another user or machine has made the data, and they are not trusted.
        DataDirectoryVersionError: there are data of a version whose programs are not installed.
    """
    directory = directory.absolute()
    server_user = os.getpid()
    resources = ExitStack()

    def leave() -> None:
        with undisturbed():
            if os.getpid() == server_user:  # a forked child leaves its parent's server alone
                resources.close()
        atexit.unregister(leave)

    # An interruption may come after the start and before any `with` or `finally` knows of it.
    atexit.register(leave)
    try:
        with undisturbed() as interruptions, _one_sentence(directory):
            _prepare(directory)
            server = Postmaster(directory, _address(directory / "postgres", resources), durable)
            users = open_private(directory / "postgres.users", os.O_RDWR)
            resources.callback(os.close, users)
            with _deciding(directory, start_timeout + _PATIENCE, interruptions.allow):
                if not trusted and not is_ours(directory):
                    raise ForeignRecordError(directory=directory)
                resources.callback(_look_again, server, users, linger)
                try:
                    _join(server, users, postgres_version, start_timeout, interruptions)
                finally:  # data that were just made are ours, whatever came of the start
                    keep_mark(directory)
                resources.callback(_leave, server, users, server_number(server.data), linger)
        yield server.conninfo()
    finally:
        leave()


def stop_embedded_server(directory: Path) -> bool:
    """Stop a server that lingers, and its keeper.

    Args:
        directory (Path): the debugloop directory.

    Returns:
        bool: whether it ran; now it does not.

    Raises:
        EmbeddedServerNotStoppedError: it is in use, is not ours to stop, or does not end.
    """
    directory = directory.absolute()
    with undisturbed() as interruptions:
        try:
            users = os.open(directory / "postgres.users", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise EmbeddedServerNotStoppedError(directory=directory, reason=error.strerror) from error
        try:
            with _deciding(directory, _PATIENCE, interruptions.allow):
                server = server_number(directory / "postgres")[0]
                if server and not _is_alone(users):
                    reason = "a run or a command is using it, after which it stops by itself"
                    raise EmbeddedServerNotStoppedError(directory=directory, reason=reason)
                stop_server(directory / "postgres", lambda: _IMPATIENCE if interruptions else 30.0)
                if server and server_number(directory / "postgres")[0]:
                    raise EmbeddedServerNotStoppedError(directory=directory, reason=f"process {server} does not end")
        except OSError as error:
            raise EmbeddedServerNotStoppedError(directory=directory, reason=error.strerror) from error
        finally:
            os.close(users)
        lingering.dismiss_keeper(directory)
    return bool(server)


def is_in_use(directory: Path) -> bool:
    """Tell whether somebody uses the server of a directory now.

    Args:
        directory (Path): the debugloop directory.
    """
    try:
        users = os.open(directory / "postgres.users", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        with _deciding(directory, _IMPATIENCE, lambda: None):
            return not _is_alone(users)
    except EmbeddedServerError:  # somebody has been starting or stopping it for so long
        return True
    finally:
        os.close(users)


def _prepare(directory: Path) -> None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if directory.stat().st_mode & stat.S_IWOTH:
        raise EmbeddedServerError(directory=directory, reason="every user can write there: choose another directory")


def _address(data: Path, stack: ExitStack) -> str:
    """Name the data directory so that libpq takes it: it allows no long path, and it splits hosts at commas."""
    if _fits(data) and "," not in str(data):
        return str(data)
    for place in (tempfile.gettempdir(), "/tmp"):  # noqa: S108
        if _fits(Path(place, "debugloop-12345678", "data")) and "," not in place:
            folder = Path(tempfile.mkdtemp(prefix="debugloop-", dir=place))  # closed to other users
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            (folder / "data").symlink_to(data)
            return str(folder / "data")
    raise EmbeddedServerError(
        directory=data.parent, reason="no temporary directory has a path short enough for a socket"
    )


def _fits(folder: Path) -> bool:
    try:
        return len(f"{folder}/{SOCKET}".encode()) <= _LONGEST_SOCKET_PATH
    except UnicodeEncodeError:  # a name in no encoding we know; libpq's connection strings are UTF-8
        return False


def _join(
    server: Postmaster, users: int, postgres_version: int, start_timeout: float, interruptions: Interruptions
) -> None:
    """Make sure that it runs; only for one who holds `postgres.lock`."""
    fcntl.flock(users, fcntl.LOCK_SH)
    try:
        if has_lost_its_programs(server_number(server.data)[0]):  # it cannot load what it needs for another client
            _stop_if_unused(server, users, 30.0, interruptions, 0)
            fcntl.flock(users, fcntl.LOCK_SH)
        make_data_directory(server.data, postgres_version, durable=server.durable)
        keep_mark(server.data.parent)  # at once: this process may be killed while the server starts
        server.run(lambda: _is_alone(users), start_timeout, interruptions.allow)
    except BaseException:
        _stop_if_unused(server, users, 3.0, interruptions, 0)
        raise


def _leave(server: Postmaster, users: int, number: tuple[int, str], linger: float | None) -> None:
    with undisturbed() as interruptions:
        begun = time.monotonic()

        def hurry() -> None:
            if interruptions and time.monotonic() - begun > _IMPATIENCE:
                raise TimeoutError

        try:
            with _deciding(server.directory, _PATIENCE, hurry):
                if _is_in_place(server, users):
                    _stop_if_unused(server, users, 30.0, interruptions, linger)
        except (EmbeddedServerError, OSError):
            # Whoever holds that lock for so long, or the next user of this directory, finds the server and stops it.
            fcntl.flock(users, fcntl.LOCK_UN)
        if not _is_in_place(server, users):  # nobody would find the server there
            if _is_alone(users):
                stop_server_elsewhere(number)
            fcntl.flock(users, fcntl.LOCK_UN)


def _look_again(server: Postmaster, users: int, linger: float | None) -> None:
    """Stop the server where the last two users saw each other: one while it gave up waiting for the lock.

    Each looks after it has let go of both locks, so whoever is the last to do so finds nobody. Who holds the lock now
    looks later than that.
    """
    with (
        undisturbed() as interruptions,
        suppress(EmbeddedServerError, OSError),
        _deciding(server.directory, 0, lambda: None),
    ):
        if _is_in_place(server, users):
            _stop_if_unused(server, users, 30.0, interruptions, linger)


def _is_in_place(server: Postmaster, users: int) -> bool:
    """Tell whether the directory is the one that was entered, and not removed, or moved, or another in its place."""
    try:
        return os.path.samestat(os.fstat(users), (server.directory / "postgres.users").stat())
    except OSError:
        return False


def _is_alone(users: int) -> bool:
    """Tell whether nobody else uses the server; only for one who holds `postgres.lock`, as it lets go for a moment."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        fcntl.flock(users, fcntl.LOCK_SH)
    return True


def _stop_if_unused(
    server: Postmaster, users: int, patience: float, interruptions: Interruptions, linger: float | None
) -> None:
    try:
        if _is_alone(users) and not lingering.linger(server.directory, users, linger):
            stop_server(server.data, lambda: min(patience, _IMPATIENCE) if interruptions else patience)
    finally:
        # Said, not left to closing the file: a child forked meanwhile has it open too.
        fcntl.flock(users, fcntl.LOCK_UN)


@contextmanager
def _deciding(directory: Path, patience: float, while_waiting: Callable[[], None]) -> Iterator[None]:
    """Keep every other process and thread from starting or stopping the server meanwhile."""
    lock = open_private(directory / "postgres.lock", os.O_RDWR)
    deadline = time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    reason = f"another process has been starting or stopping it for {patience:g} seconds"
                    raise EmbeddedServerError(directory=directory, reason=reason) from None
                while_waiting()
                time.sleep(0.01)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
    finally:
        os.close(lock)


@contextmanager
def _one_sentence(directory: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an error of ours."""
    try:
        yield
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise EmbeddedServerError(directory=directory, reason=f"{error.strerror or error}{where}") from error
