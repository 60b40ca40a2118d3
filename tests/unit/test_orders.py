"""What ran before a test is compared, and only what goes with its verdict each time is suspected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.capture.volatile import without_moments
from pytest_debugloop.loading.recoveries.orders import Order, chance_of_suspects, order_change, suspects

RUNS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=6, unique=True), max_size=5)
TESTS = st.lists(st.sampled_from("abcdef"), max_size=8)


def test_before_a_test_are_those_that_began_before_it() -> None:
    order = Order.of(["a", "b", "c"])
    assert order.before("a") == ()
    assert order.before("c") == ("a", "b")


def test_before_a_test_that_did_not_begin_is_nothing_known() -> None:
    assert Order.of(["a", "b"]).before("c") is None
    assert Order.of([]).before("a") is None


def test_a_test_that_ran_again_is_placed_where_it_came_first() -> None:
    assert Order.of(["a", "b", "b", "a", "c"]).before("b") == ("a",)


@given(tests=TESTS)
def test_the_same_order_is_no_change(tests: list[str]) -> None:
    assert order_change(tests, tuple(tests)) is None


def test_a_change_tells_what_ran_on_one_side_only() -> None:
    change = order_change(["a", "b", "c"], ["c", "d"])
    assert change == {
        "failing": {"count": 3, "last": ["a", "b", "c"], "only_here": ["a", "b"]},
        "passing": {"count": 2, "last": ["c", "d"], "only_here": ["d"]},
        "alone": None,
    }


def test_the_same_tests_in_another_order_are_a_change() -> None:
    change = order_change(["a", "b"], ["b", "a"])
    assert change is not None
    assert (change["failing"]["only_here"], change["passing"]["only_here"]) == ([], [])
    assert (change["failing"]["last"], change["passing"]["last"]) == (["a", "b"], ["b", "a"])


def test_a_test_that_ran_first_or_alone_is_told() -> None:
    change = order_change(["a"], [])
    assert change is not None
    assert change["alone"] == "passing"
    change = order_change([], ["a"])
    assert change is not None
    assert change["alone"] == "failing"


def test_of_many_tests_the_last_are_named_and_all_counted() -> None:
    many = [f"test_{number}" for number in range(1_000)]
    change = order_change(many, ["other"])
    assert change is not None
    failing = change["failing"]
    assert failing["count"] == failing["only_here_count"] == 1_000
    assert failing["last"] == failing["only_here"] == many[-20:]
    assert "only_here_count" not in change["passing"]


@given(failing=TESTS, passing=TESTS)
def test_what_ran_on_one_side_only_ran_there_and_not_on_the_other(failing: list[str], passing: list[str]) -> None:
    change = order_change(failing, passing)
    assert (change is None) is (failing == passing)
    if change is not None:
        assert set(change["failing"]["only_here"]) == set(failing) - set(passing)
        assert set(change["passing"]["only_here"]) == set(passing) - set(failing)


def test_what_ran_before_each_failure_and_no_pass_is_suspected_to_pollute() -> None:
    assert suspects([["a", "bad"], ["bad", "c"]], [["a"], ["c"]]) == {"polluters": ["bad"]}


def test_what_ran_before_each_pass_and_no_failure_is_suspected_to_set_up() -> None:
    assert suspects([["a"], ["c"]], [["good", "a"], ["c", "good"]]) == {"setters": ["good"]}


def test_both_may_be_suspected() -> None:
    assert suspects([["bad"]], [["good"]]) == {"polluters": ["bad"], "setters": ["good"]}


def test_one_pass_after_it_clears_a_test() -> None:
    assert suspects([["a", "bad"], ["bad"]], [["a"], ["bad"]]) == {}


def test_one_failure_without_it_clears_a_test() -> None:
    assert "polluters" not in suspects([["bad"], ["a"]], [["c"]])


def test_nothing_is_suspected_without_both_sides() -> None:
    assert suspects([], [["a"]]) == {}
    assert suspects([["a"]], []) == {}
    assert suspects([], []) == {}


def test_so_many_that_none_is_told_from_another_are_no_suspects() -> None:
    many = [f"test_{number:02}" for number in range(21)]
    assert suspects([many], [["a"]]) == {"setters": ["a"]}
    assert suspects([many], [["a"]], 21) == {"polluters": many, "setters": ["a"]}


@given(failing=RUNS, passing=RUNS)
def test_a_suspect_goes_with_the_verdict_each_time(failing: list[list[str]], passing: list[list[str]]) -> None:
    found = suspects(failing, passing)
    for sides, name in (((failing, passing), "polluters"), ((passing, failing), "setters")):
        for test in found.get(name, ()):
            assert all(test in run for run in sides[0])
            assert not any(test in run for run in sides[1])
    assert all(found.values())


@given(failing=RUNS, passing=RUNS, more=st.lists(st.sampled_from("abcdef"), max_size=6))
def test_more_failures_never_make_more_polluters(
    failing: list[list[str]], passing: list[list[str]], more: list[str]
) -> None:
    before = suspects(failing, passing).get("polluters", [])
    after = suspects([*failing, more], passing).get("polluters", [])
    assert not failing or set(after) <= set(before)


@pytest.mark.parametrize(
    ("early", "late"),
    [
        ("19:20:13 2026-11-26", "08:01:59 2026-12-01"),
        ("11-26-2026 19:20:13", "12-01-2026 08:01:59"),
        ("26.11.2026, 19:20", "1.12.2026, 8:01"),
        ("2026/11/26 19:20:13.5", "2026/12/01 08:01:59.25"),
        ("Thu Nov 26 19:20:13 2026", "Tue Dec  1 08:01:59 2026"),
        ("Thu, 26 Nov 2026 19:20:13 +0000", "Tue, 1 Dec 2026 08:01:59 GMT"),
    ],
)
def test_a_moment_is_none_however_it_is_written(early: str, late: str) -> None:
    assert order_change([f"t.py::test_a[x-{early}]"], [f"t.py::test_a[x-{late}]"]) is None


@pytest.mark.parametrize(
    "name", ["3:2 2026", "1/2/2026", "v10.2.2026", "12:30", "May 5 2026", "ab 12:30 cd 2026-01-01"]
)
def test_what_is_no_moment_of_a_clock_and_a_day_stays(name: str) -> None:
    assert without_moments(f"t.py::test_a[{name}]") == f"t.py::test_a[{name}]"


def test_moments_in_the_names_of_tests_are_no_difference_and_suspect_nobody() -> None:
    early, late = "t.py::test_a[2026-11-25 12:00:00.1-x]", "t.py::test_a[2026-11-26 09:30:12.7-x]"
    assert order_change([early, "t.py::test_b"], [late, "t.py::test_b"]) is None
    assert suspects([[early]], [[late], [late]]) == {}
    change = order_change([early, "t.py::test_b"], [late])
    assert change is not None
    assert (change["failing"]["only_here"], change["passing"]["only_here"]) == (["t.py::test_b"], [])
    assert suspects([[early, "t.py::test_b"]], [[late]]) == {"polluters": ["t.py::test_b"]}
    fixed = "t.py::test_a[2026-11-25 12:00:00-y]"
    assert suspects([[early, fixed]], [[late]]) == {"polluters": [fixed]}


def test_who_is_left_out_on_purpose_is_suspected_by_no_chance() -> None:
    whole, without = list("abcdefgh"), list("abcdefg")
    assert chance_of_suspects([whole, whole], [without, without]) == 0
    assert chance_of_suspects([whole, whole], [[], []]) == 0


def test_in_random_order_chance_names_suspects() -> None:
    failing = [list("abcdef"), list("abghij")]
    passing = [list("cdghkl"), list("efijkl")]
    assert suspects(failing, passing)
    assert chance_of_suspects(failing, passing) > 0.8


@given(failing=RUNS, passing=RUNS)
def test_the_chance_of_suspects_is_a_probability(failing: list[list[str]], passing: list[list[str]]) -> None:
    assert 0 <= chance_of_suspects(failing, passing) < 1
