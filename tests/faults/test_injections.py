"""A short round of injected faults; `python -m tests.faults.injections` does as many as there is time for."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.faults.books import Books, phases_of
from tests.faults.harm import HARMS
from tests.faults.injections import Bench, Injection

if TYPE_CHECKING:
    from collections.abc import Iterator

A, B = ("test_a.py::test_a", "call"), ("test_a.py::test_b", "call")
ROUND = ["kill", "cut_journal", "take_descriptors", "repeat_lines"]
BESIDE = {"kill", "take_descriptors"}  # these have tests of their own beside this, as all others have


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack)


@pytest.mark.process
@pytest.mark.parametrize(
    "harm", [pytest.param(harm, marks=[pytest.mark.thorough] if harm in BESIDE else []) for harm in ROUND]
)
def test_what_was_recorded_is_stored_or_told_and_nothing_is_left_running(bench: Bench, harm: str) -> None:
    injection = Injection.of(ROUND.index(harm), [harm])
    assert bench.balance(injection).wrong == [], str(injection)


def test_every_harm_is_drawn_and_a_seed_draws_the_same() -> None:
    drawn = [Injection.of(seed) for seed in range(400)]
    assert {name for one in drawn for name in one.chosen} == set(HARMS)
    assert [Injection.of(seed) for seed in range(400)] == drawn


@pytest.mark.parametrize(
    ("steps", "failures", "told", "wrong"),
    [
        ({A: ["failed"], B: ["passed"]}, {A: 1}, 0, []),
        ({A: ["failed"]}, {A: 1}, 0, ["1 missing, 0 told"]),
        ({A: ["failed"]}, {A: 1}, 1, []),
        ({A: ["failed"], B: ["passed"]}, {}, 0, ["1 missing, 0 told"]),
        ({A: ["passed"], B: ["passed"]}, {A: 1}, 0, ["1 missing, 0 told"]),
        ({A: ["failed"], B: ["passed", "passed"]}, {A: 1}, 0, [f"{B} is there 2 times"]),
        ({A: ["failed"], B: ["passed"]}, {A: 2}, 0, [f"{A} failed 2 times"]),
        ({}, {}, 1, ["2 missing, 1 told"]),
    ],
)
def test_the_books_find_what_is_missing_or_twice(
    steps: dict[tuple[str, str], list[str | None]], failures: dict[tuple[str, str], int], told: int, wrong: list[str]
) -> None:
    books = Books(told=told)
    books.close({A: "failed", B: "passed"}, steps, failures)
    assert [sentence.partition(":")[0] if "missing" in sentence else sentence for sentence in books.wrong] == wrong


def test_what_passed_last_before_a_process_died_is_not_certain() -> None:
    seen = [["1", "begin", *A, ""], ["1", "end", *A, "failed"], ["1", "begin", *B, ""], ["1", "end", *B, "passed"]]
    assert phases_of(seen, has_ended=True) == {A: "failed", B: "passed"}
    assert phases_of(seen, has_ended=False) == {A: "failed", B: ""}
