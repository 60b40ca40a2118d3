"""Start the loader so that nothing in the test process can tell: no thread, no child, no descriptor, no output."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.environment.ci import seconds_to_stay
from pytest_debugloop.environment.interpreter import import_paths, inherited_environment, interpreter
from pytest_debugloop.journal.shared_names import LOADER_LOG, LOADER_VARIABLE, SHARED_SESSION_VARIABLE
from pytest_debugloop.private import JOURNALS, NotPrivateError, open_file, remove
from pytest_debugloop.summary.terminal import SUMMARY_FAILURES_LIMIT

if TYPE_CHECKING:
    from pytest_debugloop.capture.redact import Redactor
    from pytest_debugloop.settings import Settings

_LOG_LIMIT = 1024 * 1024
_POLL_SECONDS = 0.005

# Bound before any test, which may put something else there.
_sleep, _clock = time.sleep, time.perf_counter
_spawn = os.posix_spawn
_waitpid, _killpg = os.waitpid, os.killpg
_to_json = json.dumps
_SIGTERM = signal.SIGTERM

# Nothing of the tests' folder comes before the standard library and the environment's packages.
_BOOTSTRAP = "import sys; sys.path += sys.argv[1:]; from pytest_debugloop.loader_main import main; main()"
# The shell ends at once and the loader goes to init: a test that waits for its children never meets it.
_DETACH = '"$@" &'


def loader_order(
    rootdir: Path,
    settings: Settings,
    folder: Path,
    run_folder: Path,
    fallback: Path,
    redactor: Redactor,
    *,
    is_reported: bool = False,
) -> dict[str, object]:
    """Write what the loader of a run is to do.

    Args:
        rootdir: pytest's rootdir.
        settings: of the run.
        folder: of the record.
        run_folder: of the run's journals.
        fallback: where journals go that cannot stay there.
        redactor: of the run.
        is_reported: whether the run reports to a CI, and wants the report from the loader.

    Returns:
        Basic types, named as the attributes of :class:`pytest_debugloop.loading.loader_order.LoaderOrder`.
    """
    return {
        "rootdir": str(rootdir),
        "redactor": redactor.to_plain(),
        "folder": str(folder),
        "run_folder": str(run_folder),
        "dsn": settings.dsn,
        "retention": settings.retention,
        "schema": settings.schema,
        "postgres_version": settings.postgres_version,
        "wait": settings.wait,
        "linger": seconds_to_stay(settings.linger, os.environ),
        "failures_limit": SUMMARY_FAILURES_LIMIT,
        "is_reported": is_reported,
        "fallback": str(fallback / JOURNALS),
    }


class LoaderStart:
    """The loader's start, settled before the first test: these may change what is asked for here.

    Where this process would become the loader's parent, the loader is its child, and is started after the last test: in
    the first process of a container, and in one that is a "child subreaper", which shows when the loader is started. To
    ask the system takes ctypes, and with that imported, Python takes longer to free what a large suite leaves.

    Args:
        folder: of the record; the loader's log goes there.
        order: see :func:`loader_order`; it travels in the environment, which only the same user can read.

    Attributes:
        is_deferred: whether the loader has to be started after the last test, and ends with this process.

    Raises:
        NoInterpreterError: there is no Python to run it.
    """

    def __init__(self, folder: Path, order: dict[str, object]) -> None:
        self.is_deferred = is_first_process()
        self._log = folder / LOADER_LOG
        self._order = order
        self._environ = inherited_environment()
        self._command = [interpreter(), "-I", "-X", "utf8", "-c", _BOOTSTRAP, *import_paths()]
        self._child = 0
        self._begun = 0.0

    def start(self, *, comes_early: bool = False) -> None:
        """Start the loader.

        Args:
            comes_early: whether tests are still to come: a loader that is deferred is not started then.

        Raises:
            OSError: it could not be started.
        """
        if not self.is_deferred:
            shell = self._spawn(["/bin/sh", "-c", _DETACH, "sh", *self._command], self._order)
            with contextlib.suppress(ChildProcessError):  # SIGCHLD is ignored: there is nothing to wait for
                _waitpid(shell, 0)
            self.is_deferred = _is_parent_of_group(shell)
        if self.is_deferred and not comes_early:
            self._begun = _clock()
            # What ends with this process leaves no server: it would become our child.
            self._child = self._spawn(self._command, self._order | {"is_child": True, "linger": 0})

    def wait_for_child(self, seconds: float) -> None:
        """Wait until the loader has ended, where it is a child of this process.

        Args:
            seconds: how long at most, from its start.
        """
        with contextlib.suppress(ChildProcessError):
            while self._child and not _waitpid(self._child, os.WNOHANG)[0] and _clock() - self._begun < seconds:
                _sleep(_POLL_SECONDS)

    def _spawn(self, command: list[str], order: dict[str, object]) -> int:
        environ = self._environ | {LOADER_VARIABLE: _to_json(order)}
        opened = _opened_log(self._log)
        try:
            # Where one of the standard streams is closed, what is opened gets its number.
            output = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, 3)
        finally:
            os.close(opened)
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output, 1),
            (os.POSIX_SPAWN_DUP2, output, 2),
            *((os.POSIX_SPAWN_CLOSE, number) for number in _inheritable()),
        ]
        try:
            return _spawn(command[0], command, environ, file_actions=actions, setsid=True)
        except NotImplementedError:  # an old libc; the loader leaves the session by itself, a moment later
            return _spawn(command[0], command, environ | {SHARED_SESSION_VARIABLE: "1"}, file_actions=actions)
        finally:
            os.close(output)


def is_first_process() -> bool:
    """Tell whether this is the first process of a container: what its descendants leave behind becomes its child."""
    return os.getpid() == 1


def _is_parent_of_group(group: int) -> bool:
    """Tell whether processes of a group have become children of this one; they are ended, and waited for.

    Args:
        group: that has lost its first process.
    """
    with contextlib.suppress(ChildProcessError):
        if not _waitpid(-group, os.WNOHANG)[0]:
            _killpg(group, _SIGTERM)
            with contextlib.suppress(ChildProcessError):
                while True:
                    _waitpid(-group, 0)
        return True
    return False


def _inheritable() -> list[int]:
    """List the descriptors that a program started by this process gets: one of a pipe would keep its reader waiting."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return [number for number in map(int, os.listdir(folder)) if number > 2 and _is_inheritable(number)]  # noqa: PTH208
    return []


def _is_inheritable(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:  # the one that the folder was read by
        return False


def _opened_log(log: Path) -> int:
    with contextlib.suppress(OSError):
        if log.lstat().st_size > _LOG_LIMIT:
            log.unlink()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        return open_file(log, flags)
    except NotPrivateError:  # a link, say, that came with a checkout
        remove(log)
        return open_file(log, flags)
