"""The append-only file of one process: it survives what kills the process.

Each append is one ``write`` to a descriptor without a buffer, so what was appended is in the kernel's hands when
:meth:`Journal.append` returns. The process holds a POSIX record lock on its journal; the kernel lets go of it when
the process ends, however it ends, and forked children do not inherit it: so a reader can tell whether more may come.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from pytest_debugloop.private import open_file, open_folder

_HELD_BACK_LIMIT = 16 * 1024 * 1024
_LOWEST_DESCRIPTOR = 200  # out of the way of tests that close or count on low numbers

_write = os.write


class Journal:
    """Appends lines; whatever the disk does, it never raises.

    Args:
        path: the file, which must not exist; its folder does.
        header: the first line.
        spare: a file on another disk, taken where the first can no longer be written.

    Raises:
        OSError: the file cannot be made.
    """

    __slots__ = ("_fd", "_header", "_held_back", "_spare", "_torn", "lost_lines", "path", "problem")

    def __init__(self, path: Path, header: bytes, spare: Path | None = None) -> None:
        self.path = path
        self.problem: str | None = None
        self.lost_lines = 0
        self._header = header
        self._spare = spare
        self._held_back = b""
        self._torn = False
        self._fd = _open(path)
        self.append(header)

    def append(self, lines: bytes) -> None:
        """Write whole lines.

        Args:
            lines: one or more, each with its newline. Where the disk refuses them they are kept in memory and
                tried again with the next, up to 16 MiB; what is beyond is counted in ``lost_lines``.
        """
        if self._held_back or self._torn:
            self._append_behind(lines)
            return
        try:
            written = _write(self._fd, lines)
        except OSError as error:
            self._refused(lines, error)
        else:
            if written != len(lines):
                self._torn = True
                self._refused(lines, _no_space())

    def close(self) -> None:
        """Try what was held back once more, count as lost what the disk still refuses, and close the file."""
        if self._held_back:
            self._append_behind(b"")
        self.lost_lines += self._held_back.count(b"\n")
        self._held_back = b""
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _append_behind(self, lines: bytes) -> None:
        pending = self._held_back + lines
        self._held_back = b""
        # A torn line is ended first: the reader sets it aside, and the whole line follows.
        data = b"\n" + pending if self._torn else pending
        try:
            written = _write(self._fd, data)
        except OSError as error:
            self._refused(pending, error)
        else:
            self._torn = written != len(data)
            if self._torn:
                self._refused(pending, _no_space())

    def _refused(self, lines: bytes, error: OSError) -> None:
        self.problem = f"{self.path} could not be written ({error.strerror})"
        if self._reopened(error):
            self._append_behind(lines)
        else:
            self._hold_back(lines)

    def _hold_back(self, lines: bytes) -> None:
        if len(lines) <= _HELD_BACK_LIMIT:
            self._held_back = lines
        else:
            cut = lines.rfind(b"\n", 0, _HELD_BACK_LIMIT) + 1
            self._held_back = lines[:cut]
            self.lost_lines += lines.count(b"\n", cut)

    def _reopened(self, error: OSError) -> bool:
        """Open the file again where a test closed our descriptor; else go on in the spare file, once."""
        try:
            if error.errno == errno.EBADF:
                self._fd = _open(self.path, new=False)
                return True
            if self._spare is None:
                return False
            spare, self._spare = self._spare, None
            os.close(open_folder(spare.parent, make=True))
            fd = _open(spare)
            _write(fd, self._header)
        except OSError:
            return False
        with contextlib.suppress(OSError):
            os.close(self._fd)
        self._fd = fd
        self._torn = False
        self.path = spare
        return True


def _no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _open(path: Path, *, new: bool = True) -> int:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | (os.O_EXCL if new else 0)
    low = open_file(path, flags)
    try:
        fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, _LOWEST_DESCRIPTOR)
    except OSError:
        fd = low
    else:
        os.close(low)
    with contextlib.suppress(OSError):  # a file system without locks: the reader asks whether the process lives
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return fd


def is_being_written(path: Path) -> bool:
    """Tell whether the process that writes a journal still lives.

    Args:
        path: the journal.

    Raises:
        OSError: the journal cannot be opened.
    """
    fd = open_file(path, os.O_RDWR)
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False
