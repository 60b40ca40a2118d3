"""Where in the history of a test its passes began to take longer, or less long."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_debugloop.answers.significance import Group, adjusted, student

_AFTER = 5
_BEFORE = 20
_LEAST = 3
_RATIO = 1.25
_MOST = 5
SIGNIFICANT = 0.01
"""The share of false ones; less than that of ``slow``, which takes the speed of each run out of its times."""


@dataclass(frozen=True, slots=True)
class DurationChange:
    """A place in a row of times.

    Attributes:
        place: of the first time after the change.
        ratio: of the times after it to those before.
        before_ms: geometric mean before.
        after_ms: geometric mean after.
        q_value: expected share of false discoveries among all places with a value up to this one.
    """

    place: int
    ratio: float
    before_ms: float
    after_ms: float
    q_value: float


def duration_changes(times: Sequence[float]) -> list[DurationChange]:
    """Compare, at each place of a row, five times with up to twenty before, by their logarithms, as ``slow`` does.

    Args:
        times: in milliseconds, the oldest first.

    Returns:
        Changes by a quarter or more that are significant, the surest of neighbours, in order; five at most.
    """
    logs = [math.log(max(time, 0.5)) for time in times]  # a time of 0 ms was rounded
    places, found = [], []
    for place in range(_LEAST, len(logs) - _LEAST + 1):
        before, after = _group(logs[max(place - _BEFORE, 0) : place]), _group(logs[place : place + _AFTER])
        if (compared := student(before, after)) is not None:
            places.append((place, before, after))
            found.append(compared)
    changes = [
        DurationChange(place, math.exp(one.difference), math.exp(before.mean), math.exp(after.mean), q_value)
        for (place, before, after), one, q_value in zip(
            places, found, adjusted([one.p_value for one in found]), strict=True
        )
        if q_value <= SIGNIFICANT and abs(one.difference) >= math.log(_RATIO)
    ]
    kept: list[DurationChange] = []
    for change in sorted(changes, key=lambda change: (change.q_value, -abs(math.log(change.ratio)))):
        if all(abs(change.place - other.place) > _AFTER for other in kept):
            kept.append(change)
    return sorted(kept[:_MOST], key=lambda change: change.place)


def _group(values: Sequence[float]) -> Group:
    mean = sum(values) / len(values)
    rounded = len(values) / 12 / math.exp(2 * mean)  # the variance of whole milliseconds: equal times vary by that
    return Group(len(values), float(len(values)), mean, sum((value - mean) ** 2 for value in values) + rounded)
