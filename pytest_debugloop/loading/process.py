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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.loading.journals import JournalFile, journals_in, run_folders
from pytest_debugloop.loading.loader import Chunk, Loader
from pytest_debugloop.records import JOURNAL_FORMAT

LOADER_VARIABLE = "PYTEST_DEBUGLOOP_LOADER"
STATUS_FILE = "status.json"
LOADER_LOCK = "loader.lock"
_POLL_SECONDS = 0.02
_BATCH_SECONDS = 1.0
_BATCH_BYTES = 1_500_000
_ABANDONED_CHECK_SECONDS = 0.5
_RECONNECT_SECONDS = 2.0
_NICENESS = 5


@dataclass(frozen=True, slots=True)
class Order:
    """What a loader is to do.

    Attributes:
        folder: of the record.
        run_folder: of the journals to follow, None to load only what waits.
        dsn: of the server, empty for the embedded one.
        schema: of the record.
        postgres_version: of the embedded server where it has no data yet.
        wait: seconds that the run waits at its end.
        spare: a second folder of journals that could not stay in the first.
    """

    folder: Path
    run_folder: Path | None
    dsn: str
    schema: str
    postgres_version: int
    wait: float
    spare: Path | None = None

    @classmethod
    def from_environment(cls) -> Order:
        """Read the order that :mod:`pytest_debugloop.recording.launch` gave.

        Raises:
            KeyError: there is none.
        """
        given: dict[str, Any] = json.loads(os.environ.pop(LOADER_VARIABLE))
        return cls(
            folder=Path(given["folder"]),
            run_folder=Path(given["run_folder"]) if given["run_folder"] else None,
            dsn=given["dsn"],
            schema=given["schema"],
            postgres_version=int(given["postgres_version"]),
            wait=float(given["wait"]),
            spare=Path(given["spare"]) if given.get("spare") else None,
        )


class Store:
    """The database that an order names, connected when it is needed and again when it was lost.

    Args:
        order: names it.
        stack: holds the embedded server for as long as this process needs it.
    """

    def __init__(self, order: Order, stack: ExitStack) -> None:
        self._order = order
        self._stack = stack
        self._connection: psycopg.Connection | None = None
        self._conninfo = order.dsn
        self._next_try = 0.0
        self.problem = ""
        self.rejected = 0
        self._loader: Loader | None = None

    def loader(self, *, now: bool = False) -> Loader | None:
        """Give the loader, or None while the database is away; ``problem`` says why.

        Args:
            now: try at once, though it was away a moment ago.
        """
        if self._loader is not None:
            return self._loader
        if not now and time.monotonic() < self._next_try:
            return None
        try:
            if not self._conninfo:
                self._conninfo = self._stack.enter_context(
                    embedded_server(self._order.folder, postgres_version=self._order.postgres_version)
                )
                self._stack.callback(self.close)  # before the server is left
            self._connection = connect(self._conninfo, application_name="pytest-debugloop loader")
            migrate(self._connection, self._order.schema)
        except (DebugloopError, psycopg.Error, OSError) as error:
            self.lost(error)
            return None
        self.problem = ""
        self._loader = Loader(self._connection, self._order.schema)
        return self._loader

    def lost(self, error: Exception) -> None:
        """Note that the database is away.

        Args:
            error: what it said.
        """
        if self._loader is not None:
            self.rejected += self._loader.rejected
        self.close()
        self.problem = " ".join(str(error).split())
        self._next_try = time.monotonic() + _RECONNECT_SECONDS

    def rejected_total(self) -> int:
        """Count the lines that were refused."""
        return self.rejected + (self._loader.rejected if self._loader is not None else 0)

    def close(self) -> None:
        """Close the connection."""
        self._loader = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class RunLoading:
    """The journals of one run on their way into the database.

    Args:
        folder: of the run.
        spare: where journals of the run may lie that could not stay in the first.
    """

    def __init__(self, folder: Path, spare: Path | None = None) -> None:
        self.folder = folder
        self._folders = [folder, *([spare / folder.name] if spare is not None else [])]
        self._journals: dict[Path, JournalFile] = {}
        self._ended = False
        self._checked = 0.0
        self.problem = ""

    def waiting_bytes(self) -> int:
        """Count the bytes that are not loaded yet."""
        self._look()
        return sum(journal.size() for journal in self._journals.values())

    def _look(self) -> None:
        for folder in self._folders:
            for path in journals_in(folder):
                if path not in self._journals:
                    self._journals[path] = JournalFile(path)

    def load_new(self, loader: Loader) -> None:
        """Load the whole lines that are there.

        Raises:
            psycopg.OperationalError: the database is away; nothing is marked as loaded.
        """
        self._look()
        while True:
            read: list[tuple[JournalFile, bytes]] = []
            for journal in self._journals.values():
                data = journal.read()
                if data:
                    read.append((journal, data))
            if not read:
                return
            self._load(loader, read)

    def _load(self, loader: Loader, read: list[tuple[JournalFile, bytes]]) -> None:
        chunks: list[Chunk] = []
        for journal, data in read:
            assert journal.head is not None  # noqa: S101 - read() has set it
            if journal.head.format > JOURNAL_FORMAT:
                self.problem = "its journals were written by a newer pytest-debugloop: upgrade this one"
                raise NewerJournalError(self.problem)
            chunks.append((journal.head, data))
        loader.load(chunks)
        for journal, data in read:
            journal.offset += len(data)
            journal.finished = b'\n{"kind":"finish"' in b"\n" + data

    def has_ended(self) -> bool:
        """Tell whether no more lines will come: every process ended its journal, or is gone."""
        if self._ended:
            return True
        self._look()
        if all(self._finish_is_written(journal) for journal in self._journals.values()) and self._journals:
            self._ended = True
            return True
        if time.monotonic() - self._checked >= _ABANDONED_CHECK_SECONDS:
            self._checked = time.monotonic()
            self._ended = all(
                self._finish_is_written(journal) or journal.is_abandoned() for journal in self._journals.values()
            )
        return self._ended

    @staticmethod
    def _finish_is_written(journal: JournalFile) -> bool:
        if journal.finished:
            return True
        with contextlib.suppress(OSError), journal.path.open("rb") as file:
            file.seek(max(journal.offset, journal.path.stat().st_size - 4096))
            return b'{"kind":"finish"' in file.read()
        return False

    def complete(self, loader: Loader) -> dict[str, int]:
        """Load what is left of a run that has ended, conclude it, and remove its journals.

        Raises:
            psycopg.OperationalError: the database is away; the journals stay.
        """
        self.load_new(loader)
        rest = [(journal, journal.read_rest()) for journal in self._journals.values()]
        rest = [(journal, data) for journal, data in rest if data]
        if rest:
            self._load(loader, rest)
        totals: dict[str, int] = {}
        heads = [journal.head for journal in self._journals.values() if journal.head is not None]
        for run_id, correlation_id in dict.fromkeys((head.run_id, head.correlation_id) for head in heads):
            totals = loader.complete(run_id, correlation_id)
        for path in self._journals:
            path.unlink(missing_ok=True)
        for folder in self._folders[1:]:
            with contextlib.suppress(OSError):
                folder.rmdir()
        return totals


class NewerJournalError(DebugloopError):
    """{0}."""

    def __init__(self, problem: str) -> None:
        Exception.__init__(self, problem)


def main() -> None:
    """Do what the environment orders, and end."""
    with contextlib.suppress(OSError):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)  # the tests come first
    order = Order.from_environment()
    try:
        follow(order)
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def follow(order: Order) -> None:
    """Load a run while it goes on, say what was stored, and load what earlier runs left.

    Args:
        order: names the run and the database.
    """
    assert order.run_folder is not None  # noqa: S101
    with ExitStack() as stack:
        lock = stack.enter_context(_locked(order.run_folder))
        if not lock:
            return
        store = Store(order, stack)
        stack.callback(store.close)
        run = RunLoading(order.run_folder, order.spare)
        totals = _follow_run(run, store)
        waiting = [f for f in _left_behind(order) if f != order.run_folder]
        status: dict[str, object] = {"waiting": len(waiting), "rejected": store.rejected_total()}
        if totals is None:
            status["problem"] = run.problem or store.problem
        else:
            status["stored"] = totals
        _write_status(order.run_folder, status)
        if totals is not None:
            _load_left_behind(order, store)


def _follow_run(run: RunLoading, store: Store) -> dict[str, int] | None:
    loaded = time.monotonic()
    while True:
        ended = run.has_ended()
        waiting = run.waiting_bytes()
        due = ended or waiting > _BATCH_BYTES or (waiting and time.monotonic() - loaded > _BATCH_SECONDS)
        # The connection is made at once: the server starts, and the schema is made, while the first tests run.
        loader = store.loader(now=ended)
        if loader is not None and due:
            try:
                if ended:
                    return run.complete(loader)
                run.load_new(loader)
            except NewerJournalError:
                return None
            except (psycopg.OperationalError, OSError) as error:
                store.lost(error)
                if ended and store.loader(now=True) is None:
                    return None
            loaded = time.monotonic()
        elif loader is None and ended:
            return None
        time.sleep(_POLL_SECONDS)


def load_waiting(order: Order) -> tuple[int, int, str]:
    """Load the journals that runs have left behind.

    Args:
        order: names the folder and the database.

    Returns:
        How many runs were stored, how many still wait, and why, in one sentence.
    """
    with ExitStack() as stack:
        store = Store(order, stack)
        stack.callback(store.close)
        if store.loader(now=True) is None:
            return 0, len(_left_behind(order)), store.problem
        stored, problem = _load_left_behind(order, store)
        return stored, len(_left_behind(order)), problem


def _load_left_behind(order: Order, store: Store) -> tuple[int, str]:
    stored, problem = 0, ""
    for folder in _left_behind(order):
        with _locked(folder) as mine:
            if not mine:
                continue
            run = RunLoading(folder, order.spare)
            loader = store.loader()
            if loader is None or not run.has_ended():
                continue
            try:
                run.complete(loader)
            except NewerJournalError:
                problem = run.problem
                continue
            except (psycopg.OperationalError, OSError) as error:
                store.lost(error)
                return stored, store.problem
            stored += 1
            _remove(folder)
    return stored, problem


def _left_behind(order: Order) -> list[Path]:
    folders = [f for f in run_folders(order.folder / "journals") if journals_in(f)]
    if order.spare is not None:
        known = {f.name for f in folders}
        folders += [f for f in run_folders(order.spare) if f.name not in known and journals_in(f)]
    return folders


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):
        for name in (STATUS_FILE, LOADER_LOCK):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the right to load a run; give False where another process has it."""
    fd = os.open(folder / LOADER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        yield False
    else:
        yield True
    finally:
        os.close(fd)


def _write_status(folder: Path, status: dict[str, object]) -> None:
    half = folder / (STATUS_FILE + ".new")
    with contextlib.suppress(OSError):  # the run may not have waited, and removed its folder
        half.write_text(json.dumps(status), encoding="utf-8")
        half.replace(folder / STATUS_FILE)
