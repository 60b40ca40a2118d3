"""Time that tests cannot freeze, and ids that sort by it."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from time import perf_counter_ns, time_ns
from typing import Final


class Clock:
    """Microseconds since 1970-01-01 UTC, from one reading of the clock and a counter since.

    Attributes:
        now: gives the time. It holds the counter itself: freezegun and time-machine replace module attributes.
    """

    __slots__ = ("now",)

    def __init__(self) -> None:
        counter = perf_counter_ns
        anchor = time_ns() // 1000 - counter() // 1000

        def now() -> int:
            return anchor + counter() // 1000

        self.now: Final[Callable[[], int]] = now


def uuid7(microseconds: int) -> uuid.UUID:
    """Make a UUID of version 7 (RFC 9562, section 5.7).

    Args:
        microseconds: since 1970-01-01 UTC.
    """
    value = (microseconds // 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def uuid_of(text: str, namespace: str) -> uuid.UUID:
    """Read a UUID, or make one (version 5) of any other text.

    Args:
        text: what the user gave.
        namespace: what keeps equal texts of different meaning apart.
    """
    try:
        return uuid.UUID(text)
    except ValueError:
        name = f"pytest-debugloop:{namespace}:{text}"
        # The environment may hold bytes that are no text, which uuid5 would not take.
        return uuid.uuid5(uuid.NAMESPACE_URL, name.encode("utf-8", "backslashreplace").decode("utf-8"))
