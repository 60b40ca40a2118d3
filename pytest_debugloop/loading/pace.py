"""When the lines of a run that goes on are loaded: often enough to be read, and seldom enough not to be felt.

A batch takes some time for itself, and what loads shares the processor with the tests. A run that waits at its end is
to find little left to do; one that may end before it is stored waits for nothing, so most of the work comes after it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

_SECONDS = 0.3
_BYTES = 1_500_000
# Where a batch takes long, as on a busy machine, the next waits longer and is larger.
_LARGEST_SHARE = 0.1
_LONGEST_SECONDS = 2.0
# While nothing says that anybody will wait. If a test fails later, the run waits for all that came before, too.
_LATER_SECONDS = 5.0
_LATER_BYTES = 12_000_000


class Pace:
    """Says when it is time for a batch.

    Args:
        is_awaited: whether the run is going to wait for what is loaded; asked while it is not known that it is.
    """

    def __init__(self, is_awaited: Callable[[], bool]) -> None:
        self._ask = is_awaited
        self._is_awaited = False
        self._asked = self._loaded = time.monotonic()
        self._pause = _SECONDS

    def is_due(self, waiting: int) -> bool:
        """Tell whether it is time.

        Args:
            waiting: bytes that are not loaded yet.
        """
        now = time.monotonic()
        if not self._is_awaited and now - self._asked > _SECONDS:
            self._asked = now
            self._is_awaited = self._ask()
        pause, most = (self._pause, _BYTES) if self._is_awaited else (_LATER_SECONDS, _LATER_BYTES)
        return waiting > most or (waiting > 0 and now - self._loaded > pause)

    def begin_batch(self) -> None:
        """Note that a batch begins."""
        self._loaded = time.monotonic()

    def end_batch(self) -> None:
        """Note that it has ended, and wait accordingly."""
        now = time.monotonic()
        self._pause = min(max((now - self._loaded) / _LARGEST_SHARE, _SECONDS), _LONGEST_SECONDS)
        self._loaded = now
