"""The search for polluters, held against models of what pollutes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.rerunning.bisect import Found, Verdict, smallest_failing

MANY = 10_000


class Model:
    """A test that fails after any of some sets of tests, and counts how often it is run."""

    def __init__(self, causes: list[frozenset[int]]) -> None:
        self.causes = causes
        self.asked: list[tuple[int, ...]] = []

    def fails(self, before: tuple[int, ...]) -> bool:
        self.asked.append(before)
        return any(cause <= set(before) for cause in self.causes)

    def search(self, count: int, suspects: tuple[int, ...] = (), limit: int = MANY) -> Found[int]:
        return smallest_failing(range(count), self.fails, suspects=suspects, limit=limit)


causes = st.lists(st.frozensets(st.integers(0, 39), min_size=1, max_size=4), min_size=1, max_size=3)


@given(causes, st.integers(40, 80), st.lists(st.integers(0, 39), max_size=6))
def test_the_result_is_a_cause_and_nothing_of_it_can_be_left_out(
    causes: list[frozenset[int]], count: int, suspects: list[int]
) -> None:
    model = Model(causes)
    found = model.search(count, tuple(suspects))
    assert (found.verdict, found.is_minimal) == (Verdict.POLLUTED, True)
    assert set(found.tests) in causes
    assert list(found.tests) == sorted(found.tests)
    assert all(not model.fails(found.tests[:n] + found.tests[n + 1 :]) for n in range(len(found.tests)))


@given(causes, st.integers(40, 80))
def test_no_more_is_run_than_ddmin_promises_and_each_set_once_but_for_the_confirmation(
    causes: list[frozenset[int]], count: int
) -> None:
    model = Model(causes)
    found = model.search(count)
    assert found.runs == len(model.asked) <= count**2 + 3 * count
    searched = model.asked[:-3]
    assert len(set(searched)) == len(searched)
    assert all(list(before) == sorted(before) for before in model.asked)


@given(st.integers(0, 999))
def test_one_polluter_among_a_thousand_takes_about_two_logarithms(polluter: int) -> None:
    found = Model([frozenset({polluter})]).search(1000)
    assert found.tests == (polluter,)
    assert found.runs <= 2 * 10 + 5


def test_a_test_that_fails_alone_is_run_twice_and_no_more() -> None:
    model = Model([frozenset()])
    assert model.search(50) == Found(Verdict.ALONE, (), 2, is_minimal=True)


def test_a_test_that_passes_with_all_is_run_twice_and_no_more() -> None:
    model = Model([frozenset({99})])
    assert model.search(50) == Found(Verdict.PASSES, (), 2, is_minimal=False)
    assert model.asked == [(), tuple(range(50))]


def test_nothing_before_and_no_failure_is_no_search() -> None:
    assert Model([]).search(0) == Found(Verdict.PASSES, (), 1, is_minimal=False)


def test_suspects_that_are_enough_are_reduced_and_nothing_else_is_tried() -> None:
    model = Model([frozenset({7})])
    assert model.search(1000, suspects=(7,)).tests == (7,)
    assert model.asked == [(), tuple(range(1000)), (7,), (7,), (7,), ()]


def test_suspects_that_are_not_enough_do_not_mislead() -> None:
    assert Model([frozenset({3, 9})]).search(20, suspects=(9, 15)).tests == (3, 9)


def test_a_search_whose_runs_are_used_up_gives_the_best_so_far_and_says_so() -> None:
    model = Model([frozenset({10, 700})])
    found = model.search(1000, limit=12)
    assert (found.verdict, found.is_minimal) == (Verdict.POLLUTED, False)
    assert {10, 700} <= set(found.tests) < set(range(1000))
    assert found.runs <= 12 + 3


def test_a_search_that_somebody_interrupts_gives_the_best_so_far() -> None:
    model = Model([frozenset({10, 700})])

    def fails(before: tuple[int, ...]) -> bool:
        if len(model.asked) == 12:
            raise KeyboardInterrupt
        return model.fails(before)

    found = smallest_failing(range(1000), fails, limit=MANY)
    assert (found.verdict, found.is_minimal) == (Verdict.INTERRUPTED, False)
    assert {10, 700} <= set(found.tests) < set(range(1000))


def test_a_failure_that_comes_and_goes_is_called_flaky() -> None:
    answers = iter([True, False])
    assert smallest_failing([1], lambda _: next(answers), limit=MANY) == Found(Verdict.FLAKY, (), 2, is_minimal=False)
    answers = iter([False, True, True, False, False])
    assert smallest_failing([1], lambda _: next(answers), limit=MANY).verdict is Verdict.FLAKY
    answers = iter([False, True, True, True, True])  # alone it passed, and fails at last
    assert smallest_failing([1], lambda _: next(answers), limit=MANY).verdict is Verdict.FLAKY
