"""Where a test became slower."""

from __future__ import annotations

import random

import pytest

from pytest_debugloop.answers.duration_changes import duration_changes


def times(*parts: tuple[int, float], seed: int = 1) -> list[float]:
    scatter = random.Random(seed)
    return [mean * scatter.lognormvariate(0, 0.08) for count, mean in parts for _ in range(count)]


def test_the_place_where_a_test_became_slower_is_found() -> None:
    (change,) = duration_changes(times((30, 100), (20, 180)))
    assert abs(change.place - 30) <= 1
    assert change.ratio == pytest.approx(1.8, rel=0.1)
    assert (change.before_ms, change.after_ms) == pytest.approx((100, 180), rel=0.1)


def test_each_of_several_changes_is_found() -> None:
    found = duration_changes(times((25, 100), (25, 200), (25, 90)))
    assert [round(change.place / 25) for change in found] == [1, 2]
    assert [change.ratio > 1 for change in found] == [True, False]


@pytest.mark.parametrize("seed", range(20))
def test_times_that_only_scatter_have_no_change(seed: int) -> None:
    assert duration_changes(times((60, 100), seed=seed)) == []


@pytest.mark.parametrize(
    "given", [[], [1.0], [0.0] * 5, [0.0] * 40, [0.0, 1.0] * 20, [100.0] * 40, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]
)
def test_few_times_and_equal_ones_have_no_change(given: list[float]) -> None:
    assert duration_changes(given) == []


def test_exactly_equal_times_on_both_sides_are_a_change() -> None:
    assert [change.place for change in duration_changes([100.0] * 20 + [200.0] * 20)] == [20]
