"""What the command, and a program that it runs, print where a CI may read it: nothing of it is a command to the CI."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, TextIO, cast

from pytest_debugloop.text.ci_log import Lines, is_ci

if TYPE_CHECKING:
    from typing_extensions import Buffer


class GuardedBuffer(io.BufferedIOBase):
    """The binary part of a standard stream, with what a CI would take for a command spelt out.

    Args:
        stream: where it goes.

    Attributes:
        buffer: the binary part of that.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream  # which closes its buffer when nobody has it any more
        self.buffer = cast(IO[bytes], stream.buffer)
        self._lines = Lines()

    def write(self, data: Buffer, /) -> int:
        """Write the next piece."""
        piece = bytes(data)
        self.buffer.write(self._lines.harmless(piece))
        return len(piece)

    def flush(self) -> None:
        """Write out what the stream itself holds back."""
        if not self.buffer.closed:
            self.buffer.flush()

    def close(self) -> None:
        """Leave the stream open: it is not ours."""

    def writable(self) -> bool:
        """Say yes."""
        return True

    def isatty(self) -> bool:
        """Tell whether the stream goes to a terminal."""
        return self.buffer.isatty()

    def fileno(self) -> int:
        """Give the number of the stream."""
        return self.buffer.fileno()

    @property
    def name(self) -> object:
        """The name of the stream."""
        return self.buffer.name


def guard_output() -> None:
    """Guard standard output and error of this process, unless a person looks at them; no view needs to think of it."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and (is_ci() or not stream.isatty()):
            guarded: TextIO = io.TextIOWrapper(
                GuardedBuffer(stream),
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=stream.line_buffering,
                write_through=True,
            )
            setattr(sys, name, guarded)


def output_for_data() -> IO[bytes]:
    """Give standard output for data in a form of their own, which only a log of a CI could take for anything else."""
    buffer = sys.stdout.buffer
    if isinstance(buffer, GuardedBuffer) and not (is_ci() and _is_of_log(buffer.fileno())):
        return buffer.buffer
    return buffer


def run_guarded(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run a program that prints what is recorded; in a CI, what it would take for a command is spelt out.

    Args:
        command: the program and its arguments.
        environ: its environment.

    Returns:
        Its exit status; the number of a signal that ended it, negative.
    """
    numbers = [number for number in (1, 2) if is_ci() and _is_of_log(number)]
    pipes = {number: os.pipe() for number in numbers}
    try:
        out, err = (pipes[number][1] if number in pipes else None for number in (1, 2))
        process = subprocess.Popen(command, env=environ, stdout=out, stderr=err)
    finally:
        for _, end in pipes.values():
            os.close(end)
    copies = [threading.Thread(target=_copy, args=(pipes[number][0], number)) for number in numbers]
    for copy in copies:
        copy.start()
    status = process.wait()
    for copy in copies:
        copy.join()
    return status


def _copy(source: int, target: int) -> None:
    lines = Lines()
    with open(source, "rb", buffering=0) as pipe, open(target, "wb", buffering=0, closefd=False) as out:
        is_read = True
        while piece := pipe.read(65_536):
            if is_read:
                is_read = _is_written(out, lines.harmless(piece))


def _is_written(out: IO[bytes], data: bytes) -> bool:
    """Write all of it; give False where nobody reads it any more: the program is not to hang for that."""
    try:
        while data:
            data = data[out.write(data) :]
    except OSError:
        return False
    return True


def _is_of_log(number: int) -> bool:
    """Tell whether a descriptor may lead into a log: a terminal or a pipe does, a file that was named does not."""
    try:
        return not stat.S_ISREG(os.fstat(number).st_mode)
    except OSError:
        return False
