"""Start the loader so that nothing in the test process can tell: no thread, no child, no descriptor, no output."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.handover import LOADER_LOG, LOADER_VARIABLE
from pytest_debugloop.private import JOURNALS, NotPrivateError, open_file, remove
from pytest_debugloop.recording.folders import spare_folder

if TYPE_CHECKING:
    from pytest_debugloop.capture.redact import Redactor
    from pytest_debugloop.settings import Settings

_LOG_LIMIT = 1024 * 1024

# Nothing of the tests' folder comes before the standard library and the environment's packages.
_BOOTSTRAP = "import sys; sys.path += sys.argv[1:]; from pytest_debugloop.loading.__main__ import main; main()"
# The shell ends at once and the loader goes to init: a test that waits for its children never meets it.
_DETACH = '"$@" &'
# The loader must not count as one of the processes that coverage or another plugin measures.
_NOT_INHERITED = ("COV_", "COVERAGE_", "PYTEST_", "PYTHON")


def order_for(
    rootdir: Path, settings: Settings, folder: Path, run_folder: Path, redactor: Redactor, told: int
) -> dict[str, object]:
    """Write what the loader of a run is to do.

    Args:
        rootdir: pytest's rootdir.
        settings: of the run.
        folder: of the record.
        run_folder: of the run's journals.
        redactor: of the run.
        told: of how many failed tests the run tells what the record knows.

    Returns:
        Basic types, named as the attributes of :class:`pytest_debugloop.loading.order.Order`.
    """
    return {
        "rootdir": str(rootdir),
        "redactor": redactor.to_plain(),
        "folder": str(folder),
        "run_folder": str(run_folder),
        "dsn": settings.dsn,
        "schema": settings.schema,
        "postgres_version": settings.postgres_version,
        "wait": settings.wait,
        "told": told,
        "spare": str(spare_folder() / JOURNALS),
    }


def start_loader(folder: Path, order: dict[str, object]) -> None:
    """Start the process that moves journals into PostgreSQL.

    Args:
        folder: of the record; the loader's log goes there.
        order: see :func:`order_for`; it travels in the environment, which only the same user can read.

    Raises:
        OSError: it could not be started.
    """
    environ = {key: value for key, value in os.environ.items() if not key.startswith(_NOT_INHERITED)}
    environ[LOADER_VARIABLE] = json.dumps(order)
    command = [sys.executable, "-I", "-X", "utf8", "-c", _BOOTSTRAP, *(p for p in sys.path if Path(p).is_absolute())]
    output = _opened_log(folder / LOADER_LOG)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
    ]
    arguments = ["sh", "-c", _DETACH, "sh", *command]
    try:
        pid = os.posix_spawn("/bin/sh", arguments, environ, file_actions=actions, setsid=True)
    except NotImplementedError:  # an old libc; the loader leaves the session by itself, a moment later
        pid = os.posix_spawn("/bin/sh", arguments, environ, file_actions=actions)
    finally:
        os.close(output)
    with contextlib.suppress(ChildProcessError):  # SIGCHLD is ignored: there is nothing to wait for
        os.waitpid(pid, 0)


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
