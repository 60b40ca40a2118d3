"""The time of a snapshot: what is computed counts, and not what other processes make it wait."""

from __future__ import annotations

from pytest_debugloop.capture.bounds import Deadline


class Times:
    """A clock, and what a thread has computed, both turned by hand; in seconds."""

    def __init__(self) -> None:
        self.clock = 0.0
        self.computed = 0.0
        self.deadline = Deadline(50, lambda: self.clock, lambda: self.computed)

    def is_over(self, clock: float, computed: float) -> bool:
        self.clock, self.computed = clock, computed
        return self.deadline.is_over()


def test_the_time_is_over_when_it_was_spent_on_computing() -> None:
    times = Times()
    assert not times.is_over(clock=0.05, computed=0.05)
    assert times.is_over(clock=0.051, computed=0.05)


def test_waiting_for_other_processes_takes_nothing_of_it() -> None:
    assert not Times().is_over(clock=0.4, computed=0.01)


def test_a_thread_that_is_never_let_run_ends_all_the_same() -> None:
    assert Times().is_over(clock=0.51, computed=0.01)
