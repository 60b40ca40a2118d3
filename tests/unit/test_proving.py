"""Which of what differs makes a test fail: asked of a function, no test is run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_debugloop.rerunning.proving import Answer, Proof, Verdict, minimized, prove

UNCHANGED, OTHER_SIDE, ALIKE, ELSE = Answer.UNCHANGED, Answer.OTHER_SIDE, Answer.ALIKE, Answer.ELSE
Asked = Callable[[tuple[str, ...]], Answer]


def run(asked: Asked, likely: str = "abcdef", rest: str = "xy", limit: int = 40) -> tuple[Proof[str], list[str]]:
    runs: list[str] = []

    def ask(undone: tuple[str, ...]) -> Answer:
        runs.append("".join(undone))
        return asked(undone)

    return prove(likely, rest, ask, limit=limit), runs


def needs(*wanted: str, answer: Answer = OTHER_SIDE) -> Asked:
    return lambda undone: answer if set(wanted) <= set(undone) else UNCHANGED


def test_the_first_that_is_right_is_confirmed_at_once() -> None:
    proof, runs = run(needs("a"))
    assert (proof.verdict, proof.undone) == (Verdict.PROVED, ("a",))
    assert runs == ["", "a", "a", ""]


def test_what_is_not_among_the_first_is_looked_for_only_where_all_together_are_it() -> None:
    proof, runs = run(needs("e"))
    assert (proof.verdict, proof.undone) == (Verdict.PROVED, ("e",))
    assert runs == ["", "a", "b", "c", "abcdefxy", "d", "e", "e", ""]
    proof, runs = run(needs("nobody"))
    assert (proof.verdict, runs) == (Verdict.NOT_ENOUGH, ["", "a", "b", "c", "abcdefxy"])


def test_two_that_need_each_other_are_found_together_also_where_nothing_named_one_of_them() -> None:
    for wanted in (("b", "e"), ("c", "x")):
        proof, _ = run(needs(*wanted))
        assert (proof.verdict, proof.undone) == (Verdict.PROVED, wanted)


def test_the_same_exception_counts_where_nothing_brings_the_same_failure() -> None:
    def asked(undone: tuple[str, ...]) -> Answer:
        return OTHER_SIDE if "d" in undone else ALIKE if "a" in undone else UNCHANGED

    assert run(asked)[0].undone == ("d",)
    proof, _ = run(needs("b", answer=ALIKE))
    assert (proof.verdict, proof.undone, proof.answer) == (Verdict.PROVED, ("b",), ALIKE)


def test_what_fails_as_on_neither_side_is_no_proof_and_hides_none() -> None:
    def asked(undone: tuple[str, ...]) -> Answer:
        return OTHER_SIDE if undone == ("d",) else ELSE if undone else UNCHANGED

    assert run(asked)[0].undone == ("d",)
    assert run(lambda undone: ELSE if undone else UNCHANGED)[0].verdict is Verdict.NOT_ENOUGH


def test_a_test_that_does_not_go_as_recorded_is_not_asked_further() -> None:
    proof, runs = run(lambda _undone: OTHER_SIDE)
    assert (proof.verdict, runs) == (Verdict.NOT_HERE, [""])
    assert run(needs(), likely="", rest="")[0].verdict is Verdict.NOT_HERE
    assert run(needs("a"), likely="", rest="")[0].verdict is Verdict.NOTHING


def test_an_answer_that_does_not_hold_is_called_flaky() -> None:
    answers = iter([UNCHANGED, OTHER_SIDE, UNCHANGED, UNCHANGED])
    assert run(lambda _undone: next(answers))[0].verdict is Verdict.FLAKY
    answers = iter([UNCHANGED, OTHER_SIDE, OTHER_SIDE, OTHER_SIDE])
    assert run(lambda _undone: next(answers))[0].verdict is Verdict.FLAKY


@pytest.mark.parametrize("limit", [4, 6, 8])
def test_the_search_ends_where_the_runs_are_used_up(limit: int) -> None:
    proof, runs = run(needs("d", "x"), limit=limit)
    assert (proof.verdict, len(runs) <= limit) == (Verdict.USED_UP, True)


def test_what_was_answered_another_way_is_asked_again() -> None:
    copied = False

    def ask(undone: tuple[str, ...]) -> Answer:
        nonlocal copied
        copied = copied or len(undone) > 2
        return OTHER_SIDE if copied and "b" in undone else UNCHANGED

    assert prove("abc", "", ask, limit=40, way=lambda: copied).undone == ("b",)


def test_one_thing_that_nothing_named_is_found_by_undoing_all() -> None:
    proof, runs = run(needs("x"), likely="", rest="x")
    assert (proof.verdict, proof.undone, runs) == (Verdict.PROVED, ("x",), ["", "x", "x", ""])


def test_fewer_are_looked_for_in_coarser_parts_where_there_are_some() -> None:
    def ask(undone: tuple[str, ...]) -> Answer:
        return OTHER_SIDE if "F" in undone or {"a", "b", "c"} <= set(undone) else UNCHANGED

    found = prove("abc", "FG", ask, limit=40, coarse="FG")
    assert (found.verdict, found.undone) == (Verdict.PROVED, ("F",))


def test_fewer_of_what_is_known_to_be_enough_are_found() -> None:
    proof = minimized("abcd", needs("b", "d"), limit=40)
    assert (proof.verdict, proof.undone) == (Verdict.PROVED, ("b", "d"))
