"""What ran before a test in its process, when it failed and when it passed, and which of it is suspected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pytest_debugloop.capture.volatile import unpaired, without_moments

MAX_NAMED = 20
"""How many tests of one kind are named at most."""


class Order(NamedTuple):
    """The tests that a process began, in order."""

    tests: tuple[str, ...]
    places: Mapping[str, int]

    @classmethod
    def of(cls, tests: Sequence[str]) -> Order:
        """Remember where each test came first."""
        places: dict[str, int] = {}
        for index, test in enumerate(tests):
            places.setdefault(test, index)
        return cls(tuple(tests), places)

    def before(self, test: str) -> tuple[str, ...] | None:
        """Give the tests that began before another; None where that one was not begun."""
        place = self.places.get(test)
        return None if place is None else self.tests[:place]


def order_change(failing: Sequence[str], passing: Sequence[str]) -> dict[str, Any] | None:
    """Compare what ran before a test.

    Args:
        failing: the tests before it when it failed, in order.
        passing: those before it when it passed.

    Returns:
        What was different, None where nothing was.
    """
    if tuple(failing) == tuple(passing):
        return None
    before, after = dict.fromkeys(failing), dict.fromkeys(passing)
    only_failing = unpaired([test for test in before if test not in after], after)
    only_passing = unpaired([test for test in after if test not in before], before)
    if not only_failing and not only_passing and _bare(failing) == _bare(passing):
        return None  # but for moments in the names
    return {
        "failing": _told(list(before), only_failing),
        "passing": _told(list(after), only_passing),
        "alone": "passing" if not after else "failing" if not before else None,
    }


def _bare(tests: Sequence[str]) -> list[str]:
    return [without_moments(test) for test in tests]


def _told(tests: list[str], only: list[str]) -> dict[str, Any]:
    evidence: dict[str, Any] = {"count": len(tests), "last": tests[-MAX_NAMED:], "only_here": only[-MAX_NAMED:]}
    if len(only) > MAX_NAMED:
        evidence["only_here_count"] = len(only)
    return evidence


def suspects(
    failing: Sequence[Sequence[str]], passing: Sequence[Sequence[str]], most: int = MAX_NAMED
) -> dict[str, list[str]]:
    """Name the tests whose running before goes with failing, or with passing, each time that is known.

    Args:
        failing: what ran before the test, each time that it failed.
        passing: the same, each time that it passed.
        most: a kind with more tests than that is left out.

    Returns:
        ``polluters``, which ran before each failure and before no pass, and ``setters``, which ran before each pass
        and before no failure (after iFixFlakies, ESEC/FSE 2019, which calls these polluters and state-setters).
    """
    if not failing or not passing:
        return {}
    failed, passed = [set(tests) for tests in failing], [set(tests) for tests in passing]
    found = {
        "polluters": _only(failed, passed),
        "setters": _only(passed, failed),
    }
    return {name: tests for name, tests in found.items() if 0 < len(tests) <= most}


def chance_of_suspects(failing: Sequence[Sequence[str]], passing: Sequence[Sequence[str]]) -> float:
    """Say how likely it is that a test is suspected although the order has nothing to do with it.

    Where tests run in random order, or are dealt to workers, each of them runs before the test some of the times. A
    test that does so as often as a polluter would is one by chance if these times happen to be those of the failures.
    How many tests there are for that is counted among those that run before it as often, and at other times: none
    where only those differ that somebody has left out or added.

    Args:
        failing: what ran before the test, each time that it failed.
        passing: the same, each time that it passed.

    Returns:
        A probability: that of one such coincidence at least, where their number has a Poisson distribution.
    """
    times: dict[str, set[int]] = {}
    for number, tests in enumerate([*failing, *passing]):
        for test in tests:
            times.setdefault(test, set()).add(number)
    failed = frozenset(range(len(failing)))
    passed = frozenset(range(len(failing), len(failing) + len(passing)))
    kinds = {failed, passed}
    expected = 0.0
    for count in {len(kind) for kind in kinds}:
        others = sum(len(found) == count and found not in kinds for found in times.values())
        alike = sum(len(kind) == count for kind in kinds)
        ways = math.comb(len(failing) + len(passing), count) - alike
        expected += others * alike / ways if ways else 0.0
    return 1 - math.exp(-expected)


def _only(each: Sequence[set[str]], none: Sequence[set[str]]) -> list[str]:
    """Name the tests that are in each of some sets and in none of others."""
    others = none[0].union(*none)
    return sorted(unpaired(each[0].intersection(*each) - others, others))
