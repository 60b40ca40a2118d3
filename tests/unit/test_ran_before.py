"""A difference in what ran before says more where somebody chose it than where chance did."""

from __future__ import annotations

import pytest

from pytest_debugloop.loading.recoveries.orders import order_change
from pytest_debugloop.loading.recoveries.ran_before import situation_of
from pytest_debugloop.loading.recoveries.weights import ALONE, LEFT_OUT, MORE_BEFORE, ODDS, ORDER, PROVEN, SUSPECT


@pytest.mark.parametrize(
    ("failing", "passing", "situation"),
    [
        (["bad", "a"], [], ALONE),
        ([], ["setter"], ALONE),
        (["a", "bad", "b"], ["a", "b"], LEFT_OUT),
        (["a"], ["a", "setter"], MORE_BEFORE),
        (["a", "bad"], ["a", "c"], ORDER),
        (["a", "b"], ["b", "a"], ORDER),
        ([f"t{number}" for number in range(20)], ["t1"], ORDER),
    ],
)
def test_a_few_tests_that_were_left_out_weigh_more_than_another_order(
    failing: list[str], passing: list[str], situation: str
) -> None:
    change = order_change(failing, passing)
    assert change is not None
    assert situation_of(change, 1, 1) == situation


def test_a_new_test_before_one_that_ran_alone_is_no_choice() -> None:
    change = order_change([], ["new"])
    assert change is not None
    assert situation_of(change, 1, 1, is_new=True) == MORE_BEFORE


@pytest.mark.parametrize(("failures", "situation"), [(1, LEFT_OUT), (2, SUSPECT), (3, PROVEN)])
def test_a_suspect_weighs_more_the_more_failures_it_goes_with(failures: int, situation: str) -> None:
    change = order_change(["a", "bad"], ["a"])
    assert change is not None
    assert situation_of(change, failures, 2, is_suspected=True) == situation
    assert ODDS[LEFT_OUT] < ODDS[SUSPECT] < ODDS[PROVEN]


def test_a_suspect_weighs_no_more_than_an_order_where_chance_always_names_one() -> None:
    change = {"alone": None}
    odds = [ODDS[situation_of(change, 3, 3, is_suspected=True, chance=tenths / 10)] for tenths in range(10)]
    assert odds == sorted(odds, reverse=True)
    assert odds[0] == ODDS[PROVEN]
    assert odds[-1] == pytest.approx(ODDS[ORDER], rel=0.1)
