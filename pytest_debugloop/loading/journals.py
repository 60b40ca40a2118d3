"""Journals as the loader sees them: files that grow, end, or are left behind."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from pytest_debugloop.journal.lock import is_being_written
from pytest_debugloop.journal.shared_names import JOURNAL_SUFFIX, MAIN_JOURNAL
from pytest_debugloop.loading.heads import JournalHead, head_in
from pytest_debugloop.private import NotPrivateError, is_private, list_folder, open_file, read_file

MAX_CHUNK = 8 * 1024 * 1024
LONGEST_LINE = 32 * 1024 * 1024
"""Bytes of a line that are read; no record is nearly as long, and PostgreSQL takes ten times as much memory for it."""
KEPT_OF_LINE = 64 * 1024
"""Bytes that are kept of a longer one."""
HEADER_BYTES = 1024 * 1024
"""Bytes in which a header is looked for."""
_ERROR_LINE = b'\n{"kind":"error",'
_SNAPSHOT_LINE = b'{"kind":"snapshot"'


class Piece(NamedTuple):
    """What was read of a journal at once.

    Attributes:
        data: lines; each is whole, but for the last of a journal that nobody writes any more.
        end: offset of what follows.
        refused: the beginning of a line that is too long to be read.
        length: bytes of that line.
    """

    data: bytes
    end: int
    refused: bytes = b""
    length: int = 0


@dataclass(slots=True)
class JournalFile:
    """One journal and how much of it is loaded."""

    path: Path
    head: JournalHead | None = None
    offset: int = 0
    finished: bool = False
    _scanned: int = field(default=0, repr=False)
    _searched: int = field(default=0, repr=False)
    _writer: JournalHead | None = field(default=None, repr=False)

    def opened(self) -> IO[bytes]:
        """Open the file to read it.

        Raises:
            OSError: it cannot be opened, or is not this user's alone.
        """
        return read_file(self.path)

    def read(self, *, is_final: bool = False) -> Piece:
        """Read whole lines after what is loaded, at most 8 MiB of them unless one line is longer.

        A snapshot stays with the error after it: it is left for the next time while nothing follows it.

        Args:
            is_final: whether nobody writes the journal any more: then a torn last line is read too.

        Raises:
            OSError: the file cannot be read.
        """
        with self.opened() as file:
            file.seek(self.offset)
            data = file.read(MAX_CHUNK)
            is_all = len(data) < MAX_CHUNK
            while not is_all and b"\n" not in data and len(data) <= LONGEST_LINE:
                more = file.read(MAX_CHUNK)
                is_all = len(more) < MAX_CHUNK
                data += more
            if data.find(b"\n") > LONGEST_LINE or (len(data) > LONGEST_LINE and b"\n" not in data):
                return self._behind_line(file, data[:KEPT_OF_LINE], is_final=is_final)
        if not (is_all and is_final):
            data = data[: data.rfind(b"\n") + 1]
            last = data.rfind(b"\n", 0, len(data) - 1) + 1
            if data.startswith(_SNAPSHOT_LINE, last) and last:
                data = data[:last]
        return Piece(data, self.offset + len(data))

    def _behind_line(self, file: IO[bytes], begin: bytes, *, is_final: bool) -> Piece:
        """Find the end of a line that is too long, without holding it in memory."""
        at = max(self._scanned, self.offset)
        file.seek(at)
        while chunk := file.read(MAX_CHUNK):
            found = chunk.find(b"\n")
            if found >= 0:
                return Piece(b"", at + found + 1, begin, at + found - self.offset)
            at += len(chunk)
        self._scanned = at
        return Piece(b"", at, begin, at - self.offset) if is_final else Piece(b"", self.offset)

    def size(self) -> int:
        """Give the bytes that wait to be loaded."""
        with contextlib.suppress(OSError):
            return max(self.path.lstat().st_size - self.offset, 0)  # a test may have shortened it
        return 0

    def has_new_error(self) -> bool:
        """Tell whether a failure is among the lines that have come since this was asked last."""
        with contextlib.suppress(OSError):
            if self.path.lstat().st_size > self._searched:
                with self.opened() as file:
                    file.seek(max(self._searched - len(_ERROR_LINE), 0))
                    data = file.read(MAX_CHUNK)
                    self._searched = file.tell()
                return _ERROR_LINE in data
        return False

    def check_writer(self) -> None:
        """Read who writes the journal, which is asked whether it lives also before anything is loaded."""
        if self.head is None and self._writer is None:
            with contextlib.suppress(OSError), self.opened() as file:
                self._writer = head_in(file.read(HEADER_BYTES))

    def is_abandoned(self) -> bool:
        """Tell whether the process that wrote the journal is gone without having ended it.

        Its number is asked first: the journal may be removed while its process goes on, and a file system may have no
        locks. The lock also tells of a process in another container, where numbers are others. A process that could not
        write its last line has left the journal read-only.
        """
        with contextlib.suppress(OSError):
            if not self.path.lstat().st_mode & stat.S_IWUSR:
                return True
        self.check_writer()
        writer = self.head or self._writer
        if writer is not None and lives(writer.pid, writer.process_start):
            return False
        try:
            return not is_being_written(self.path)
        except OSError:
            return True

    def is_for(self, record: Path) -> bool:
        """Tell whether the journal, which could not stay in its own record, is to be loaded into another.

        Args:
            record: the folder of the record that would take it.

        Returns:
            True where the run was begun in this record, or in one that is not there any more, or nobody knows.
        """
        self.check_writer()
        writer = self.head or self._writer
        begun_in = Path(writer.record if writer is not None else "")
        return not begun_in.name or not begun_in.is_dir() or (record.is_dir() and begun_in.samefile(record))


def lives(pid: int, start: str) -> bool:
    """Tell whether a process is there.

    Args:
        pid: its number, 0 where that is not known.
        start: when it began, as the system says it, empty where that is not known.
    """
    if pid <= 0:
        return False
    try:
        line = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        if Path("/proc/self/stat").exists():
            return False
    else:
        facts = line.rpartition(b")")[2].split()
        # What is dead and only waits for its parent to ask is called Z.
        return facts[0] != b"Z" and (not start or facts[19].decode("ascii") == start)
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def run_folders(journals: Path) -> Iterator[Path]:
    """List the folders of runs, oldest first.

    Args:
        journals: the folder they are in, which may not exist.
    """
    with contextlib.suppress(NotPrivateError):
        yield from (journals / name for name in sorted(list_folder(journals), key=lambda name: name.partition("_")[2]))


def journals_in(folder: Path) -> list[Path]:
    """List the journals of a run, the main process's first: what it waits for has ended when it has.

    Args:
        folder: of the run, which may not exist.

    Returns:
        Their paths, without what is not this user's alone: see :func:`left_alone`.
    """
    with contextlib.suppress(NotPrivateError):
        names = sorted(_journal_names(folder), key=lambda name: (name != MAIN_JOURNAL, name))
        return [folder / name for name in names if is_private(folder / name)]
    return []


def _journal_names(folder: Path) -> list[str]:
    return [name for name in list_folder(folder) if name.endswith(JOURNAL_SUFFIX)]


def left_alone(journals: Path) -> list[str]:
    """Say of each journal and folder of a run that is not this user's alone why it is not read, one sentence each.

    Args:
        journals: the folder of the runs' folders, which may not exist.
    """
    problems: list[str] = []
    try:
        folders = [journals / name for name in list_folder(journals)]
    except NotPrivateError as error:
        return [str(error)]
    for folder in folders:
        try:
            for name in _journal_names(folder):
                os.close(open_file(folder / name, os.O_RDONLY))
        except NotPrivateError as error:  # noqa: PERF203 - each on its own
            problems.append(str(error))
        except OSError:
            continue  # it went meanwhile
    return problems
