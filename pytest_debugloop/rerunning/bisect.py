"""Find the smallest set of preceding tests that makes a test fail.

Pure: what it means to fail is asked of a predicate. The search is ddmin (Zeller, Hildebrandt, "Simplifying and
isolating failure-inducing input", IEEE Transactions on Software Engineering 28, 2002): its result is 1-minimal, so that
without any one of its tests the failure is gone. It asks at most n^2 + 3n times, and about 2 log2(n) times for one
polluter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")


class Verdict(Enum):
    """What a search found."""

    ALONE = "alone"
    """The test fails with nothing before it."""
    POLLUTED = "polluted"
    """It fails with the tests that were found before it, and passes without them."""
    PASSES = "passes"
    """It does not fail, not even with all that ran before it."""
    FLAKY = "flaky"
    """The same tests before it made it fail once and pass once."""
    INTERRUPTED = "interrupted"
    """Somebody would not wait for the smallest set; it fails with what was found so far."""


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """The result of a search.

    Attributes:
        verdict: what was found.
        tests: the smallest set that makes it fail, in order; for ``FLAKY`` the one that could not be confirmed.
        runs: how many times the predicate was asked.
        is_minimal: whether it is known that none of the tests can be left out; False where the runs were used up.
    """

    verdict: Verdict
    tests: tuple[T, ...]
    runs: int
    is_minimal: bool


class _UsedUpError(Exception):
    """No more runs."""


class _Search(Generic[T]):
    """Asks the predicate about sets of tests by their places, each set once.

    Args:
        tests: all of them.
        fails: the predicate.
        limit: how many times it may be asked.
    """

    def __init__(self, tests: Sequence[T], fails: Callable[[tuple[T, ...]], bool], limit: int) -> None:
        self._tests = tests
        self._fails = fails
        self._limit = limit
        self._known: dict[tuple[int, ...], bool] = {}
        self.runs = 0
        self.best: tuple[int, ...] = ()

    def ask(self, places: tuple[int, ...], *, again: bool = False) -> bool:
        """Tell whether the test fails with these before it.

        Args:
            places: of the tests, in order.
            again: also where it was asked before, and beyond the limit.
        """
        if not again:
            if places in self._known:
                return self._known[places]
            if self.runs >= self._limit:
                raise _UsedUpError
        self.runs += 1
        found = self._fails(tuple(self._tests[place] for place in places))
        self._known[places] = found
        return found

    def reduce(self, places: tuple[int, ...]) -> None:
        """Reduce a set with which it fails to one that is 1-minimal, and keep the best so far on the way."""
        self.best = places
        parts = 2
        while len(self.best) >= 2:
            smaller = self._smaller(parts)
            if smaller is not None:
                places, parts = smaller
                self.best = places
            elif parts < len(self.best):
                parts = min(2 * parts, len(self.best))
            else:
                return

    def _smaller(self, parts: int) -> tuple[tuple[int, ...], int] | None:
        subsets = _split(self.best, parts)
        for subset in subsets:
            if self.ask(subset):
                return subset, 2
        if parts > 2:  # of two parts, each is the complement of the other
            for subset in subsets:
                rest = tuple(place for place in self.best if place not in set(subset))
                if self.ask(rest):
                    return rest, max(parts - 1, 2)
        return None


def _split(places: tuple[int, ...], parts: int) -> list[tuple[int, ...]]:
    bounds = [len(places) * part // parts for part in range(parts + 1)]
    return [places[low:high] for low, high in pairwise(bounds)]


def smallest_failing(
    tests: Sequence[T],
    fails: Callable[[tuple[T, ...]], bool],
    *,
    suspects: Sequence[T] = (),
    limit: int,
) -> Found[T]:
    """Find the smallest set of tests that makes another fail.

    First that one is tried alone, then with all, then with the suspects. A result is confirmed by asking twice with the
    set, and twice without any: where an answer changes, the failure does not depend on what runs before alone.

    Args:
        tests: what ran before it, in order.
        fails: given some of them, in order, tells whether it fails then.
        suspects: of the tests, what the record holds responsible.
        limit: how many times it may be asked, without the confirmation.
    """
    search = _Search(tests, fails, limit)
    if search.ask((), again=True):
        is_sure = search.ask((), again=True)
        return Found(Verdict.ALONE if is_sure else Verdict.FLAKY, (), search.runs, is_minimal=is_sure)
    everything = tuple(range(len(tests)))
    if not tests or not search.ask(everything, again=True):
        return Found(Verdict.PASSES, (), search.runs, is_minimal=False)
    is_minimal = True
    search.best = everything
    try:
        wanted = set(suspects)
        suspected = tuple(place for place in everything if tests[place] in wanted)
        start = suspected if suspected and search.ask(suspected) else everything
        search.reduce(start)
    except _UsedUpError:
        is_minimal = False
    except KeyboardInterrupt:
        best = tuple(tests[place] for place in search.best)
        return Found(Verdict.INTERRUPTED, best, search.runs, is_minimal=False)
    answers = [search.ask(search.best, again=True) for _ in range(2)]
    alone = [search.ask((), again=True)]
    found = tuple(tests[place] for place in search.best)
    verdict = Verdict.POLLUTED if all(answers) and not any(alone) else Verdict.FLAKY
    return Found(verdict, found, search.runs, is_minimal=is_minimal and verdict is Verdict.POLLUTED)
