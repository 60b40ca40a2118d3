"""When the lines of a run that goes on are loaded."""

from __future__ import annotations

import pytest

from pytest_debugloop.loading import pace
from pytest_debugloop.loading.pace import Pace


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def pause_after_batch(clock: Clock, seconds: float) -> float:
    """Give how long a run that is waited for is left alone after a batch that took some time."""
    subject = Pace(lambda: True)
    clock.now += 1
    assert subject.is_due(1)
    subject.begin_batch()
    clock.now += seconds
    subject.end_batch()
    begun = clock.now
    while not subject.is_due(1):
        clock.now += 0.05
    return clock.now - begun


@pytest.mark.parametrize(("took", "pause"), [(0.01, 0.3), (0.1, 1.0), (5.0, 2.0)])
def test_a_batch_takes_a_tenth_of_the_time_where_that_keeps_the_record_fresh(
    clock: Clock, took: float, pause: float
) -> None:
    assert pause_after_batch(clock, took) == pytest.approx(pause, abs=0.1)


def test_a_run_that_nobody_waits_for_is_loaded_seldom(clock: Clock) -> None:
    subject = Pace(lambda: False)
    clock.now += 4
    assert not subject.is_due(2_000_000)
    assert subject.is_due(20_000_000)
    clock.now += 2
    assert subject.is_due(1)
    assert not subject.is_due(0)


def test_what_is_waited_for_is_loaded_at_once(clock: Clock) -> None:
    answers = [False, True]
    subject = Pace(lambda: answers.pop(0))
    clock.now += 0.4
    assert not subject.is_due(1)
    clock.now += 0.4
    assert subject.is_due(1)
    clock.now += 0.4
    assert subject.is_due(1), "it is not asked again"
