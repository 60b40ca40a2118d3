"""The journals of one run on their way into the database."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from pytest_debugloop.errors import NewerJournalError
from pytest_debugloop.handover import KnownFailure
from pytest_debugloop.loading.journals import JournalFile, journals_in
from pytest_debugloop.loading.loader import Chunk, Loader
from pytest_debugloop.loading.surveying import Surveyor
from pytest_debugloop.private import remove
from pytest_debugloop.records import JOURNAL_FORMAT

_SMALL_BATCH = 1024 * 1024
_ABANDONED_CHECK_SECONDS = 0.5


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

    @property
    def was_killed(self) -> bool:
        """Whether the main process never ended its journal; known once all is loaded."""
        return not any(j.finished for j in self._journals.values() if j.head is not None and j.head.is_main)

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
            NewerJournalError: a journal is in a format that is not known yet.
            psycopg.Error: the database is away; nothing is marked as loaded.
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
            # Lines that came meanwhile wait for the next time: a batch of few takes most of its time for itself.
            if self.waiting_bytes() < _SMALL_BATCH:
                return

    def _load(self, loader: Loader, read: list[tuple[JournalFile, bytes]]) -> None:
        chunks: list[Chunk] = []
        for journal, data in read:
            assert journal.head is not None  # noqa: S101 - read() has set it
            if journal.head.format > JOURNAL_FORMAT:
                raise NewerJournalError(path=journal.path)
            chunks.append((journal.head, data))
        loader.load(chunks)
        for journal, data in read:
            journal.offset += len(data)
            journal.finished = b'\n{"kind":"finish"' in b"\n" + data

    def load_code(self, loader: Loader, surveyor: Surveyor) -> None:
        """Load what is known of the run's code.

        Args:
            loader: into the database.
            surveyor: of the run.

        Raises:
            psycopg.Error: the database is away.
        """
        heads = [journal.head for journal in self._journals.values() if journal.head is not None]
        lines = surveyor.take() if heads else b""
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
        if not self._ended:
            self._look()
            journals = self._journals.values()
            self._ended = bool(journals) and all(self._finish_is_written(journal) for journal in journals)
        if not self._ended and time.monotonic() - self._checked >= _ABANDONED_CHECK_SECONDS:
            self._checked = time.monotonic()
            self._ended = all(self._finish_is_written(journal) or journal.is_abandoned() for journal in journals)
        return self._ended

    def _finish_is_written(self, journal: JournalFile) -> bool:
        if journal.finished:
            return True
        for path, spare in self._journals.items():  # where a journal goes on once its disk is full
            if path.stem == f"{journal.path.stem}-spare":
                return self._finish_is_written(spare)
        with contextlib.suppress(OSError), journal.opened() as file:
            file.seek(max(journal.offset, os.fstat(file.fileno()).st_size - 4096))
            return b'{"kind":"finish"' in file.read()
        return False

    def complete(self, loader: Loader, surveyor: Surveyor | None = None) -> dict[str, int]:
        """Load what is left of a run that has ended, conclude it, and remove its journals.

        Args:
            loader: into the database.
            surveyor: of the run, where this process follows it.

        Raises:
            psycopg.Error: the database is away; the journals stay.
        """
        self.load_new(loader)
        rest = [(journal, journal.read_rest()) for journal in self._journals.values()]
        rest = [(journal, data) for journal, data in rest if data]
        if rest:
            self._load(loader, rest)
        if surveyor is not None:
            self.load_code(loader, surveyor)
        totals: dict[str, int] = {}
        heads = [journal.head for journal in self._journals.values() if journal.head is not None]
        for run_id, correlation_id in dict.fromkeys((head.run_id, head.correlation_id) for head in heads):
            totals = loader.complete(run_id, correlation_id)
        for path in self._journals:
            remove(path)
        for folder in self._folders[1:]:
            with contextlib.suppress(OSError):
                remove(folder)
        return totals

    def known_failures(self, loader: Loader, most: int) -> tuple[list[KnownFailure], int]:
        """Tell what the record knows of the tests that this run leaves failed; it is complete.

        Args:
            loader: into the database.
            most: how many tests at most.

        Returns:
            The tests that most is known of, and how many there are.

        Raises:
            psycopg.Error: the database cannot answer.
        """
        head = next(journal.head for journal in self._journals.values() if journal.head is not None)
        return loader.known_failures(head.run_id, head.correlation_id, most)
