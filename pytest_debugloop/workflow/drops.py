"""What was not recorded of the calls of a test or a program: counted by reason, in forks of the process too."""

from __future__ import annotations

import atexit
import mmap
import os
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from pytest_debugloop.text.ci_log import harmless
from pytest_debugloop.text.words import counted

_SLOTS = 512  # of eight bytes each
_getpid = os.getpid
_stderr = sys.stderr

LIMIT = "beyond debugloop_max_checkpoints for one test"
SIZE = "beyond the size of all states of one test"
LATE = "after the end of their test"
ENDED = "after the end of the run"
FORK = "in a forked child process"
FAULT = "because of an error of ours"
ARTIFACT_SIZE = "larger than debugloop_max_artifact_bytes"
ARTIFACT_TOTAL = "beyond the size of all artifacts of a process"
ARTIFACT_UNREADABLE = "could not be read"
_ARTIFACTS = (ARTIFACT_SIZE, ARTIFACT_TOTAL, ARTIFACT_UNREADABLE)


class Drops:
    """Counts what is not recorded, and says it once.

    Args:
        pid: of this process.
    """

    __slots__ = ("_counts", "_first_fault", "_is_told", "_pid", "_shared")

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._counts: Counter[str] = Counter()
        self._first_fault = ""
        self._is_told = False
        # Forks of this process count here: shared memory without a name or a descriptor.
        self._shared = mmap.mmap(-1, 8 * _SLOTS)

    def add(self, reason: str) -> None:
        """Count one call.

        Args:
            reason: one of the constants above.
        """
        pid = _getpid()
        if pid != self._pid:
            place = 8 * (pid % _SLOTS)
            number = int.from_bytes(self._shared[place : place + 8], "little") + 1
            self._shared[place : place + 8] = number.to_bytes(8, "little")
            return
        self._counts[reason] += 1
        if self._is_told:
            self._is_told = False
            atexit.register(self._tell_late)

    def add_fault(self, fault: BaseException) -> None:
        """Count a call that an error of ours has ended.

        Args:
            fault: the error.
        """
        self._first_fault = self._first_fault or f"{type(fault).__name__}: {fault}"[:500]
        self.add(FAULT)

    def take(self) -> tuple[dict[str, int], str]:
        """Give what was dropped since this was last asked: how many calls for each reason, and our first error."""
        counts, self._counts = self._counts, Counter()
        self._is_told = True
        forked = sum(self._shared[place] << 8 * (place % 8) for place in range(8 * _SLOTS))
        if forked:
            self._shared[:] = bytes(8 * _SLOTS)
            counts[FORK] += forked
        return dict(counts), self._first_fault

    def _tell_late(self) -> None:
        _tell(sentences_of(*self.take()))


def sentences_of(counts: Mapping[str, int], first_fault: str) -> list[str]:
    """Say what was dropped, one sentence for each kind.

    Args:
        counts: how many calls for each reason.
        first_fault: the first of our errors, empty for none.
    """
    told = []
    artifacts = {reason: number for reason, number in counts.items() if reason in _ARTIFACTS}
    calls = {reason: number for reason, number in counts.items() if reason not in _ARTIFACTS}
    for what, found in (("call", calls), ("artifact", artifacts)):
        if total := sum(found.values()):
            why = ", ".join(f"{number:,} {reason}" for reason, number in found.items())
            name = f"{counted(total, what)} of debugloop" if what == "call" else counted(total, what)
            told.append(f"{name} {'were' if total > 1 else 'was'} not recorded ({why}).")
    if FAULT in counts:
        told.append(f"the first of these errors: {first_fault}; please report this.")
    return told


def _tell(sentences: list[str]) -> None:
    """Say it where no summary comes any more."""
    stream = sys.stderr or _stderr
    if stream is not None and sentences:
        with suppress(OSError, ValueError):
            stream.write("".join(harmless(f"debugloop: {sentence}") + "\n" for sentence in sentences))
