"""The journals of one run on their way into the database."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from pytest_debugloop.errors import JournalUnreadableError, NewerJournalError
from pytest_debugloop.journal.records import JOURNAL_FORMAT
from pytest_debugloop.loading.covering import add_covered
from pytest_debugloop.loading.crashes import crashes_of
from pytest_debugloop.loading.heads import JournalHead, head_beside, head_by_path, head_in
from pytest_debugloop.loading.journals import HEADER_BYTES, JournalFile, Piece, journals_in, lives
from pytest_debugloop.loading.lines import Chunk, Refused
from pytest_debugloop.loading.loader import Loader
from pytest_debugloop.loading.surveying import Surveyor
from pytest_debugloop.private import remove

_SMALL_BATCH = 1024 * 1024
_ABANDONED_CHECK_SECONDS = 0.5
_LISTING_SECONDS = 0.5  # a file that is made in the same tick of the clock does not change the folder's time
_FINISH = b'\n{"kind":"finish"'
_LONGEST_FINISH = 128 * 1024


class RunLoading:
    """The journals of one run on their way into the database.

    Args:
        folder: of the run.
        fallback: where journals of the run may lie that could not stay in the first.

    Attributes:
        unread: the journals that cannot be read, and why; they stay.
    """

    def __init__(self, folder: Path, fallback: Path | None = None) -> None:
        self.folder = folder
        self._folders = [folder, *([fallback / folder.name] if fallback is not None else [])]
        self._journals: dict[Path, JournalFile] = {}
        self._ended = False
        self._checked = 0.0
        self._size = self._size_without_end = -1
        self._listed: dict[Path, int] = {}
        self._looked = 0.0
        self._has_failed = False
        self._place = _identity(folder)
        self.unread: dict[Path, str] = {}

    @property
    def was_killed(self) -> bool:
        """Whether the main process never ended its journal; known once all is loaded."""
        return not any(j.finished for j in self._journals.values() if j.head is not None and j.head.is_main)

    @property
    def is_waited_for(self) -> bool:
        """Whether the main process has ended its journal and is still there: it waits to learn what was stored."""
        heads = [j.head for j in self._journals.values() if j.head is not None and j.head.is_main]
        return not self.was_killed and any(lives(head.pid, head.process_start) for head in heads)

    @property
    def project(self) -> str:
        """The project's name, as the run gives it; empty where no journal tells it."""
        self._look()
        heads = (journal.head or _head_of(journal) for journal in self._journals.values())
        return next((head.project for head in heads if head is not None), "")

    @property
    def is_displaced(self) -> bool:
        """Whether the run's folder was removed, or moved, while it was followed."""
        return _identity(self.folder) != self._place

    def is_growing(self) -> bool:
        """Tell whether lines have come since this was asked last."""
        self._look()
        before, self._size = self._size, self._written_bytes()
        return before != self._size

    def has_failed(self) -> bool:
        """Tell whether a process of the run has recorded a failure."""
        self._look()
        self._has_failed = self._has_failed or any(journal.has_new_error() for journal in self._journals.values())
        return self._has_failed

    def waiting_bytes(self) -> int:
        """Count the bytes that are not loaded yet."""
        self._look()
        return sum(journal.size() for journal in self._journals.values())

    def _written_bytes(self) -> int:
        return sum(journal.offset + journal.size() for journal in self._journals.values())

    def _look(self, *, is_final: bool = False) -> None:
        """Find journals that are new: those of a folder are listed if it has changed, and else now and then."""
        is_time = is_final or time.monotonic() - self._looked >= _LISTING_SECONDS
        if is_time:
            self._looked = time.monotonic()
        for folder in self._folders:
            changed = _changed_at(folder)
            if not is_time and self._listed.get(folder) == changed:
                continue
            self._listed[folder] = changed
            for path in journals_in(folder):
                if path not in self._journals:
                    self._journals[path] = JournalFile(path)
                    self._journals[path].check_writer()

    def load_new(self, loader: Loader) -> None:
        """Load the whole lines that are there.

        Raises:
            NewerJournalError: a journal is in a format that is not known yet.
            JournalUnreadableError: nothing tells which run a journal is of.
            psycopg.Error: the database is away; nothing is marked as loaded.
        """
        self._look()
        while self._load_pieces(loader):
            # Lines that came meanwhile wait for the next time: a batch of few takes most of its time for itself.
            if self.waiting_bytes() < _SMALL_BATCH:
                return

    def _load_pieces(self, loader: Loader, *, is_final: bool = False) -> bool:
        """Load a piece of each journal, and tell whether there was anything to load."""
        pieces: list[tuple[JournalFile, Piece]] = []
        for journal in self._journals.values():
            try:
                piece = journal.read(is_final=is_final)
            except FileNotFoundError:  # somebody has removed it
                continue
            except OSError as error:
                self.unread[journal.path] = f"{journal.path} cannot be read ({error.strerror or error})"
                continue
            self.unread.pop(journal.path, None)
            if piece.end > journal.offset:
                self._give_head(journal, piece.data)
                pieces.append((journal, piece))
        self._load(loader, pieces)
        return bool(pieces)

    def _give_head(self, journal: JournalFile, data: bytes) -> None:
        if journal.head is not None:
            return
        head = head_in(data)
        if head is None:
            beside = self._head_beside(journal)
            head = head_by_path(journal.path) if beside is None else head_beside(journal.path, beside)
        if head is None:
            raise JournalUnreadableError(path=journal.path)
        if head.format > JOURNAL_FORMAT:
            raise NewerJournalError(path=journal.path)
        journal.head = head

    def _head_beside(self, journal: JournalFile) -> JournalHead | None:
        """Find a header in the other journals of the run, in that of the same process if it has one."""
        stem = journal.path.stem.partition("-spare")[0]
        others = [other for other in self._journals.values() if other is not journal]
        for other in sorted(others, key=lambda other: other.path.stem.partition("-spare")[0] != stem):
            found = _head_of(other)
            if found is not None:
                return found
        return None

    def _load(self, loader: Loader, read: list[tuple[JournalFile, Piece]]) -> None:
        chunks: list[Chunk] = []
        too_long: list[Refused] = []
        for journal, piece in read:
            assert journal.head is not None  # noqa: S101 - it was given one
            if piece.data:
                chunks.append((journal.head, piece.data))
            if piece.length:
                reason = f"it is too long: {piece.length:,} bytes, of which the first {len(piece.refused):,} are kept"
                too_long.append((journal.head, piece.refused, reason))
        loader.load(chunks, too_long)
        for journal, piece in read:
            journal.offset = piece.end
            journal.finished = journal.finished or _FINISH in b"\n" + piece.data

    def load_code(self, loader: Loader, surveyor: Surveyor) -> None:
        """Load what is known of the run's code.

        Args:
            loader: into the database.
            surveyor: of the run.

        Raises:
            psycopg.Error: the database is away.
        """
        heads = [journal.head for journal in self._journals.values() if journal.head is not None]
        lines = surveyor.take(loader.hash_key) if heads else b""
        if lines:
            loader.load([(next((head for head in heads if head.is_main), heads[0]), lines)])

    @property
    def paths(self) -> list[Path]:
        """The journals that there are."""
        self._look()
        return list(self._journals)

    def start_over(self) -> None:
        """Load all again: a server that crashed may have lost what it had not made durable yet."""
        for journal in self._journals.values():
            journal.offset = 0

    def has_ended(self) -> bool:
        """Tell whether no more lines will come: every process ended its journal, or is gone."""
        if self._ended:
            return True
        self._look()
        size = self._written_bytes()
        is_time = time.monotonic() - self._checked >= _ABANDONED_CHECK_SECONDS
        if size != self._size_without_end or is_time:
            self._size_without_end = size
            if self._have_ended(or_are_abandoned=is_time):
                self._look(is_final=True)
                self._ended = self._have_ended(or_are_abandoned=is_time)
        if is_time:
            self._checked = time.monotonic()
        return self._ended

    def _have_ended(self, *, or_are_abandoned: bool) -> bool:
        return all(
            self._finish_is_written(journal) or (or_are_abandoned and self._last_of(journal).is_abandoned())
            for journal in self._journals.values()
        ) and (or_are_abandoned or bool(self._journals))

    def _finish_is_written(self, journal: JournalFile) -> bool:
        journal = self._last_of(journal)
        if journal.finished:
            return True
        with contextlib.suppress(OSError), journal.opened() as file:
            file.seek(max(journal.offset, os.fstat(file.fileno()).st_size - _LONGEST_FINISH))
            return _FINISH in b"\n" + file.read()
        return False

    def _last_of(self, journal: JournalFile) -> JournalFile:
        """Give the file that a journal goes on in, where it could not stay in its first."""
        for path, fallback in self._journals.items():
            if path.stem == f"{journal.path.stem}-spare":
                return self._last_of(fallback)
        return journal

    def complete(self, loader: Loader, surveyor: Surveyor | None = None) -> dict[str, int]:
        """Load what is left of a run that has ended, conclude it, and remove its journals.

        Args:
            loader: into the database.
            surveyor: of the run, where this process follows it.

        Returns:
            How many rows of each kind the run has; nothing where its journals hold nothing.

        Raises:
            NewerJournalError: a journal is in a format that is not known yet.
            JournalUnreadableError: nothing tells which run a journal is of.
            psycopg.Error: the database is away; the journals stay.
        """
        self._look(is_final=True)
        while self._load_pieces(loader, is_final=True):
            pass
        if crashes := crashes_of(self._journals.values()):
            loader.load(crashes)
        if surveyor is not None:
            self.load_code(loader, surveyor)
        totals: dict[str, int] = {}
        heads = [journal.head for journal in self._journals.values() if journal.head is not None]
        if heads and not any(head.is_main for head in heads):
            loader.add_run(heads[0])
        if surveyor is not None:
            for head in heads:
                if head.is_main:
                    add_covered(loader, head, self._journals, surveyor)
        for run_id, correlation_id in dict.fromkeys((head.run_id, head.correlation_id) for head in heads):
            totals = loader.complete(run_id, correlation_id)
        for path in self._journals.keys() - self.unread.keys():
            remove(path)
        for folder in self._folders[1:]:
            with contextlib.suppress(OSError):
                remove(folder)
        return totals

    @property
    def head(self) -> JournalHead:
        """Who wrote the first of its journals that says so.

        Raises:
            StopIteration: none does.
        """
        return next(journal.head for journal in self._journals.values() if journal.head is not None)


def _head_of(journal: JournalFile) -> JournalHead | None:
    with contextlib.suppress(OSError), journal.opened() as file:
        return head_in(file.read(HEADER_BYTES))
    return None


def _changed_at(folder: Path) -> int:
    try:
        return folder.lstat().st_mtime_ns
    except OSError:
        return 0


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
