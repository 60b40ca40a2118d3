"""A terminal of some width, with the command in it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.conftest import clean_environment

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
    folder: Path, *arguments: str, columns: int = 80, keys: str = "", timeout: float = 60, **more: Any
) -> Seen:
    """Run the command in a terminal of its own."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 200, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_debugloop", *arguments],
        cwd=folder,
        env=clean_environment(**more),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    if keys:
        os.write(controller, keys.encode())
    output = b""
    deadline = time.monotonic() + timeout
    with contextlib.suppress(OSError):  # the terminal is gone with its last process
        while time.monotonic() < deadline:
            if select.select([controller], [], [], 0.1)[0]:
                block = os.read(controller, 65536)
                if not block:
                    break
                output += block
    os.close(controller)
    process.wait(timeout)
    return Seen(process.returncode, output.decode("utf-8").replace("\r\n", "\n"))


def width_of(line: str) -> int:
    """Count the columns of a line."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
