"""A file that this process alone appends to, while tests close descriptors, open their own, and clean folders."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pytest_debugloop.journal.lock import lock
from pytest_debugloop.private import open_file, remove, rename_file
from pytest_debugloop.system import System, identity_change

_LOWEST_DESCRIPTOR = 200  # out of the way of tests that close or count on low numbers
_CHUNK = 1024 * 1024
_LONGEST_END = 1024  # that is looked at before a write
_OPEN = os.O_RDWR | os.O_APPEND


class FileLostError(OSError):
    """The file is not what it was.

    Args:
        what: what became of it.
        is_ours_alone: whether our descriptor is all that leads to what it holds.
    """

    def __init__(self, what: str, *, is_ours_alone: bool = False) -> None:
        super().__init__(errno.ENOENT, what)
        self.what = what
        self.is_ours_alone = is_ours_alone


class JournalFile:
    """A file, known by device and inode, and how long it is.

    Args:
        path: of it.
        fd: a descriptor of it, which is ours from now on.
        size: its bytes.

    Attributes:
        path: of it.
        size: its bytes, as far as we have written it or found it longer.
    """

    __slots__ = ("_dev", "_end", "_fd", "_has_links", "_ino", "_name", "path", "size")

    def __init__(self, path: Path, fd: int, size: int) -> None:
        found = System.fstat(fd)
        self.path = path
        self._fd = fd
        self.size = size
        self._dev = found.st_dev
        self._ino = found.st_ino
        self._has_links = found.st_nlink > 0  # some file systems do not count them
        self._name = str(path)
        self._end = self._read_end()

    @classmethod
    def create(cls, path: Path, content: bytes | JournalFile) -> JournalFile:
        """Make a file that has its name once it is locked and holds its first line, so that nobody sees it without.

        Args:
            path: of it; nothing has this name.
            content: what it begins with, or a file to copy that may have lost its own name.

        Raises:
            FileExistsError: something has that name.
            OSError: it cannot be made.
        """
        new = path.with_name(path.name + ".new")
        fd = _high_descriptor(open_file(new, _OPEN | os.O_CREAT | os.O_EXCL))
        try:
            lock(fd)
            size = 0
            for chunk in [content] if isinstance(content, bytes) else content.chunks():
                size += len(chunk)
                if System.write(fd, chunk) != len(chunk):
                    raise no_space()
            rename_file(new, path.name)
            return cls(path, fd, size)
        except BaseException:
            System.close(fd)
            with contextlib.suppress(OSError):
                remove(new)
            raise

    def append(self, data: bytes) -> int:
        """Write after what is there, if it is as it was left.

        Args:
            data: to write.

        Returns:
            How much of it was written; -1 where the file, or the descriptor, is not as it was left: see :meth:`check`.

        Raises:
            OSError: nothing was written.
        """
        found = System.fstat(self._fd)
        if (
            found.st_size != self.size
            or found.st_ino != self._ino
            or found.st_dev != self._dev
            or (not found.st_nlink and self._has_links)
        ):
            return -1
        return self.write(data)

    def append_soon(self, data: bytes) -> int:
        """Write after what :meth:`append` has written a moment ago, if it is as it was left.

        What the file ends with tells that the descriptor is still of it and nobody has shortened it, and its name that
        nobody has removed it: in Python this costs a third of what :meth:`append` asks for. Only of a file that was
        removed and made again it knows nothing.

        Args:
            data: to write.

        Returns:
            As :meth:`append`; -1 also where nothing but its name is gone.

        Raises:
            OSError: nothing was written.
        """
        end = self._end
        if System.pread(self._fd, len(end) + 1, self.size - len(end)) != end or not System.access(self._name, 0):
            return -1
        written = System.write(self._fd, data)
        self.size += written
        self._end = data if written == len(data) < _LONGEST_END else data[:written][-_LONGEST_END:]
        return written

    def write(self, data: bytes) -> int:
        """Write after what is there, which has just been looked at.

        Args:
            data: to write.

        Returns:
            How much of it was written.

        Raises:
            OSError: nothing was written.
        """
        written = System.write(self._fd, data)
        self.size += written
        self._end = data if written == len(data) < _LONGEST_END else data[:written][-_LONGEST_END:]
        return written

    def _read_end(self) -> bytes:
        length = min(self.size, _LONGEST_END)
        return System.pread(self._fd, length, self.size - length)

    def check(self) -> bool:
        """See that the descriptor is of the file, and that the file is there and holds what it held.

        Returns:
            Whether it ends with whole lines.

        Raises:
            FileLostError: somebody has removed or shortened it.
            OSError: the descriptor is gone, and no other can be had.
        """
        found = self._status()
        if found is None:  # a test has closed it, and the number may be of a file of its own by now: it is left alone
            found = self._reopen()
        if not found.st_nlink and self._has_links:
            raise FileLostError("removed", is_ours_alone=True)
        if found.st_size < self.size:
            raise FileLostError("shortened")
        # It is longer where somebody else has written to it, or an interrupt came before we had counted.
        self.size = found.st_size
        self._end = self._read_end()
        return not self._end or self._end.endswith(b"\n")

    def check_path(self) -> None:
        """See that the file is where it was made.

        Raises:
            FileLostError: it is not, or not any more.
        """
        try:
            is_there = self._is_in_place()
        except OSError:
            return  # nobody can say
        if not is_there:
            found = self._status()
            is_moved = found is not None and found.st_nlink > 0
            raise FileLostError("moved away" if is_moved else "removed", is_ours_alone=found is not None)

    def continue_unlinked(self) -> None:
        """Go on in a removed file: its descriptor will do."""
        self._has_links = False

    def count_lines(self, header: bytes) -> int:
        """Count the lines after the first, none where that is not as it was, or nothing can be read any more.

        Args:
            header: the first line.

        Raises:
            OSError: it cannot be read.
        """
        if self._status() is None or System.pread(self._fd, len(header), 0) != header:
            return 0
        return sum(chunk.count(b"\n") for chunk in self.chunks()) - 1

    def ends_with_newline(self) -> bool:
        """Tell whether the last line is whole.

        Raises:
            OSError: it cannot be read.
        """
        return not self.size or System.pread(self._fd, 1, self.size - 1) == b"\n"

    def chunks(self) -> Iterator[bytes]:
        """Read the file from its start, also where it has no name any more.

        Raises:
            OSError: it cannot be read.
        """
        at = 0
        while chunk := System.pread(self._fd, _CHUNK, at):
            yield chunk
            at += len(chunk)

    def mark_as_ended(self) -> None:
        """Make the file one that is not to be written: that no more comes is shown so where no last line finds room."""
        if self._status() is not None:
            with contextlib.suppress(OSError):
                System.fchmod(self._fd, stat.S_IRUSR)

    def close(self) -> None:
        """Close the descriptor, if it is still of this file."""
        if self._status() is not None:
            with contextlib.suppress(OSError):
                System.close(self._fd)
        self._fd = -1

    def _status(self) -> os.stat_result | None:
        try:
            found = System.fstat(self._fd)
        except OSError:
            return None
        return found if self._is_same_file(found) else None

    def _is_same_file(self, found: os.stat_result) -> bool:
        return found.st_ino == self._ino and found.st_dev == self._dev

    def _is_in_place(self) -> bool:
        try:
            fd = open_file(self.path, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            return self._is_same_file(System.fstat(fd))
        finally:
            System.close(fd)

    def _reopen(self) -> os.stat_result:
        if changed := identity_change():
            raise PermissionError(errno.EACCES, f"a test {changed}")
        try:
            fd = open_file(self.path, _OPEN)
        except (FileNotFoundError, NotADirectoryError):
            raise FileLostError("removed") from None
        found = System.fstat(fd)
        if not self._is_same_file(found):
            System.close(fd)
            raise FileLostError("replaced")
        self._fd = _high_descriptor(fd)
        lock(self._fd)
        return found


def no_space() -> OSError:
    """Give the error of a write that the disk took only in part."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _high_descriptor(low: int) -> int:
    try:
        fd: int = System.duplicate(low, fcntl.F_DUPFD_CLOEXEC, _LOWEST_DESCRIPTOR)
    except OSError:
        return low
    System.close(low)
    return fd
