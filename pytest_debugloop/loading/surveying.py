"""Follows which files a run has loaded, and has them looked at, in the loader's process."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.journal.records import json_line
from pytest_debugloop.journal.shared_names import JOURNAL_SUFFIX, MAIN_JOURNAL, STATUS_FILE
from pytest_debugloop.loading.journals import LONGEST_LINE, JournalFile, journals_in
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.locks import locked
from pytest_debugloop.private import read_file, write_atomically
from pytest_debugloop.sources.commits import checked_out, commits_of
from pytest_debugloop.sources.merged import changes_merged, merged_otherwise
from pytest_debugloop.sources.survey import KnownFiles, Survey, lines_of

_LOADED = b'{"kind":"loaded",'
_FINISH = b'\n{"kind":"finish",'
CODE_JOURNAL = "code" + JOURNAL_SUFFIX
"""What a run was run on, where no database was there to take it."""
NO_RECORD = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What a line may lead to that is no record, or not of the kind that it says."""


class Surveyor:
    """Looks at the code of one run as its journals tell of it.

    Args:
        order: names the run, its rootdir, and how secrets are taken out.
    """

    def __init__(self, order: LoaderOrder) -> None:
        folder = order.folder if order.run_folder is not None else None
        self._survey = Survey(order.rootdir or Path(), Redactor(**order.redactor), os.environ, folder)
        self._rootdir = order.rootdir or Path()
        self._is_on = order.rootdir is not None
        self._journals: dict[Path, JournalFile] = {}
        self._loaded: set[tuple[str, int, int]] = set()
        self._records: list[dict[str, Any]] = []
        self._taken = 0
        self._is_concluded = False
        self._has_environment = True

    @classmethod
    def of(cls, rootdir: Path, redactor: Mapping[str, list[str]]) -> Surveyor:
        """Look at the code of a run that nobody has ordered to be followed.

        Args:
            rootdir: pytest's, of the run.
            redactor: the arguments of the run's Redactor.

        Raises:
            TypeError: they are none.
            ValueError: one of them is no regular expression.
        """
        order = LoaderOrder(Path(), None, "", "", 0, 0, rootdir=rootdir, redactor=redactor)
        return cls(order)

    def look(self, journals: list[Path], known: KnownFiles | None) -> None:
        """Look at the files that have been loaded since.

        Args:
            journals: of the run.
            known: tells which files the database has; None while it is away.
        """
        for path in journals if self._is_on else ():
            if path.name != CODE_JOURNAL:
                with contextlib.suppress(OSError):
                    self._look(path, known)

    def _look(self, path: Path, known: KnownFiles | None) -> None:
        journal = self._journals.setdefault(path, JournalFile(path))
        while (piece := journal.read()).end > journal.offset:
            if path.name == MAIN_JOURNAL and not journal.offset:
                self._survey.began = _began(piece.data)
            journal.offset = piece.end
            # A run may end and have loaded no file of the project: its tests are notebooks, or of an extension module.
            if _LOADED in piece.data or (not self._is_concluded and _FINISH in piece.data):
                self._read_files(piece.data, known)

    def _read_files(self, data: bytes, known: KnownFiles | None) -> None:
        for files in loaded_in(data):
            self._loaded.update(files)
            with contextlib.suppress(*NO_RECORD):
                self._records += self._survey.read_files(files, known)
        # At once: the sooner it is said what is in the folder, the more likely it is what was loaded from it.
        self._records.append(self._survey.conclude() if not self._is_concluded else self._survey.variables())
        if not self._is_concluded and (head := checked_out(self._rootdir)):
            commits = [*commits_of(self._rootdir), *merged_otherwise(self._rootdir)]
            merged = changes_merged(self._rootdir)
            self._records.append({"kind": "commits", "commits": commits, "merged": merged, **head})
        if not self._is_concluded and known is not None:
            with contextlib.suppress(*NO_RECORD):
                self._records += self._survey.read_files(self._survey.not_loaded(), known)
        self._is_concluded = True

    def files(self) -> list[str]:
        """Name the files of the project, as far as they are known."""
        return [file for record in self._records for file in record.get("files", ())]

    def unchanged(self) -> dict[str, str]:
        """Give the files that were loaded and are still the same: by their whole path without links, their name."""
        found = {}
        for name, changed, size in self._loaded:
            path = self._rootdir / name
            with contextlib.suppress(OSError):
                status = path.stat()
                if (status.st_mtime_ns, status.st_size) == (changed, size):
                    found[os.path.realpath(path)] = name
        return found

    def leave_out(self, *names: str) -> None:
        """Tell less of what holds for the whole run.

        Args:
            *names: of what is not reported.
        """
        self._has_environment = self._has_environment and "environment" not in names
        for record in self._records:
            if record["kind"] == "survey":
                for name in names:
                    record.pop(name, None)

    def take(self, key: Callable[[], bytes] | None = None) -> bytes:
        """Give the lines that were not given before.

        Args:
            key: gives that of the record that they are for; without it, what is known as a keyed hash only is left out.
        """
        records = self._records[self._taken :]
        self._taken = len(self._records)
        if key is not None and self._has_environment and any(record["kind"] == "survey" for record in records):
            records = [*records, self._survey.keyed(key())]
        return lines_of(records)

    def start_over(self) -> None:
        """Give all lines again: the database may have lost them."""
        self._taken = 0

    def leave_journal(self, folder: Path) -> None:
        """Write all lines as a journal of the run, to be loaded when the database is there.

        Args:
            folder: of the run's journals.
        """
        if not self._records:
            return
        with contextlib.suppress(OSError, *NO_RECORD):
            with read_file(folder / MAIN_JOURNAL) as file:
                head: dict[str, Any] = json.loads(file.readline(LONGEST_LINE))
            head |= {"journal_id": str(uuid.uuid5(uuid.UUID(head["run_id"]), "code")), "role": "code", "facts": {}}
            finish = json_line({"kind": "finish", "at": head["started"], "problems": []})
            write_atomically(folder / CODE_JOURNAL, json_line(head) + lines_of(self._records) + finish)


def _began(data: bytes) -> int | None:
    """Give when a run began, in nanoseconds, from the first line of its main process's journal."""
    with contextlib.suppress(*NO_RECORD):
        return int(json.loads(data.partition(b"\n")[0])["started"]) * 1_000
    return None


def loaded_in(data: bytes) -> Iterator[list[tuple[str, int, int]]]:
    """Give the source files that a process has loaded: path as the project names it, time of change, and size.

    Args:
        data: lines of its journal.
    """
    for line in data.split(b"\n"):
        if line.startswith(_LOADED):
            with contextlib.suppress(*NO_RECORD):
                yield [(str(f), int(t), int(s)) for f, t, s in json.loads(line)["files"]]


def survey_ended(order: LoaderOrder) -> None:
    """Look at the code of a run that has ended and is not stored now, leave what it is as a journal, and say so.

    Args:
        order: names the run.
    """
    folder = order.run_folder
    if folder is None:
        return
    with locked(folder, is_own=True) as is_mine, contextlib.suppress(OSError):
        if is_mine:
            surveyor = Surveyor(order)
            fallback = journals_in(order.fallback / folder.name) if order.fallback is not None else []
            surveyor.look([*journals_in(folder), *fallback], None)
            surveyor.leave_journal(folder)
            write_atomically(folder / STATUS_FILE, b'{"stored": {}}')
