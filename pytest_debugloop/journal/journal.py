"""The append-only file of one process: it survives what kills the process.

Each append is one ``write`` to a descriptor without a buffer, so what was appended is in the kernel's hands when
:meth:`Journal.append` returns. One ``fstat`` before it tells whether the descriptor is still of our file, and whether
that is still there and as long as we left it.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from pytest_debugloop.journal.file import FileLostError, JournalFile, no_space
from pytest_debugloop.journal.losses import REMEDY, ClosedJournal, Loss
from pytest_debugloop.private import open_folder
from pytest_debugloop.system import System, identity_change

_UNWRITTEN_LIMIT = 16 * 1024 * 1024
_BETWEEN_CHECKS = 63  # each 64th write of many has the whole look at the file
_MAX_FALLBACKS = 5  # a chain of them: what cleans the first folder may clean the second
_NO_DISK_TROUBLE = {errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.EBADF, errno.ENOENT}


class Journal:
    """Appends lines; whatever becomes of its file, it never raises.

    Args:
        path: the file, which must not exist; its folder does.
        header: the first line.
        fallback: a file in another place, best on another disk, taken where the first can no longer be written.

    Attributes:
        lost_lines: how many lines are lost.
        cut_lines: how many more are lost where nobody had stored them before: somebody else removed them.
        problem: what became of the file, None where nothing did.
        remedy: what to do about it.

    Raises:
        FileExistsError: there is such a file.
        OSError: the file cannot be made, in neither place.
    """

    __slots__ = (
        "_fallback",
        "_fallbacks",
        "_file",
        "_full",
        "_header",
        "_is_closed",
        "_is_unlinked",
        "_lines",
        "_torn",
        "_unwritten",
        "_writes",
        "cut_lines",
        "lost_lines",
        "problem",
        "remedy",
    )

    def __init__(self, path: Path, header: bytes, fallback: Path | None = None) -> None:
        self.problem: str | None = None
        self.remedy = ""
        self.lost_lines = 0
        self.cut_lines = 0
        self._header = header
        self._fallback = fallback
        self._fallbacks = 0
        self._lines = 0  # after the header
        self._writes = 0  # with the cheaper look
        self._unwritten = b""
        self._full: ClosedJournal | None = None  # as the disk was full
        self._torn = False
        self._is_closed = False
        self._is_unlinked = False
        try:
            self._file = JournalFile.create(path, header)
        except FileExistsError:
            raise
        except OSError as error:
            if fallback is None:
                raise
            self._note_problem(path, error)
            self._file = self._create_fallback(header)

    @property
    def path(self) -> Path:
        """The file, or the one that took its place."""
        return self._file.path

    def left(self) -> ClosedJournal:
        """Tell what is in the file, for whoever looks at it when this process writes it no more."""
        # One that has lost its name was reported already, and is not looked for.
        return ClosedJournal(str(self.path), 0 if self._is_unlinked else self._file.size, self._lines)

    @property
    def loss(self) -> Loss | None:
        """What became of the file, what that cost and what to do; None where there is nothing to tell."""
        if self.problem is None or not (self.lost_lines or self.cut_lines or self.remedy):
            return None
        return Loss(self.problem, self.lost_lines, self.cut_lines, self.remedy)

    def append(self, lines: bytes) -> None:
        """Write whole lines.

        Args:
            lines: one or more, each with its newline. Where the disk refuses them they are kept in memory and
                tried again with the next, up to 16 MiB; what is beyond is counted in ``lost_lines``.
        """
        if self._unwritten or self._torn:
            self._write_later(lines)
            return
        try:
            written = self._file.append(lines)
        except OSError:
            written = -1
        if written == len(lines):
            self._lines += lines.count(b"\n")
        else:
            self._torn = written > 0
            self._write_later(lines)

    def append_soon(self, text: str, count: int) -> None:
        """Write lines a moment after others, with a cheaper look at the file.

        Args:
            text: as :meth:`append` takes them, but for being text, of ASCII alone.
            count: how many lines these are: to count them takes a tenth of what a test costs.
        """
        lines = text.encode("ascii")
        self._writes = writes = self._writes + 1
        if not writes & _BETWEEN_CHECKS or self._unwritten or self._torn:
            self.append(lines)
            return
        try:
            written = self._file.append_soon(lines)
        except OSError:
            written = -1
        if written == len(lines):
            self._lines += count
        else:
            self._torn = written > 0
            self._write_later(lines)

    def end(self, lines: bytes) -> None:
        """Append the last lines, and close the file; one that was moved meanwhile is made again before.

        Args:
            lines: as :meth:`append` takes them.
        """
        if not self._is_closed and not identity_change():
            try:
                self._file.check_path()
            except FileLostError as trouble:
                with contextlib.suppress(OSError):
                    self._switch_to_fallback(trouble)
        self.append(lines)
        if self._is_unlinked:
            self.cut_lines += self._lines
        else:
            self._check_full_file()
        self.close()

    def _check_full_file(self) -> None:
        """See what became of the file that was full."""
        loss = None if self._full is None else self._full.loss()
        if loss is not None:
            self.cut_lines += loss.cut_lines
            self.problem = loss.problem
            self.remedy = loss.remedy

    def close(self) -> None:
        """Try what was held back once more, count as lost what the disk still refuses, and close the file."""
        if self._unwritten:
            self._write_later(b"")
        if self._unwritten:
            self.lost_lines += self._unwritten.count(b"\n")
            self._unwritten = b""
            self._file.mark_as_ended()
        self.close_descriptor()

    def close_descriptor(self) -> None:
        """Close the descriptor only: a fork would keep its parent's lock by it."""
        self._is_closed = True
        self._file.close()

    # -- where not all is as it was ---------------------------------------------------------------------------------

    def _write_later(self, lines: bytes) -> None:
        """Keep lines until they are written, and try to write all that is kept."""
        if self._is_closed:
            self.lost_lines += lines.count(b"\n")
            return
        pending = self._unwritten + lines
        if len(pending) > _UNWRITTEN_LIMIT:
            cut = pending.rfind(b"\n", 0, _UNWRITTEN_LIMIT) + 1
            self.lost_lines += pending.count(b"\n", cut)
            pending = pending[:cut]
        self._unwritten = pending
        try:
            if not self._is_written():
                self._is_written()  # in another file
        except OSError as error:
            self._note_problem(self.path, error)

    def _is_written(self) -> bool:
        """Write what was held back; give False where that can be tried in another file now.

        Raises:
            OSError: it cannot be written.
        """
        try:
            self._torn = not self._file.check() or self._torn
        except FileLostError as trouble:
            self._switch_to_fallback(trouble)
        # A torn line is ended first: the reader sets it aside, and the whole line follows.
        data = b"\n" + self._unwritten if self._torn else self._unwritten
        try:
            written = self._file.write(data)
            if written != len(data):
                self._torn = True
                raise no_space()
        except OSError as error:
            if self._fallbacks:
                raise
            try:
                fallback = self._create_fallback(self._header)
            except OSError:
                raise error from None
            self._note_problem(self.path, error)
            self._full = self.left()
            self._replace_file(fallback)
            return False
        self._torn = False
        self._lines += self._unwritten.count(b"\n")
        self._unwritten = b""
        return True

    def _switch_to_fallback(self, trouble: FileLostError) -> None:
        """Go on in the fallback file, with all that can still be read of this one.

        Raises:
            OSError: there is none to go on in.
        """
        path = self.path
        left = self._lines_left()
        copies = trouble.is_ours_alone and left > 0
        try:
            fallback = self._create_fallback(self._file if copies else self._header)
            is_torn = not fallback.ends_with_newline()
        except OSError as error:
            if not trouble.is_ours_alone:
                raise
            self._file.continue_unlinked()
            self._is_unlinked = True
            self.problem = (
                f"{path} was {trouble.what} during the run, and no other journal could be created ({error.strerror})"
            )
            return
        self._is_unlinked = False
        self.cut_lines += self._lines - left
        self._lines = left if copies else 0
        self._replace_file(fallback)
        self._torn = is_torn
        self.problem = f"{path} was {trouble.what} during the run, and recording continued in {fallback.path}"
        self.remedy = REMEDY

    def _lines_left(self) -> int:
        try:
            return min(self._file.count_lines(self._header), self._lines)
        except OSError:
            return 0

    def _create_fallback(self, content: bytes | JournalFile) -> JournalFile:
        """Make the file that takes the place of this one.

        Raises:
            OSError: it cannot be made.
        """
        if self._fallback is None or self._fallbacks == _MAX_FALLBACKS:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        fallback = self._fallback.with_stem(self._fallback.stem + "-spare" * self._fallbacks)
        System.close(open_folder(fallback.parent, make=True))
        made = JournalFile.create(fallback, content)
        self._fallbacks += 1
        return made

    def _replace_file(self, file: JournalFile) -> None:
        self._file.close()
        self._file = file
        self._torn = False

    def _note_problem(self, path: Path, error: OSError) -> None:
        if error.errno in _NO_DISK_TROUBLE:
            if self.problem is None:
                self.problem = f"{path} was closed by a test, and could not be opened again ({error.strerror})"
        else:
            self.problem = f"cannot write to {path} ({error.strerror})"
            self.remedy = "free some space"
