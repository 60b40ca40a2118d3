"""Where an export goes: a file that is there whole or not at all, or standard output."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar, cast

from pytest_debugloop.cli.safe_output import output_for_data
from pytest_debugloop.errors import OutputExistsError
from pytest_debugloop.text.printable import printable

T = TypeVar("T")


@contextmanager
def opened(path: Path | None, *, force: bool = False) -> Iterator[IO[str]]:
    """Open what an export is written to, in UTF-8 and with line ends as they are written.

    Args:
        path: of the file; None for standard output, which on a terminal gets nothing that would act on it.
        force: whether to write over a file that is there.

    Yields:
        A text file. A file appears under its name when all went well; otherwise nothing of it stays.

    Raises:
        OutputExistsError: the file is there, and it is not forced.
        OSError: it cannot be written.
    """
    if path is None:
        yield from _standard_output()
    elif path.exists() and not path.is_file():  # a pipe or a device
        with path.open("w", encoding="utf-8", newline="") as file:
            yield file
    else:
        yield from _file(path, force=force)


def _standard_output() -> Iterator[IO[str]]:
    if sys.stdout.isatty():
        yield cast(IO[str], _Terminal())
        return
    sys.stdout.flush()
    out = io.TextIOWrapper(output_for_data(), encoding="utf-8", errors="backslashreplace", newline="")
    try:
        yield out
        out.flush()
    finally:
        with contextlib.suppress(OSError, ValueError):
            out.detach()


class _Terminal(io.TextIOBase):
    """Writes to standard output, with what would act on a terminal spelt out."""

    def write(self, text: str) -> int:
        sys.stdout.write(printable(text, lines=True))
        return len(text)

    def isatty(self) -> bool:
        return True


def _file(path: Path, *, force: bool) -> Iterator[IO[str]]:
    if path.exists() and not force:
        raise OutputExistsError(path=printable(str(path)))
    path = path.resolve()
    part = path.with_name(f".debugloop-{secrets.token_hex(8)}.part")
    try:
        with part.open("x", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if force:
            part.replace(path)
        else:
            _appear(part, path)
    finally:
        part.unlink(missing_ok=True)


def _appear(part: Path, path: Path) -> None:
    """Give a file its name, where nobody else has taken that meanwhile."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise OutputExistsError(path=printable(str(path))) from None
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
            raise
        part.replace(path)  # a file system without links


class Progress:
    """Says on a terminal how many runs are done, where the export itself does not go there.

    Args:
        out: what the export is written to.
    """

    def __init__(self, out: IO[str]) -> None:
        self._shown = sys.stderr.isatty() and not out.isatty()
        self._stack = ExitStack()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._stack.close()

    def watched(self, runs: Iterator[T]) -> Iterator[T]:
        """Give the runs, and tell the number of each.

        Args:
            runs: that are exported.
        """
        if not self._shown:
            yield from runs
            return
        from pytest_debugloop.cli.output import make_console

        status = self._stack.enter_context(make_console(stderr=True).status("Exporting ..."))
        for number, run in enumerate(runs, 1):
            status.update(f"Exporting run {number:,} ...")
            yield run
