"""How much of a state is kept: each bound is a setting, and what goes beyond it is cut and said to be cut."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter, thread_time
from typing import TYPE_CHECKING

from pytest_debugloop.lazy import Data, dataclass

if TYPE_CHECKING:
    from pytest_debugloop.settings import Settings

# A thread that is kept waiting by other processes may take so many times what it is allowed.
_MAX_WAITING = 10.0
_MOST_OUTPUT = 100_000  # to look through more for secrets would take longer than most tests


@dataclass(frozen=True)
class Bounds(Data):
    """The bounds of one snapshot.

    Attributes:
        depth: levels of containers and attributes that are followed, below a name.
        items: of a container, or attributes of an object.
        characters: of a text, or bytes of bytes.
        frames: of one exception.
        size: bytes of the snapshot in the journal.
        milliseconds: of one snapshot, see :class:`Deadline`; the rest is cut, never the failure itself.
        names: locals of one frame.
        output: characters of captured output that are kept beside the state where it is too long for that.
    """

    depth: int = 6
    items: int = 50
    characters: int = 2_000
    frames: int = 50
    size: int = 256 * 1024
    milliseconds: float = 50.0
    names: int = 200
    output: int = _MOST_OUTPUT


def bounds_of(settings: Settings) -> Bounds:
    """Give the bounds that a user has set.

    Args:
        settings: of the run.
    """
    return Bounds(
        depth=settings.max_depth,
        items=settings.max_items,
        characters=settings.max_characters,
        frames=settings.max_frames,
        size=settings.max_snapshot_bytes,
        milliseconds=settings.max_snapshot_ms,
        output=min(settings.max_artifact_bytes, _MOST_OUTPUT),
    )


class Deadline:
    """The end of the time for one snapshot.

    What the thread computes counts. What it waits for other processes does not, up to ten times the time allowed: on a
    busy machine a failure would lose values that cost next to nothing.

    Args:
        milliseconds: allowed.
        clock: seconds; bound here, for a test may freeze the time.
        computed: seconds that this thread has computed, which costs a system call to know.

    Attributes:
        clock: the one it was given.
        end: until then, by that clock, the time is not up: who asks often compares by itself.
    """

    __slots__ = ("_computed", "_last", "_most", "clock", "end")

    def __init__(
        self,
        milliseconds: float,
        clock: Callable[[], float] = perf_counter,
        computed: Callable[[], float] = thread_time,
    ) -> None:
        seconds = milliseconds / 1000
        now = clock()
        self.clock = clock
        self._computed = computed
        self.end = now + seconds
        self._last = now + seconds * _MAX_WAITING
        self._most = computed() + seconds

    def is_over(self) -> bool:
        """Tell whether the time is up."""
        now = self.clock()
        return now > self.end and (now > self._last or self._computed() >= self._most)


def cut_text(size: int, limit: int, unit: str) -> str:
    """Say what was cut.

    Args:
        size: how much there was.
        limit: how much is kept.
        unit: of what.
    """
    return f"{size - limit:,} more of {size:,} {unit}"
