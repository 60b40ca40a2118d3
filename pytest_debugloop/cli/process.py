"""The command as a process of the system: streams that may be closed, and signals that end it."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from pytest_debugloop.cli.safe_output import guard_output

_ENDING = (signal.SIGTERM, signal.SIGHUP)


def prepare_streams() -> None:
    """Make the standard streams usable: open those that are closed, and let each write letters that it does not have.

    Nothing that is printed from here on is a command to a CI that reads it.

    A closed output stays one that nothing can be written to, so that what is not written is an error, as in
    other tools. Left closed, its number would go to the next file that is opened, such as the connection to the server.
    """
    for number, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        if not _is_open(number):
            null = os.open(os.devnull, flags)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            os.set_inheritable(number, True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    guard_output()


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def flush_output() -> OSError | None:
    """Write out what standard output still holds, so that the end of the process has nothing to complain about.

    Returns:
        Why it cannot be written; None where it was.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
        return error
    return None


def end_orderly() -> None:
    """Let a request to end be an exit as any other, so that an embedded server is stopped and no half file stays."""
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one of them
            signal.signal(number, _exit)


def _exit(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


@contextmanager
def interrupts_left_to_child() -> Iterator[list[int]]:
    """Let Ctrl-C be the business of a program that has the terminal meanwhile.

    Yields:
        A list that gets the number of each interrupt.
    """
    seen: list[int] = []
    # A function and not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda number, _: seen.append(number))
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
