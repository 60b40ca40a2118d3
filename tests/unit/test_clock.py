"""Clocks that belong together are read together, also where other processes come between."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pytest_debugloop.clock import Clock, boot_facts, read_together


def clocks(*moments: int) -> Callable[[], int]:
    """Both are the same clock here, and say when they are read."""
    left: Iterator[int] = iter(moments)
    return lambda: next(left)


def test_a_reading_that_another_process_came_between_is_read_again() -> None:
    both = clocks(0, 500_000_000, 500_000_010, 600_000_000, 600_000_020, 600_000_040)
    assert read_together(both, both, 1) == (600_000_020, 600_000_020)


def test_where_it_never_works_the_nearest_reading_counts() -> None:
    readings = [moment for start in range(10) for moment in (start * 10**9, start * 10**9 + (10 - start) * 10**7)]
    both = clocks(*(one for begin, now in zip(readings[::2], readings[1::2], strict=True) for one in (begin, now, now)))
    assert read_together(both, both, 1)[0] == readings[-1]


def test_what_lies_between_the_begin_of_a_run_and_the_reading_is_taken_off() -> None:
    now = Clock().now
    moment = now()
    early, late = boot_facts(moment, now), boot_facts(moment + 3_000_000, now)
    assert early["boot_id"] == late["boot_id"]
    assert round(late["boot_seconds"] - early["boot_seconds"]) == 3
