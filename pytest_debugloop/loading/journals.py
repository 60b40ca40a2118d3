"""Journals as the loader sees them: files that grow, end, or are left behind."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from pytest_debugloop.handover import MAIN_JOURNAL, SUFFIX
from pytest_debugloop.journal import is_being_written
from pytest_debugloop.private import NotPrivateError, is_private, names_in, open_file, read_file
from pytest_debugloop.records import JOURNAL_FORMAT

MAX_CHUNK = 8 * 1024 * 1024
_SNAPSHOT_LINE = b'{"kind":"snapshot"'
_ID_MASK = (1 << 61) - 1


@dataclass(frozen=True, slots=True)
class JournalHead:
    """Who wrote a journal: its first line, or what its path tells where that line is damaged.

    Attributes:
        id_base: the number that a record's ``n`` is added to in its id, as a signed 64-bit integer whose top two bits
            are the variant of RFC 9562.
        id_mark: two hexadecimal digits of its ids.
    """

    journal_id: uuid.UUID
    run_id: uuid.UUID
    correlation_id: uuid.UUID
    session_id: uuid.UUID | None
    project: str
    agent_name: str
    is_main: bool
    format: int = JOURNAL_FORMAT
    pid: int = 0
    process_start: str = ""

    @property
    def id_base(self) -> int:
        """What a record's ``n`` is added to."""
        return (self.journal_id.int & _ID_MASK) - (1 << 63)

    @property
    def id_mark(self) -> str:
        """Two hexadecimal digits of the journal's id."""
        return f"{(self.journal_id.int >> 64) & 0xFF:02x}"


@dataclass(slots=True)
class JournalFile:
    """One journal and how much of it is loaded."""

    path: Path
    head: JournalHead | None = None
    offset: int = 0
    finished: bool = False
    _tail: bytes = field(default=b"", repr=False)

    def opened(self) -> IO[bytes]:
        """Open the file to read it.

        Raises:
            OSError: it cannot be opened, or is not this user's alone.
        """
        return read_file(self.path)

    def read(self) -> bytes:
        """Read whole lines behind what is loaded, at most 8 MiB of them unless one line is longer.

        A snapshot stays with the error behind it: it is left for the next time while nothing follows it.

        Raises:
            OSError: the file cannot be read.
        """
        with self.opened() as file:
            file.seek(self.offset)
            data = file.read(MAX_CHUNK)
            while len(data) >= MAX_CHUNK and b"\n" not in data:
                more = file.read(MAX_CHUNK)
                if not more:
                    break
                data += more
        data = data[: data.rfind(b"\n") + 1]
        last = data.rfind(b"\n", 0, len(data) - 1) + 1
        if data.startswith(_SNAPSHOT_LINE, last) and last:
            data = data[:last]
        if self.head is None and data:
            self.head = head_of(self.path, data[: data.index(b"\n")])
        return data

    def read_rest(self) -> bytes:
        """Read all that is left of a journal that nobody writes any more, a torn last line included."""
        with self.opened() as file:
            file.seek(self.offset)
            data = file.read()
        if self.head is None and data:
            self.head = head_of(self.path, data.partition(b"\n")[0])
        return data

    def size(self) -> int:
        """Give the bytes that wait to be loaded."""
        with contextlib.suppress(OSError):
            return self.path.lstat().st_size - self.offset
        return 0

    def is_abandoned(self) -> bool:
        """Tell whether the process that wrote the journal is gone without having ended it.

        The lock says so; a process may lose it by reading its own journal, so its number is asked too.
        """
        try:
            if is_being_written(self.path):
                return False
        except OSError:
            return True
        return self.head is None or not _lives(self.head.pid, self.head.process_start)


def head_of(path: Path, line: bytes) -> JournalHead:
    """Read who wrote a journal.

    Args:
        path: of the journal; its folder is named after the run, and it after the process.
        line: its first line.

    Raises:
        ValueError: neither the line nor the path tells.
    """
    try:
        values: dict[str, Any] = json.loads(line)
        if values["kind"] == "run":
            return JournalHead(
                uuid.UUID(values["journal_id"]),
                uuid.UUID(values["run_id"]),
                uuid.UUID(values["correlation_id"]),
                uuid.UUID(values["session_id"]) if values.get("session_id") else None,
                str(values["project"])[:255],
                str(values["agent_name"])[:255],
                values["role"] == "main",
                int(values["format"]),
                int(values["pid"]),
                str(values["facts"].get("process_start", "")),
            )
    except (ValueError, LookupError, TypeError, AttributeError):
        pass
    correlation_id, _, run_id = path.parent.name.partition("_")
    run, stem = uuid.UUID(run_id), path.stem.removesuffix("-spare")
    agent = "pytest" if stem == "main" else f"pytest:{stem}"
    return JournalHead(uuid.uuid5(run, stem), run, uuid.UUID(correlation_id), None, "unknown", agent, stem == "main")


def _lives(pid: int, start: str) -> bool:
    if pid <= 0:
        return False
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        if Path("/proc/self/stat").exists():
            return False
    else:
        return not start or stat.rpartition(b")")[2].split()[19].decode("ascii") == start
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
        yield from (journals / name for name in sorted(names_in(journals), key=lambda name: name.partition("_")[2]))


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
    return [name for name in names_in(folder) if name.endswith(SUFFIX)]


def left_alone(journals: Path) -> list[str]:
    """Say of each journal and folder of a run that is not this user's alone why it is not read, one sentence each.

    Args:
        journals: the folder of the runs' folders, which may not exist.
    """
    told: list[str] = []
    try:
        folders = [journals / name for name in names_in(journals)]
    except NotPrivateError as error:
        return [str(error)]
    for folder in folders:
        try:
            for name in _journal_names(folder):
                os.close(open_file(folder / name, os.O_RDONLY))
        except NotPrivateError as error:  # noqa: PERF203 - each on its own
            told.append(str(error))
        except OSError:
            continue  # it went meanwhile
    return told
