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

from pytest_debugloop.journal.losses import REMEDY, LeftFile, Loss
from pytest_debugloop.journal.own_file import OwnFile, TakenAwayError, no_space
from pytest_debugloop.private import open_folder
from pytest_debugloop.system import System, what_changed

_HELD_BACK_LIMIT = 16 * 1024 * 1024
_MOST_SPARES = 5  # a chain of them: what cleans the first folder may clean the second
_NO_DISK_TROUBLE = {errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.EBADF, errno.ENOENT}


class Journal:
    """Appends lines; whatever becomes of its file, it never raises.

    Args:
        path: the file, which must not exist; its folder does.
        header: the first line.
        spare: a file in another place, best on another disk, taken where the first can no longer be written.

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
        "_file",
        "_full",
        "_header",
        "_held_back",
        "_is_closed",
        "_is_nameless",
        "_lines",
        "_spare",
        "_spares",
        "_torn",
        "cut_lines",
        "lost_lines",
        "problem",
        "remedy",
    )

    def __init__(self, path: Path, header: bytes, spare: Path | None = None) -> None:
        self.problem: str | None = None
        self.remedy = ""
        self.lost_lines = 0
        self.cut_lines = 0
        self._header = header
        self._spare = spare
        self._spares = 0
        self._lines = 0  # behind the header
        self._held_back = b""
        self._full: LeftFile | None = None  # as the disk was full
        self._torn = False
        self._is_closed = False
        self._is_nameless = False
        try:
            self._file = OwnFile.made(path, header)
        except FileExistsError:
            raise
        except OSError as error:
            if spare is None:
                raise
            self._tell(path, error)
            self._file = self._made_spare(header)

    @property
    def path(self) -> Path:
        """The file, or the one that took its place."""
        return self._file.path

    def left(self) -> LeftFile:
        """Tell what is in the file, for whoever looks at it when this process writes it no more."""
        # One that has lost its name was told already, and is not looked for.
        return LeftFile(str(self.path), 0 if self._is_nameless else self._file.size, self._lines)

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
        if self._held_back or self._torn:
            self._hold_back(lines)
            return
        try:
            written = self._file.append(lines)
        except OSError:
            written = -1
        if written == len(lines):
            self._lines += lines.count(b"\n")
        else:
            self._torn = written > 0
            self._hold_back(lines)

    def end(self, lines: bytes) -> None:
        """Append the last lines, and close the file; one that was moved meanwhile is made again before.

        Args:
            lines: as :meth:`append` takes them.
        """
        if not self._is_closed and not what_changed():
            try:
                self._file.find_in_place()
            except TakenAwayError as trouble:
                with contextlib.suppress(OSError):
                    self._begin_again(trouble)
        self.append(lines)
        if self._is_nameless:
            self.cut_lines += self._lines
        else:
            self._look_back()
        self.close()

    def _look_back(self) -> None:
        """See what became of the file that was full."""
        loss = None if self._full is None else self._full.loss()
        if loss is not None:
            self.cut_lines += loss.cut_lines
            self.problem = loss.problem
            self.remedy = loss.remedy

    def close(self) -> None:
        """Try what was held back once more, count as lost what the disk still refuses, and close the file."""
        if self._held_back:
            self._hold_back(b"")
        if self._held_back:
            self.lost_lines += self._held_back.count(b"\n")
            self._held_back = b""
            self._file.say_that_it_ends()
        self.let_go()

    def let_go(self) -> None:
        """Close the descriptor only: a fork would keep its parent's lock by it."""
        self._is_closed = True
        self._file.close()

    # -- where not all is as it was ---------------------------------------------------------------------------------

    def _hold_back(self, lines: bytes) -> None:
        """Keep lines until they are written, and try to write all that is kept."""
        if self._is_closed:
            self.lost_lines += lines.count(b"\n")
            return
        pending = self._held_back + lines
        if len(pending) > _HELD_BACK_LIMIT:
            cut = pending.rfind(b"\n", 0, _HELD_BACK_LIMIT) + 1
            self.lost_lines += pending.count(b"\n", cut)
            pending = pending[:cut]
        self._held_back = pending
        try:
            if not self._is_written():
                self._is_written()  # in another file
        except OSError as error:
            self._tell(self.path, error)

    def _is_written(self) -> bool:
        """Write what was held back; give False where that can be tried in another file now.

        Raises:
            OSError: it cannot be written.
        """
        try:
            self._torn = not self._file.find() or self._torn
        except TakenAwayError as trouble:
            self._begin_again(trouble)
        # A torn line is ended first: the reader sets it aside, and the whole line follows.
        data = b"\n" + self._held_back if self._torn else self._held_back
        try:
            written = self._file.append(data)
            if written < 0:  # no other than a moment ago
                return False
            if written != len(data):
                self._torn = True
                raise no_space()
        except OSError as error:
            if self._spares:
                raise
            try:
                spare = self._made_spare(self._header)
            except OSError:
                raise error from None
            self._tell(self.path, error)
            self._full = self.left()
            self._change_to(spare)
            return False
        self._torn = False
        self._lines += self._held_back.count(b"\n")
        self._held_back = b""
        return True

    def _begin_again(self, trouble: TakenAwayError) -> None:
        """Go on in the spare file, with all that can still be read of this one.

        Raises:
            OSError: there is none to go on in.
        """
        path = self.path
        left = self._lines_left()
        copies = trouble.is_ours_alone and left > 0
        try:
            spare = self._made_spare(self._file if copies else self._header)
            is_torn = not spare.ends_a_line()
        except OSError as error:
            if not trouble.is_ours_alone:
                raise
            self._file.stay_without_name()
            self._is_nameless = True
            self.problem = (
                f"{path} was {trouble.what} during the run, and no other journal could be created ({error.strerror})"
            )
            return
        self._is_nameless = False
        self.cut_lines += self._lines - left
        self._lines = left if copies else 0
        self._change_to(spare)
        self._torn = is_torn
        self.problem = f"{path} was {trouble.what} during the run, and recording continued in {spare.path}"
        self.remedy = REMEDY

    def _lines_left(self) -> int:
        try:
            return min(self._file.lines_behind(self._header), self._lines)
        except OSError:
            return 0

    def _made_spare(self, content: bytes | OwnFile) -> OwnFile:
        """Make the file that takes the place of this one.

        Raises:
            OSError: it cannot be made.
        """
        if self._spare is None or self._spares == _MOST_SPARES:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        spare = self._spare.with_stem(self._spare.stem + "-spare" * self._spares)
        System.close(open_folder(spare.parent, make=True))
        made = OwnFile.made(spare, content)
        self._spares += 1
        return made

    def _change_to(self, file: OwnFile) -> None:
        self._file.close()
        self._file = file
        self._torn = False

    def _tell(self, path: Path, error: OSError) -> None:
        if error.errno in _NO_DISK_TROUBLE:
            if self.problem is None:
                self.problem = f"{path} was closed by a test, and could not be opened again ({error.strerror})"
        else:
            self.problem = f"cannot write to {path} ({error.strerror})"
            self.remedy = "free some space"
