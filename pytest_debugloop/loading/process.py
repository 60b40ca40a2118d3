"""The loader's process: it follows the journals of one run while the tests run, then loads what earlier ones left.

Started by the run it serves, in a session of its own, with one connection however many workers the run has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg

from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.journal.left_runs import is_left
from pytest_debugloop.journal.shared_names import NOTHING_OPEN_FILE, SHARED_SESSION_VARIABLE
from pytest_debugloop.loading.end_of_run import Report, end_of_run, unstored_failures
from pytest_debugloop.loading.error_classes import is_server_error
from pytest_debugloop.loading.journals import journals_in
from pytest_debugloop.loading.load_failures import load_failure_of, note_load_failure
from pytest_debugloop.loading.loader import Loader
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.locks import locked
from pytest_debugloop.loading.open_failures import has_open_failures, leave_open_failures
from pytest_debugloop.loading.pace import Pace
from pytest_debugloop.loading.retention import delete_expired
from pytest_debugloop.loading.run import RunLoading
from pytest_debugloop.loading.store import Store
from pytest_debugloop.loading.surveying import Surveyor
from pytest_debugloop.loading.waiting import load_earlier_runs, remove_folder, waiting_runs, write_status
from pytest_debugloop.private import open_file, open_folder

_POLL_SECONDS = 0.005
_PATIENCE_SECONDS = 3.0
_NICENESS = 5
_PR_SET_CHILD_SUBREAPER = 36  # of <linux/prctl.h>
_TRIES_AT_END = 3
_LOCK_SECONDS = 600.0


class _Stopped(SystemExit):
    """Somebody wants this process to end: SIGTERM."""


def main(report: Report | None = None) -> None:
    """Do what the environment orders, and end.

    Args:
        report: makes reports for the CI.
    """
    if os.environ.pop(SHARED_SESSION_VARIABLE, ""):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop)
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)  # the tests come first
    order = LoaderOrder.from_environment()
    try:
        with _own_orphans() if order.is_child else contextlib.nullcontext():
            follow(order, report)
    except Exception:
        traceback.print_exc()
        sys.exit(1)


@contextlib.contextmanager
def _own_orphans() -> Iterator[None]:
    """Be the parent of what outlives its own one, such as the embedded server, and leave no dead one to the run."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, *map(ctypes.c_ulong, (1, 0, 0, 0)))
    try:
        yield
    finally:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _stop(number: int, frame: object) -> None:
    """End in order: what is under way is rolled back, and the server is stopped where nobody else uses it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what is done in its wake is to be done whole
    raise _Stopped(128 + number)


def follow(order: LoaderOrder, report: Report | None = None) -> None:
    """Load a run while it goes on, say what was stored, and load what earlier runs left.

    Args:
        order: names the run and the database.
        report: makes reports for the CI.

    Raises:
        ValueError: the order names no run.
    """
    folder = order.run_folder
    if folder is None:
        raise ValueError("the loader was started without a run")
    with ExitStack() as stack:
        store = Store(order, stack)
        # The loader of another run may look at this one, or be storing it, where it was shorter than a loader's start.
        with locked(folder, patience=_LOCK_SECONDS, is_own=True) as is_mine:
            run = RunLoading(folder, order.fallback)
            if not is_mine or not run.paths:
                return
            try:
                _follow_and_report(run, order, store, report)
            except _Stopped:
                if journals_in(folder):  # else all was stored already
                    write_status(folder, {"problem": "the loader was terminated (SIGTERM)"})
                raise
        load_earlier_runs(order, store)
        delete_expired(order, store)
        if order.linger:
            store.write_all()


def _follow_and_report(run: RunLoading, order: LoaderOrder, store: Store, report: Report | None) -> None:
    surveyor = Surveyor(order)
    totals, problem = _follow_run(run, store, surveyor, order)
    if totals is None and run.is_displaced:
        return  # what the run goes on in is loaded by a loader that it starts at its end, or by the next run's
    if totals is None:
        surveyor.leave_journal(run.folder)
    unstored = unstored_failures(run, order) if totals is None else {}
    left = waiting_runs(order)
    status: dict[str, object] = {
        "waiting": len(left.waiting),
        "set_aside": len(left.set_aside),
        "rejected": store.rejected_total(),
    }
    if run.unread:
        status["unread"] = True  # the folder is to stay
    load_failures = [load_failure_of(run.folder), *left.load_failures] if run.unread else left.load_failures
    if load_failures:
        status["trouble"] = str(load_failures[0])
    status.update({"problem": problem, **unstored} if totals is None else {"stored": totals})
    if totals is not None and not run.was_killed:
        status.update(end_of_run(run, store, totals, order, report))
    if run.is_displaced:  # the run waits for the word there all the same
        with contextlib.suppress(OSError):
            os.close(open_folder(run.folder, make=True))
    if totals is None or run.unread or not run.was_killed:
        write_status(run.folder, status)
        if totals is not None and not run.unread and is_left(run.folder):
            remove_folder(run.folder)
    else:  # nobody is left to read it, and to remove the folder then
        remove_folder(run.folder)


def _follow_run(
    run: RunLoading, store: Store, surveyor: Surveyor, order: LoaderOrder
) -> tuple[dict[str, int] | None, str]:
    """Load until the run has ended; give what it has, or why it could not be stored."""
    is_to_tell = bool(order.dsn)  # what others left failed; in a record of its own the last run has said so
    looked = time.monotonic()
    pace = Pace(lambda: order.is_awaited or run.has_failed() or has_open_failures(order.folder, run.project))
    tries = 0
    while not run.is_displaced:
        # Whose last line is here writes no more, so to look for it can wait until nothing is written.
        ended = not run.is_growing() and run.has_ended()
        due = ended or pace.is_due(run.waiting_bytes())
        # The connection is made at once: the server starts, and the schema is made, while the first tests run.
        loader = store.loader(now=ended)
        if loader is None and ended:
            surveyor.look(run.paths, None)
            return None, store.problem
        if loader is None and time.monotonic() - looked > _PATIENCE_SECONDS:
            surveyor.look(run.paths, None)  # the files may change while nobody can be asked which are known
            looked = time.monotonic()
        if loader is not None and is_to_tell and not ended:
            if leave_open_failures(order.folder, run.project, loader):
                _say_that_nothing_is_open(run)
            is_to_tell = False
        if loader is not None and due:
            pace.begin_batch()
            try:
                surveyor.look(run.paths, loader.known_files)
                if ended:
                    return _completed(run, loader, surveyor, order), ""
                run.load_new(loader)
                run.load_code(loader, surveyor)
                store.reset_pause()
            except psycopg.Error as error:
                if ended and not is_server_error(error):
                    return None, str(note_load_failure(run.folder, error))
                store.connection_lost(error)
                run.start_over()
                surveyor.start_over()
                tries += ended
                if tries == _TRIES_AT_END or (ended and store.loader(now=True) is None):
                    return None, store.problem
                time.sleep(tries)
            except Exception as error:  # of this run alone: a damaged journal, or a fault of ours
                if not isinstance(error, (OSError, DebugloopError)):
                    traceback.print_exc()
                return None, str(note_load_failure(run.folder, error))
            pace.end_batch()
        time.sleep(_POLL_SECONDS)
    return None, "the directory of the run was removed"


def _say_that_nothing_is_open(run: RunLoading) -> None:
    """Tell the run that it need not wait for what its passing tests may have recovered."""
    with contextlib.suppress(OSError):
        os.close(open_file(run.folder / NOTHING_OPEN_FILE, os.O_WRONLY | os.O_CREAT))


def _completed(run: RunLoading, loader: Loader, surveyor: Surveyor, order: LoaderOrder) -> dict[str, int]:
    totals = run.complete(loader, surveyor)
    leave_open_failures(order.folder, run.project, loader)
    for reason in run.unread.values():
        note_load_failure(run.folder, reason)
    return totals or dict.fromkeys(("step", "failure", "recovery"), 0)
