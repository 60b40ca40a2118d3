"""Processes that are started: here, or in a session of their own, to be stopped with all that they started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

_PATIENCE = 3.0
_PROC = Path("/proc")


def start(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], output: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a process that reads nothing.

    Args:
        command: its command line.
        folder: to run it in.
        environment: its variables, all of them.
        output: takes what it prints.

    Raises:
        OSError: it could not be started.
    """
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def start_here(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a process with this one's streams.

    Args:
        command: its command line.
        folder: to run it in.
        environment: its variables, all of them.

    Raises:
        OSError: it could not be started.
    """
    return subprocess.Popen(command, cwd=folder, env=environment)


def stop_all(process: subprocess.Popen[bytes], mark: str) -> None:
    """Stop a process group, and what left the group: first asked to, then killed.

    Args:
        process: the leader of its own group.
        mark: a variable and its value, as ``NAME=value``, which all that the process started has inherited.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        _signal_group(process.pid, number)
        for pid in _marked(mark):
            with contextlib.suppress(OSError):
                os.kill(pid, number)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            is_running = process.poll() is None or _has_group(process.pid) or any(_marked(mark))
            if not is_running:
                return
            time.sleep(0.02)


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, number)


def _has_group(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def _marked(mark: str) -> Iterator[int]:
    """Find the processes that have inherited a variable; none where the system has no ``/proc``."""
    wanted = os.fsencode(mark)
    for folder in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                yield int(folder.name)
