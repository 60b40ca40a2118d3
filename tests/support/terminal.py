"""A terminal of some width, with the command in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.commands import COMMAND, call_main
from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SGR = re.compile(r"\x1b\[[0-9;]*m")
# What else rich and pagers may send: erase in line, show and hide the cursor, a hyperlink is none of them.
ALLOWED = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\??\d*[hlKJA]|\r")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a terminal got, and how the command ended."""

    returncode: int
    raw: str

    @property
    def text(self) -> str:
        """What is to be read."""
        return ALLOWED.sub("", self.raw)


def in_terminal(
    folder: Path,
    *arguments: str,
    columns: int = 80,
    keys: str = "",
    timeout: float = 120,
    program: Sequence[str] = COMMAND,
    **more: Any,
) -> Seen:
    """Run the command, or another program, in a terminal of its own.

    Args:
        folder: to run it in.
        *arguments: of its command line.
        columns: of the terminal.
        keys: typed at the start.
        timeout: in seconds.
        program: and what stands in front of the arguments.
        **more: variables of its environment.
    """
    with _terminal(columns, keys) as (terminal, output):
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=folder,
            env=clean_environment(**more),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
    return Seen(status, output.text())


def called_in_terminal(folder: Path, *arguments: str, columns: int = 80, **more: Any) -> Seen:
    """Call the command in this process, with a terminal as its streams.

    Args:
        folder: to run it in.
        *arguments: of its command line.
        columns: of the terminal.
        **more: variables of its environment.
    """
    with _terminal(columns) as (terminal, output):
        status = call_main(folder, arguments, [terminal] * 3, clean_environment(**more))
    return Seen(status, output.text())


class _Output:
    """What comes out of a terminal, read by a thread while it lasts."""

    def __init__(self, controller: int) -> None:
        self._blocks: list[bytes] = []
        self._thread = threading.Thread(target=self._read, args=(controller,))
        self._thread.start()

    def _read(self, controller: int) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone with the last that has it open
            while block := os.read(controller, 65536):
                self._blocks.append(block)

    def join(self) -> None:
        self._thread.join()

    def text(self) -> str:
        return b"".join(self._blocks).decode("utf-8").replace("\r\n", "\n")


@contextlib.contextmanager
def _terminal(columns: int, keys: str = "") -> Iterator[tuple[int, _Output]]:
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 200, columns, 0, 0))
    if keys:
        os.write(controller, keys.encode())
    output = _Output(controller)
    try:
        yield terminal, output
    finally:
        os.close(terminal)
        output.join()
        os.close(controller)


def width_of(line: str) -> int:
    """Count the columns of a line."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
