"""What is known of a failure, in words that are true, fit the terminal and move no cursor."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.loading.known_failures import place_of
from pytest_debugloop.summary.folding import columns, cut
from pytest_debugloop.summary.known_failures import (
    KnownFailure,
    KnownFailures,
    failure_facts,
    failure_lines,
)
from pytest_debugloop.text.printable import printable

NEW = KnownFailure(
    test="tests/test_orders.py::test_total",
    is_test=True,
    error="AssertionError",
    message="assert 3 == 2",
    file="tests/test_orders.py",
    line=7,
    times=1,
    is_cut=False,
    last_seen_seconds=None,
    times_otherwise=0,
    has_passed=True,
    failed_before=False,
    failing_seconds=0.0,
    failing_commit=None,
    strategy=None,
    strategy_times=None,
    recoveries=None,
    fix_file=None,
    fix_name=None,
    is_flaky=False,
)
MAIN = {"branch": "main", "change": None, "leg": "py311", "same_branch": False, "same_leg": True}
OTHER_LEG = {"branch": "feature", "change": None, "leg": "py312", "same_branch": True, "same_leg": False}
PASSED: dict[str, Any] = {
    "passed_run": "8205ebab",
    "passed_seconds": 1200.0,
    "changed": "get_value in src/utils.py (+1 -1)",
}
RETRIED: dict[str, Any] = {"strategy": "retry", "strategy_times": 23, "recoveries": 25}


@pytest.mark.parametrize(
    ("known", "facts"),
    [
        (
            {"red_run": "8205ebab", "red_branch": "main", "passes_elsewhere": [MAIN, OTHER_LEG]},
            ["red since run 8205ebab on main", "passes in leg py312"],
        ),
        ({}, ["first seen in this run"]),
        ({"times_otherwise": 3}, ["first seen in this run, failed differently in 3 runs"]),
        ({"times": 12, "last_seen_seconds": 60.0}, ["seen 12 times in 7 days"]),
        ({"times": 60, "last_seen_seconds": 60.0, "is_cut": True}, ["seen 60+ times in 7 days"]),
        ({"last_seen_seconds": 86_400 * 9.5}, ["last seen 9 days ago"]),
        ({"last_seen_seconds": 3_600 * 1.5}, ["last seen 1 hour ago"]),
        ({"is_cut": True}, ["not seen in its recent failures"]),
        (
            {"times": 12, "last_seen_seconds": 60.0, "times_elsewhere": 3, "elsewhere_seconds": 60.0},
            ["seen 12 times in 7 days, 3 more elsewhere"],
        ),
        (
            {"times_elsewhere": 40, "elsewhere_seconds": 60.0, "is_cut": True},
            ["never seen on this branch and leg, 40+ times elsewhere in 7 days"],
        ),
        (
            {"last_seen_seconds": 86_400 * 9.5, "times_elsewhere": 2, "elsewhere_seconds": 60.0},
            ["last seen 9 days ago, 2 times elsewhere in 7 days"],
        ),
        ({"elsewhere_seconds": 86_400 * 9.5}, ["never seen on this branch and leg, elsewhere 9 days ago"]),
        ({"is_flaky": True}, ["first seen in this run", "flaky"]),
        ({"failed_before": True, "has_passed": False}, ["first seen in this run", "no known pass"]),
        (
            {"failed_before": True, "failing_seconds": 200_000.0, "failing_commit": "1a2b3c4d5e6f"},
            ["first seen in this run", "failing for 2 days since commit 1a2b3c4d5e"],
        ),
        ({"failed_before": True, "failing_seconds": 5.0}, ["first seen in this run"]),
        ({"passes_elsewhere": [MAIN, OTHER_LEG]}, ["first seen in this run", "passes on main, in leg py312"]),
        (
            {"failed_before": True, "has_passed": False, "passes_elsewhere": [MAIN], "not_run_seconds": 86_400.0 * 20},
            ["first seen in this run", "open, and not run for 20 days before", "passes on main"],
        ),
        (RETRIED, ["first seen in this run", "recovers by retry 92%"]),
        (RETRIED | {"strategy_times": 999, "recoveries": 1000}, ["first seen in this run", "recovers by retry 99%"]),
        (RETRIED | {"strategy_times": 1, "recoveries": 1}, ["first seen in this run", "recovered once, by retry"]),
        (
            {"fix_file": "orders.py", "fix_name": "compute"},
            ["first seen in this run", "last fixed by a change in orders.py::compute"],
        ),
        ({"fix_name": "markupsafe 3.0.2"}, ["first seen in this run", "last fixed by markupsafe 3.0.2"]),
        ({"is_new": True}, ["new test"]),
        ({"is_new": True, "times_otherwise": 1}, ["new test", "first seen in this run, failed differently in 1 run"]),
        (PASSED, ["passed 20 minutes ago in run 8205ebab; changed since: get_value in src/utils.py (+1 -1)"]),
        (
            PASSED | {"changed": "", "passed_branch": "main"},
            ["passed 20 minutes ago on main in run 8205ebab; no known change since"],
        ),
        (
            PASSED | {"changed": "", "is_change_known": False},
            ["passed 20 minutes ago in run 8205ebab; what changed since is not recorded"],
        ),
        (PASSED | {"red_run": "8205ebab", "red_branch": "ma\x1bin"}, [r"red since run 8205ebab on ma\x1bin"]),
        (
            {"is_flaky": True, "flaky_failures": 4, "flaky_attempts": 60},
            ["flaky: 4 of 60 on the same code"],
        ),
        ({"is_test": False, "message": "no module\nat all"}, ["AssertionError: no module"]),
    ],
)
def test_facts_are_said_as_they_are(known: dict[str, Any], facts: list[str]) -> None:
    assert failure_facts(NEW._replace(**known)) == facts


def test_a_line_that_fits_holds_all() -> None:
    failure = NEW._replace(times=12, last_seen_seconds=9.0, fix_file="orders.py", fix_name="compute", **RETRIED)
    known = KnownFailures([failure], 1)
    whole = (
        "  tests/test_orders.py::test_total: seen 12 times in 7 days, recovers by retry 92%, "
        "last fixed by a change in orders.py::compute"
    )
    assert failure_lines(known, None) == [whole]
    assert failure_lines(known, len(whole)) == [whole]
    assert failure_lines(known, 80) == [
        "  tests/test_orders.py::test_total:",
        "      seen 12 times in 7 days, recovers by retry 92%,",
        "      last fixed by a change in orders.py::compute",
    ]


def test_a_fact_that_is_too_long_is_broken_where_it_has_halves() -> None:
    lines = failure_lines(KnownFailures([NEW._replace(**PASSED)], 1), 60)
    assert lines[1:] == [
        "      passed 20 minutes ago in run 8205ebab;",
        "      changed since: get_value in src/utils.py (+1 -1)",
    ]


def test_a_fact_that_names_tests_is_broken_between_words_and_cuts_none() -> None:
    names = [f"tests/test_x.py::test_{letter * 30}" for letter in "ab"]
    message = f"gw1 collected other tests than gw0: {names[0]} only in gw0, {names[1]} and 11 more only in gw1"
    failure = NEW._replace(test="", is_test=False, error="collection_error", message=message)
    assert failure_lines(KnownFailures([failure], 1), 60) == [
        "  outside of tests:",
        "      collection_error: gw1 collected other tests than gw0:",
        f"      {names[0]}",
        "      only in gw0,",
        f"      {names[1]} ...",
    ]


def test_more_failures_than_are_told_are_counted() -> None:
    assert failure_lines(KnownFailures([NEW] * 100, 1033), None)[9:] == ["  and 1,024 more"]
    assert failure_lines(KnownFailures([NEW] * 10, 10), None)[10:] == []
    assert failure_lines(KnownFailures([], 5), None) == []


NAMES = st.text(max_size=120)


@given(
    test=NAMES,
    name=NAMES,
    message=NAMES,
    strategy=st.sampled_from([*"abc", "retry", "code_change", "unknown"]),
    width=st.integers(40, 200),
    is_test=st.booleans(),
)
def test_whatever_tests_are_called_lines_fit_and_are_safe(
    test: str, name: str, message: str, strategy: str, width: int, *, is_test: bool
) -> None:
    failure = NEW._replace(
        test=test,
        message=message,
        is_test=is_test,
        fix_name=name,
        failing_commit=name,
        failed_before=True,
        strategy=strategy,
        strategy_times=2,
        recoveries=3,
    )
    for tests in (1, 12):
        of_cause = failure._replace(tests=tests, others=[test] * (tests - 1), cause=f"{tests} x E in {'f' * 10}")
        for line in failure_lines(KnownFailures([of_cause] * 12, 12 * tests), width):
            assert printable(line) == line
            is_whole = "::" in line or (test and printable(test) in line)  # to be copied
            assert columns(line) <= width or is_whole
            assert line.startswith("  ")


def test_failures_of_one_cause_are_told_by_one_and_the_others_are_named() -> None:
    cause = "38 x AttributeError in responses.py:444 FileResponse.__call__"
    others = [f"tests/test_orders.py::test_{name}" for name in "abcdefgh"]
    failure = NEW._replace(**PASSED, tests=38, cause=cause, others=others)
    another = NEW._replace(test="tests/test_orders.py::test_other")
    known = KnownFailures([failure, another], 45)
    assert failure_lines(known, None) == [
        f"  {cause}",
        "    tests/test_orders.py::test_total: passed 20 minutes ago in run 8205ebab; "
        "changed since: get_value in src/utils.py (+1 -1)",
        f"    also {', '.join(others[:5])} and 32 more",
        "  tests/test_orders.py::test_other: first seen in this run",
        "  and 6 more",
    ]
    assert failure_lines(known, 60) == [
        f"  {cause}",
        "    tests/test_orders.py::test_total:",
        "        passed 20 minutes ago in run 8205ebab;",
        "        changed since: get_value in src/utils.py (+1 -1)",
        f"    also {others[0]} and 36 more",
        "  tests/test_orders.py::test_other: first seen in this run",
        "  and 6 more",
    ]


@given(NAMES.map(printable), st.integers(20, 60))
def test_a_cut_text_keeps_its_ends_and_fits(text: str, width: int) -> None:
    found = cut(text, width)
    assert columns(found) <= width
    if found != text:
        places = [n for n in range(len(found)) if found.startswith("...", n)]
        assert any(text.startswith(found[:n]) and text.endswith(found[n + 3 :]) for n in places)


def test_wide_characters_take_two_columns_and_combining_ones_none() -> None:
    assert columns("価格") == 4
    assert columns("e\u0301") == 1


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ([["orders.py", 24, "frame"], ["tests/test_a.py", 31, "frame"], ["tests/test_a.py", 29, "test"]], 31),
        ([["tests/test_a.py", 40, "frame"], ["tests/test_a.py", 31, "frame"]], 40),
        ([["tests/test_a.py", 29, "test"], ["tests/conftest.py", 7, "fixture"]], 29),
        ([], 0),
    ],
)
def test_a_failure_is_shown_in_the_file_of_the_test_where_it_can_be(places: list[list[Any]], found: int) -> None:
    assert place_of("tests/test_a.py::test", places) == ("tests/test_a.py", found)


def test_no_failure_is_shown_in_code_that_has_no_file() -> None:
    places = [["<string>", 3, "frame"], ["orders.py", 24, "frame"]]
    assert place_of("tests/test_a.py::test", places) == ("orders.py", 24)
    assert place_of("tests/test_a.py::test", places[:1]) == ("tests/test_a.py", 0)


def test_a_failure_of_a_fixture_is_shown_where_that_stood() -> None:
    places = [["tests/conftest.py", 22, "frame"], ["tests/test_a.py", 34, "test"]]
    assert place_of("tests/test_a.py::test", places) == ("tests/conftest.py", 22)
