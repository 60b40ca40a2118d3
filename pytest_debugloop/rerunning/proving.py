"""Which of what differs makes a test fail or pass: each is undone alone, the most likely first, then all, then fewer.

Pure: what comes of a rerun is asked of a function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from pytest_debugloop.rerunning.bisect import Verdict as Found
from pytest_debugloop.rerunning.bisect import smallest_failing

T = TypeVar("T")

FIRST = 3
"""How many are undone alone before all are undone together, which tells whether it is any of them."""


class Answer(Enum):
    """What came of a rerun."""

    UNCHANGED = "unchanged"
    """It went as it goes with nothing undone."""
    OTHER_SIDE = "other side"
    """It went as it did on the other side."""
    ALIKE = "alike"
    """It went nearly so: the same exception, and another message."""
    ELSE = "else"
    """It went as on neither side: what is undone needs something that is not."""


class Verdict(Enum):
    """What a proof came to."""

    PROVED = "proved"
    """Undone, it goes as on the other side, twice; and with nothing undone it does not."""
    NOT_HERE = "not_here"
    """With nothing undone it does not go as the record says that it went here."""
    NOT_ENOUGH = "not_enough"
    """With all undone it does not go as on the other side: something else made the difference."""
    NOTHING = "nothing"
    """Nothing that differs can be undone."""
    FLAKY = "flaky"
    """With the same undone it went both ways."""
    USED_UP = "used_up"
    """All together make the difference; which of them was not found in as many runs as there may be."""


@dataclass(frozen=True, slots=True)
class Proof(Generic[T]):
    """What was found.

    Attributes:
        undone: the fewest that make it go as on the other side; for ``FLAKY`` those that did not always.
        answer: of the rerun with them.
    """

    verdict: Verdict
    undone: tuple[T, ...] = ()
    answer: Answer | None = None


class _UsedUpError(Exception):
    """No more runs."""


class _Prover(Generic[T]):
    def __init__(self, ask: Callable[[tuple[T, ...]], Answer], limit: int, way: Callable[[], object]) -> None:
        self._ask = ask
        self._limit = limit
        self._way = way
        self._known: dict[tuple[tuple[T, ...], object], Answer] = {}
        self._runs = 0

    def ask(self, undone: tuple[T, ...], *, again: bool = False) -> Answer:
        if not again and (undone, self._way()) in self._known:
            return self._known[undone, self._way()]
        if not again and self._runs >= self._limit:
            raise _UsedUpError
        self._runs += 1
        found = self._ask(undone)
        self._known.setdefault((undone, self._way()), found)
        return found

    def confirmed(self, undone: tuple[T, ...]) -> Proof[T]:
        answer = self.ask(undone)
        is_same = self.ask(undone, again=True) is answer and self.ask((), again=True) is Answer.UNCHANGED
        return Proof(Verdict.PROVED if is_same else Verdict.FLAKY, undone, answer)


def prove(
    likely: Sequence[T],
    rest: Sequence[T],
    ask: Callable[[tuple[T, ...]], Answer],
    *,
    limit: int,
    way: Callable[[], object] = lambda: None,
    prepare: Callable[[Sequence[T]], None] = lambda _everything: None,
    coarse: Sequence[T] | None = None,
) -> Proof[T]:
    """Find what makes the difference.

    Args:
        likely: what differs, the most likely first; each is undone alone.
        rest: what differs, too, and of which nothing says that it matters; it is undone with all others.
        ask: undoes some of them, and says how the test went.
        limit: how many times it may be asked, without what confirms the result.
        way: how it is undone at the time: what was answered another way does not count.
        prepare: called before fewer of all are looked for, to choose one way for all that follows.
        coarse: what comes to the same as all together, in fewer parts: fewer of these are looked for.
    """
    prover = _Prover(ask, limit, way)
    everything = (*likely, *rest)
    is_more = len(everything) > 1 or not likely
    alike: list[T] = []
    try:
        if prover.ask(()) is not Answer.UNCHANGED:
            return Proof(Verdict.NOT_HERE)
        if not everything:
            return Proof(Verdict.NOTHING)
        for one in likely[:FIRST]:
            if _is_it(prover.ask((one,)), one, alike):
                return prover.confirmed((one,))
        if is_more and prover.ask(everything) is Answer.UNCHANGED and not alike:
            return Proof(Verdict.NOT_ENOUGH)
        for one in likely if is_more else ():
            if _is_it(prover.ask((one,)), one, alike):
                return prover.confirmed((one,))
        if alike:
            return prover.confirmed((alike[0],))
        if not is_more or prover.ask(everything) not in (Answer.OTHER_SIDE, Answer.ALIKE):
            return Proof(Verdict.NOT_ENOUGH)
    except _UsedUpError:
        return prover.confirmed((alike[0],)) if alike else Proof(Verdict.USED_UP, everything)
    prepare(everything)
    return _smallest(prover, everything if coarse is None else tuple(coarse), limit)


def _is_it(answer: Answer, one: T, alike: list[T]) -> bool:
    if answer is Answer.ALIKE:
        alike.append(one)
    return answer is Answer.OTHER_SIDE


def minimized(everything: Sequence[T], ask: Callable[[tuple[T, ...]], Answer], *, limit: int) -> Proof[T]:
    """Find the smallest set that makes the difference, where all together do.

    Args:
        everything: what is undone, all together.
        ask: undoes some of them, and says how the test went.
        limit: how many times it may be asked, without what confirms the result.
    """
    return _smallest(_Prover(ask, limit, lambda: None), tuple(everything), limit)


def _smallest(prover: _Prover[T], everything: tuple[T, ...], limit: int) -> Proof[T]:
    asked: set[tuple[T, ...]] = set()

    wanted = Answer.OTHER_SIDE

    def goes(undone: tuple[T, ...]) -> bool:
        again = undone in asked  # the search asks twice to be sure
        asked.add(undone)
        return prover.ask(undone, again=again) is wanted

    try:
        wanted = prover.ask(everything)
        if wanted not in (Answer.OTHER_SIDE, Answer.ALIKE):
            return Proof(Verdict.NOT_ENOUGH)
        if len(everything) == 1:
            return prover.confirmed(everything)
        found = smallest_failing(everything, goes, limit=limit)
    except _UsedUpError:
        return Proof(Verdict.USED_UP, everything)
    verdict = {Found.POLLUTED: Verdict.PROVED, Found.PASSES: Verdict.NOT_ENOUGH}.get(found.verdict, Verdict.FLAKY)
    return Proof(verdict, found.tests, wanted)
