"""The command as a process of the system: streams that may be closed, and signals that end it."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_ENDING = (signal.SIGTERM, signal.SIGHUP)


def prepare_streams() -> None:
    """Make the standard streams usable: open those that are closed, and let each write letters that it does not have.

    A closed output stays one that nothing can be written to, so that what is not told is an error, as in other tools.
    Left closed, its number would go to the next file that is opened, such as the connection to the server.
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
def undisturbed() -> Iterator[None]:
    """Put off Ctrl-C and requests to end until a block is over that must not be left half done.

    A second one is not put off: who asks twice is in earnest.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []
    before: dict[int, Callable[[int, FrameType | None], object]] = {}

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        if len(seen) > 1:
            before[number](number, frame)

    numbers: tuple[int, ...] = (signal.SIGINT, *_ENDING)
    for number in numbers:
        handler = signal.getsignal(number)
        if callable(handler):
            before[number] = handler
            signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if len(seen) == 1:
            signal.raise_signal(seen[0])


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
