"""Time that tests cannot freeze."""

from __future__ import annotations

import time
from collections.abc import Callable
from time import perf_counter_ns, time_ns
from typing import Any, Final

# Two clocks are read together. Where another process came between, they are read again.
_TOGETHER_NS = 100_000
_READINGS = 10


def read_together(clock: Callable[[], int], counter: Callable[[], int], unit: int) -> tuple[int, int]:
    """Read two clocks at one moment, as nearly as a busy machine lets us.

    Args:
        clock: gives any time.
        counter: gives a time that only grows.
        unit: nanoseconds of one step of the counter.

    Returns:
        What each of them said.
    """
    best: tuple[int, int, int] | None = None
    for _ in range(_READINGS):
        before = counter()
        now = clock()
        gap = counter() - before
        if best is None or gap < best[0]:
            best = gap, now, before + gap // 2
        if gap * unit <= _TOGETHER_NS:
            break
    assert best is not None  # noqa: S101 - there was one reading
    return best[1:]


class Clock:
    """Microseconds since 1970-01-01 UTC, from one reading of the clock and a counter since.

    Attributes:
        now: gives the time. It holds the counter itself: freezegun and time-machine replace module attributes.
    """

    __slots__ = ("now",)

    def __init__(self) -> None:
        counter = perf_counter_ns
        wall, count = read_together(time_ns, counter, 1)
        anchor = (wall - count) // 1000

        def now() -> int:
            return anchor + counter() // 1000

        self.now: Final[Callable[[], int]] = now


def boot_facts(moment: int, now: Callable[[], int]) -> dict[str, Any]:
    """Say when it was by a clock that nobody sets: two runs on one machine keep their order whatever its date is.

    Args:
        moment: in microseconds, by the clock of the run.
        now: that clock.

    Returns:
        The machine's boot and the seconds since then, empty where the system tells neither.
    """
    try:
        # As bytes: a codec for text would be one more module to import.
        with open("/proc/sys/kernel/random/boot_id", "rb") as file:  # noqa: PTH123
            boot = file.read().strip().decode("ascii")
        clock = time.CLOCK_BOOTTIME
        since, read_at = read_together(lambda: time.clock_gettime_ns(clock), now, 1000)
    except (OSError, AttributeError, ValueError):
        return {}
    return {"boot_id": boot, "boot_seconds": round(since / 1e9 - (read_at - moment) / 1e6, 3)}
