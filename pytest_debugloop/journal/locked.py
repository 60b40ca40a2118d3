"""A journal that several threads append to at once."""

from __future__ import annotations

from collections import deque
from threading import Lock as _Lock
from threading import get_ident
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_debugloop.journal.journal import Journal

_ident = get_ident  # a test may patch the module's


class LockedJournal:
    """Lets one thread at a time append; what a signal handler appends in the middle of that follows it.

    Args:
        journal: that is appended to only through this from now on.
    """

    __slots__ = ("_journal", "_late", "_lock", "_owner")

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = _Lock()
        self._owner = 0
        self._late: deque[bytes] = deque()

    def append(self, lines: bytes) -> None:
        """Write whole lines.

        Args:
            lines: as :meth:`Journal.append` takes them.
        """
        if self._owner == _ident():
            self._late.append(lines)
            return
        with self._lock:
            self._owner = _ident()
            try:
                self._journal.append(lines)
                self._append_late()
            finally:
                self._owner = 0

    def append_soon(self, text: str, count: int) -> None:
        """Write whole lines, as :meth:`append` does: the lock costs more than a look at the file.

        Args:
            text: as :meth:`Journal.append_soon` takes it.
            count: how many lines these are.
        """
        self.append(text.encode("ascii"))

    def _append_late(self) -> None:
        while self._late:
            self._journal.append(self._late.popleft())

    def end(self, lines: bytes) -> None:
        """Append the last lines, and close the file.

        Args:
            lines: as :meth:`Journal.append` takes them.
        """
        with self._lock:
            self._append_late()
            self._journal.end(lines)

    def close_descriptor(self) -> None:
        """Close the descriptor only, without the lock: in a fork nobody may be there to give it back."""
        self._journal.close_descriptor()
