"""The loader's process: it follows the journals of one run while the tests run, then loads what earlier ones left.

Started by the run it serves, in a session of its own, with one connection however many workers the run has.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg

from pytest_debugloop.errors import DebugloopError, NewerJournalError
from pytest_debugloop.handover import LOADER_LOCK, STATUS_FILE
from pytest_debugloop.loading.journals import journals_in, left_alone, run_folders
from pytest_debugloop.loading.order import Order
from pytest_debugloop.loading.run import RunLoading
from pytest_debugloop.loading.store import Store
from pytest_debugloop.loading.surveying import Surveyor
from pytest_debugloop.private import JOURNALS, NotPrivateError, open_file, remove, write_whole

_POLL_SECONDS = 0.01
_BATCH_SECONDS = 0.3
_PATIENCE_SECONDS = 3.0
_BATCH_BYTES = 1_500_000
_NICENESS = 5
_PR_SET_CHILD_SUBREAPER = 36  # of <linux/prctl.h>


def main() -> None:
    """Do what the environment orders, and end."""
    with contextlib.suppress(OSError):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)  # the tests come first
    order = Order.from_environment()
    try:
        with _own_orphans() if order.is_child else contextlib.nullcontext():
            follow(order)
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


def follow(order: Order) -> None:
    """Load a run while it goes on, say what was stored, and load what earlier runs left.

    Args:
        order: names the run and the database.

    Raises:
        ValueError: the order names no run.
    """
    if order.run_folder is None:
        raise ValueError("the order names no run to follow")
    with _locked(order.run_folder) as mine, ExitStack() as stack:
        if not mine:
            return
        store = Store(order, stack)
        run = RunLoading(order.run_folder, order.spare)
        surveyor = Surveyor(order)
        totals, problem = _follow_run(run, store, surveyor)
        if totals is None:
            surveyor.leave_journal(order.run_folder)
        waiting = [folder for folder in _left_behind(order) if folder.name != order.run_folder.name]
        status: dict[str, object] = {"waiting": len(waiting), "rejected": store.rejected_total()}
        status.update({"problem": problem} if totals is None else {"stored": totals})
        if totals is not None and totals["failure"] and not run.was_killed:
            status.update(_known(run, store, order.told))
        if totals is None or not run.was_killed:
            _write_status(order.run_folder, status)
        else:  # nobody is left to read it, and to remove the folder then
            _remove(order.run_folder)
        if totals is not None:
            _load_left_behind(order, store)


def _known(run: RunLoading, store: Store, most: int) -> dict[str, object]:
    """Give what the record knows of a stored run's failures, as basic types; what goes wrong here is only logged."""
    try:
        loader = store.loader()
        if loader is None:
            return {}
        failures, total = run.known_failures(loader, most)
    except Exception:
        traceback.print_exc()
        return {}
    return {"failures": [failure._asdict() for failure in failures], "failing": total}


def _follow_run(run: RunLoading, store: Store, surveyor: Surveyor) -> tuple[dict[str, int] | None, str]:
    """Load until the run has ended; give what it has, or why it could not be stored."""
    looked = loaded = time.monotonic()
    while True:
        ended = run.has_ended()
        waiting = run.waiting_bytes()
        is_time = time.monotonic() - loaded > _BATCH_SECONDS
        due = ended or waiting > _BATCH_BYTES or (waiting > 0 and is_time)
        # The connection is made at once: the server starts, and the schema is made, while the first tests run.
        loader = store.loader(now=ended)
        if loader is None and ended:
            surveyor.look(run.paths, None)
            return None, store.problem
        if loader is None and time.monotonic() - looked > _PATIENCE_SECONDS:
            surveyor.look(run.paths, None)  # the files may change while nobody can be asked which are known
            looked = time.monotonic()
        if loader is not None and due:
            try:
                surveyor.look(run.paths, loader.known_files)
                if ended:
                    return run.complete(loader, surveyor), ""
                run.load_new(loader)
                run.load_code(loader, surveyor)
            except NewerJournalError as error:
                return None, str(error)
            except (psycopg.Error, OSError) as error:
                store.lost(error)
                run.start_over()
                surveyor.start_over()
                if ended and (not isinstance(error, psycopg.OperationalError) or store.loader(now=True) is None):
                    return None, store.problem
            loaded = time.monotonic()
        time.sleep(_POLL_SECONDS)


def load_waiting(order: Order) -> tuple[int, int, int, str]:
    """Load the journals that runs have left behind.

    Args:
        order: names the folder and the database.

    Returns:
        How many runs were stored, how many still wait, how many lines were refused, and what is wrong, in one sentence.
    """
    with ExitStack() as stack:
        store = Store(order, stack)
        if store.loader(now=True) is None:
            return 0, len(_left_behind(order)), 0, store.problem
        stored, problem = _load_left_behind(order, store)
        refused = what_is_left_alone(order)
        if refused and not problem:
            more = f", and {len(refused) - 1:,} more" if len(refused) > 1 else ""
            problem = f"{refused[0]}{more}; look who made it, and remove it or make it yours (chmod -R go=)."
        return stored, len(_left_behind(order)), store.rejected_total(), problem


def what_is_left_alone(order: Order) -> list[str]:
    """Say of each journal that is not this user's alone why it is not read.

    Args:
        order: names the folder.
    """
    folders = [order.folder / JOURNALS, *([order.spare] if order.spare is not None else [])]
    return [sentence for folder in folders for sentence in left_alone(folder)]


def count_waiting(order: Order) -> int:
    """Count the runs whose journals wait.

    Args:
        order: names the folder.
    """
    return len(_left_behind(order))


def _load_left_behind(order: Order, store: Store) -> tuple[int, str]:
    stored, problem = 0, ""
    for folder in _left_behind(order):
        try:
            stored += _load_one(folder, order, store)
        except (DebugloopError, NotPrivateError) as error:  # noqa: PERF203 - each on its own
            problem = str(error)
        except (psycopg.Error, OSError) as error:
            store.lost(error)
            return stored, store.problem
    return stored, problem


def _load_one(folder: Path, order: Order, store: Store) -> bool:
    """Load what a run has left, where nobody else does, and tell whether it is stored."""
    with _locked(folder) as mine:
        if not mine:
            return False
        run = RunLoading(folder, order.spare)
        loader = store.loader()
        if loader is None or not run.has_ended():
            return False
        run.complete(loader)
        _remove(folder)
    return True


def _left_behind(order: Order) -> list[Path]:
    folders = [f for f in run_folders(order.folder / JOURNALS) if journals_in(f)]
    if order.spare is not None:
        known = {f.name for f in folders}
        folders += [f for f in run_folders(order.spare) if f.name not in known and journals_in(f)]
    return folders


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for name in (STATUS_FILE, LOADER_LOCK):
            remove(folder / name)
        remove(folder)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the right to load a run; give False where another process has it, or has stored the run already."""
    try:
        fd = open_file(folder / LOADER_LOCK, os.O_RDWR | os.O_CREAT)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(fd)


def _write_status(folder: Path, status: dict[str, object]) -> None:
    with contextlib.suppress(OSError):  # the run may not have waited, and removed its folder
        write_whole(folder / STATUS_FILE, json.dumps(status).encode())
