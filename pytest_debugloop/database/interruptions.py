"""Puts signals off while a server is started or stopped: what is left half done then would stay behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_Handler = Callable[[int, FrameType | None], object]


class Interruptions:
    """Ctrl-C and requests to end that came in a block of :func:`undisturbed`."""

    def __init__(self) -> None:
        self._came: list[int] = []
        self._before: dict[int, _Handler] = {}

    def __bool__(self) -> bool:
        """Tell whether any came that is still put off."""
        return bool(self._came)

    def allow(self) -> None:
        """Let the first of them do what it would have done; for moments at which nothing is half done.

        Raises:
            BaseException: what its handler raises, such as KeyboardInterrupt.
        """
        if self._came:
            number = self._came[0]
            self._came.clear()  # one of them is enough to end
            self._before[number](number, None)

    def _begin(self) -> None:
        for number in _NUMBERS:
            handler = signal.getsignal(number)
            if callable(handler):
                self._before[number] = handler
                signal.signal(number, self._note)

    def _end(self) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._note:  # what was let in may have set another one
                signal.signal(number, handler)
        self.allow()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came.append(number)


@contextmanager
def undisturbed() -> Iterator[Interruptions]:
    """Put off Ctrl-C and requests to end, however many, until a block is over that must not be left half done.

    Handlers of Python run in the main thread alone, so no other thread has anything to put off.

    Yields:
        What came meanwhile. Where the block waits for something, it looks there, and gives up.
    """
    interruptions = Interruptions()
    if threading.current_thread() is not threading.main_thread():
        yield interruptions
        return
    try:
        interruptions._begin()
        yield interruptions
    finally:
        interruptions._end()
