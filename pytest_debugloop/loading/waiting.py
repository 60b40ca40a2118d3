"""What runs have left behind: loaded run by run, so that none keeps another one out."""

from __future__ import annotations

import contextlib
import errno
import json
import time
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psycopg

from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.journal.left_runs import is_left
from pytest_debugloop.journal.shared_names import (
    LEFT_FILE,
    LOAD_FAILURE_FILE,
    LOADER_LOCK,
    NOTHING_OPEN_FILE,
    OPEN_FAILURES_FILE,
    STATUS_FILE,
)
from pytest_debugloop.loading.end_of_run import end_of_run
from pytest_debugloop.loading.error_classes import is_server_error
from pytest_debugloop.loading.journals import JournalFile, journals_in, left_alone, run_folders
from pytest_debugloop.loading.late_survey import survey_late
from pytest_debugloop.loading.load_failures import LoadFailure, load_failure_of, note_load_failure
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.locks import is_locked, locked
from pytest_debugloop.loading.open_failures import leave_open_failures
from pytest_debugloop.loading.run import RunLoading
from pytest_debugloop.loading.store import Store
from pytest_debugloop.private import JOURNALS, NotPrivateError, list_folder, remove, write_atomically

_MAX_IN_A_ROW = 2
_STALE_SECONDS = 3600.0
_OURS = frozenset(
    {
        *(STATUS_FILE, f"{STATUS_FILE}.new", LOADER_LOCK, LOAD_FAILURE_FILE, f"{LOAD_FAILURE_FILE}.new"),
        *(LEFT_FILE, NOTHING_OPEN_FILE),
    }
)


class Waiting(NamedTuple):
    """The runs whose journals are there.

    Attributes:
        waiting: those that are over, and wait to be stored.
        going_on: those that are not over, or that another process is storing.
        load_failures: of those that could not be stored, set aside or not.
    """

    waiting: list[Path]
    going_on: list[Path]
    load_failures: list[LoadFailure]

    @property
    def set_aside(self) -> list[LoadFailure]:
        """Of those that are not tried any more."""
        return [failure for failure in self.load_failures if failure.is_set_aside]

    def attempts(self, *, again: bool = False) -> dict[Path, int]:
        """Count how often each run was tried in vain, the fewest first.

        Args:
            again: whether to include those that were set aside.
        """
        tries = dict.fromkeys((*self.waiting, *self.going_on), 0)
        tries |= {one.folder: one.tries for one in self.load_failures if again or not one.is_set_aside}
        return dict(sorted(tries.items(), key=lambda item: item[1]))


class Loaded(NamedTuple):
    """What became of the runs that were left behind.

    Attributes:
        stored: how many are stored now.
        refused_lines: how many of their lines were refused.
        problem: what is wrong, in one sentence.
        left: the runs that are still there.
    """

    stored: int
    refused_lines: int
    problem: str
    left: Waiting


def waiting_runs(order: LoaderOrder) -> Waiting:
    """Look which runs' journals are there, without a database.

    Args:
        order: names the folders; the run that it names is left out.
    """
    found = Waiting([], [], [])
    for folder in _earlier_runs(order):
        failure = load_failure_of(folder)
        if failure is not None:
            found.load_failures.append(failure)
        if failure is None or not failure.is_set_aside:
            goes_on = is_locked(folder) or not RunLoading(folder, order.fallback).has_ended()
            (found.going_on if goes_on else found.waiting).append(folder)
    return found


def load_waiting(order: LoaderOrder, *, again: bool = False, found: Waiting | None = None) -> Loaded:
    """Load the journals that runs have left behind.

    Args:
        order: names the folder and the database.
        again: whether to try those, too, that were set aside.
        found: the runs, where they have been looked for; None to look now.
    """
    with ExitStack() as stack:
        store = Store(order, stack)
        if store.loader(now=True) is None:
            return Loaded(0, 0, store.problem, found or waiting_runs(order))
        stored, problem = load_earlier_runs(order, store, again=again, found=found)
        refused = ignored_paths(order)
        if refused and not problem:
            more = f", and {len(refused) - 1:,} more" if len(refused) > 1 else ""
            problem = f"{refused[0]}{more}: find out who made it, then remove it or make it private (chmod -R go=)."
        return Loaded(stored, store.rejected_total(), problem, waiting_runs(order))


def runs_being_stored(order: LoaderOrder, folders: Sequence[Path]) -> list[Path]:
    """Give those of some runs that are over, and that another process stores.

    Args:
        order: names the folder that they may have fallen back to.
        folders: of runs that go on.
    """
    return [one for one in folders if one.is_dir() and is_locked(one) and RunLoading(one, order.fallback).has_ended()]


def load_earlier_runs(
    order: LoaderOrder, store: Store, *, again: bool = False, found: Waiting | None = None
) -> tuple[int, str]:
    """Load what runs have left, each on its own, those that made trouble before after the others.

    Args:
        order: names the folders; the run that it names is left out.
        store: the database.
        again: whether to try those, too, that were set aside.
        found: the runs, where they have been looked for; None to look now.

    Returns:
        How many runs are stored, and what is wrong with another, in one sentence.
    """
    stored, problem, in_a_row = 0, "", 0
    for folder in (found or waiting_runs(order)).attempts(again=again):
        try:
            is_stored, reason = _load_one(folder, order, store)
        except psycopg.Error as error:
            if is_server_error(error):
                store.connection_lost(error)
                problem = store.problem
                in_a_row += 1
                if in_a_row == _MAX_IN_A_ROW or store.loader(now=True) is None:
                    break
                continue
            is_stored, reason = False, str(error)
        except Exception as error:
            if not isinstance(error, (OSError, DebugloopError)):
                traceback.print_exc()
            is_stored, reason = False, str(error) or type(error).__name__
        in_a_row = 0
        stored += is_stored
        if reason:
            problem = str(note_load_failure(folder, reason))
    _sweep(order)
    return stored, problem


def _load_one(folder: Path, order: LoaderOrder, store: Store) -> tuple[bool, str]:
    """Load what a run has left, where nobody else does; tell whether it is stored, and what cannot be."""
    with locked(folder) as is_mine:
        if not is_mine:
            return False, ""
        run = RunLoading(folder, order.fallback)
        if not run.has_ended():
            return False, ""
        loader = store.loader()
        if loader is None:
            raise psycopg.OperationalError(store.problem)
        before = store.rejected_total()
        totals = run.complete(loader, survey_late(folder, run.paths, order))
        leave_open_failures(order.folder, run.project, loader)
        if run.unread:
            return False, "; ".join(run.unread.values())
        if totals and run.is_waited_for:
            status = {
                "stored": totals,
                "rejected": store.rejected_total() - before,
                **end_of_run(run, store, totals, order),
            }
            write_status(folder, status)
            if not is_left(folder):
                return True, ""
        remove_folder(folder)
    return True, ""


def ignored_paths(order: LoaderOrder) -> list[str]:
    """Say of each journal that is not this user's alone why it is not read.

    Args:
        order: names the folder.
    """
    return [sentence for folder in _journal_folders(order) for sentence in left_alone(folder)]


def _journal_folders(order: LoaderOrder) -> list[Path]:
    return [order.folder / JOURNALS, *([order.fallback] if order.fallback is not None else [])]


def _earlier_runs(order: LoaderOrder) -> list[Path]:
    found: dict[str, Path] = {}
    for journals in _journal_folders(order):
        for folder in run_folders(journals):
            paths = journals_in(folder)
            is_fallback = journals == order.fallback
            if folder.name in found or (
                is_fallback and not all(JournalFile(path).is_for(order.folder) for path in paths)
            ):
                continue
            if paths:
                found[folder.name] = folder
    if order.run_folder is not None:
        found.pop(order.run_folder.name, None)
    return list(found.values())


def write_status(folder: Path, status: dict[str, object]) -> None:
    """Tell the run what became of it.

    Args:
        folder: of the run, which may be gone: it may not have waited.
        status: see :func:`pytest_debugloop.summary.terminal.wait_for_status`.
    """
    path, data = folder / STATUS_FILE, json.dumps(status).encode()
    with contextlib.suppress(OSError):
        try:
            write_atomically(path, data)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            remove(folder.parents[1] / OPEN_FAILURES_FILE)  # the run waits for this word, and nobody for that
            write_atomically(path, data)


def remove_folder(folder: Path) -> None:
    """Remove the folder of a run that is stored, unless something is in it that is not the loader's.

    Args:
        folder: of the run.
    """
    with contextlib.suppress(OSError):
        for name in sorted(_OURS - {LOADER_LOCK}):
            remove(folder / name)
        if set(list_folder(folder)) <= {LOADER_LOCK}:
            remove(folder / LOADER_LOCK)
            remove(folder)


def _sweep(order: LoaderOrder) -> None:
    """Remove folders of runs that hold no journal, and that no run reads any more."""
    for journals in _journal_folders(order):
        for folder in list(run_folders(journals)):
            with contextlib.suppress(OSError, NotPrivateError):
                names = set(list_folder(folder))
                is_stale = time.time() - folder.lstat().st_mtime > _STALE_SECONDS
                if is_stale and names <= _OURS and not is_locked(folder):
                    remove_folder(folder)
