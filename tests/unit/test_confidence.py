"""A confidence is high where the evidence allows one explanation, and low where another explains as much."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.loading.recoveries.confidence import FLAKE, UNRECORDED, Choice, choose
from pytest_debugloop.loading.recoveries.flakes import Failure, Version, flake_odds, symptom_of
from pytest_debugloop.loading.recoveries.weights import (
    DISTRIBUTION,
    IMPORTS,
    ODDS,
    OF_MODULE,
    OF_TEST,
    ORDER,
    VARIABLE_NAMED,
    names_away,
)

STRATEGIES = ["code_change", "dependency_change", "environment_change", "order_change"]
CANDIDATES = st.dictionaries(
    st.sampled_from(STRATEGIES), st.lists(st.sampled_from(sorted(ODDS)), min_size=1, max_size=20)
)


@st.composite
def version(draw: st.DrawFn) -> Version:
    attempts = draw(st.integers(1, 10_000))
    return Version(draw(st.booleans()), attempts, draw(st.integers(0, attempts)))


HISTORIES = st.lists(version(), max_size=8)
NOTHING = Failure()
ONCE = [Version(is_of_failure=True, attempts=1, failures=1)]
# Each version failed, and passed when it was run again without a change.
FLAKE_BEFORE = [*[Version(is_of_failure=False, attempts=2, failures=1)] * 9, Version(True, 2, 1)]
# Never failed on other versions; here each time.
BROKEN = [*[Version(is_of_failure=False, attempts=5, failures=0)] * 4, Version(True, 3, 3)]


def choice(history: list[Version], failure: Failure = NOTHING, **candidates: list[str]) -> Choice:
    return choose(candidates, flake_odds(history, failure))


@given(candidates=CANDIDATES, history=HISTORIES, missing=st.integers(0, 6), is_untied=st.booleans())
def test_the_likeliest_explanation_is_chosen_with_its_share_of_all(
    candidates: dict[str, list[str]], history: list[Version], missing: int, is_untied: bool
) -> None:
    chosen = choose(candidates, flake_odds(history, NOTHING), missing=missing, is_untied=is_untied)
    assert 0.0 <= chosen.confidence <= 1.0
    assert chosen.confidence == round(chosen.confidence, 4)
    own = chosen.terms[chosen.explanation]
    assert own == max(odds for name, odds in chosen.terms.items() if name != "beside")
    assert chosen.confidence == pytest.approx(own / sum(chosen.terms.values()), abs=0.0001)


@given(candidates=CANDIDATES, history=HISTORIES, missing=st.integers(0, 6))
def test_missing_evidence_makes_less_sure_of_a_difference_and_of_a_flake(
    candidates: dict[str, list[str]], history: list[Version], missing: int
) -> None:
    flake = flake_odds(history, NOTHING)
    less, more = choose(candidates, flake, missing=missing), choose(candidates, flake, missing=missing + 1)
    assert more.confidence <= less.confidence or more.explanation == UNRECORDED


@given(candidates=CANDIDATES, history=HISTORIES)
def test_a_further_candidate_makes_no_surer_of_the_first(
    candidates: dict[str, list[str]], history: list[Version]
) -> None:
    flake = flake_odds(history, NOTHING)
    alone = choose({strategy: situations[:1] for strategy, situations in candidates.items()}, flake)
    together = choose(candidates, flake)
    assert together.explanation == alone.explanation
    assert together.confidence <= alone.confidence


def test_what_no_difference_and_no_history_speaks_against_is_a_flake() -> None:
    chosen = choice(ONCE)
    assert chosen.explanation == FLAKE
    assert chosen.confidence > 0.9


def test_a_test_that_failed_again_and_again_on_one_version_needs_another_reason_than_a_flake() -> None:
    assert choice([Version(True, 6, 6)]).explanation == UNRECORDED
    assert choice(BROKEN).explanation == UNRECORDED


@pytest.mark.parametrize("situation", [OF_TEST, names_away(1), names_away(3)])
def test_code_that_a_test_reaches_is_likelier_than_a_flake_after_one_failure(situation: str) -> None:
    chosen = choice(ONCE, code_change=[situation])
    assert chosen.explanation == "code_change"
    assert chosen.confidence > 0.6


@pytest.mark.parametrize("situation", [OF_MODULE, IMPORTS])
def test_what_a_test_hardly_reaches_is_less_likely_than_a_flake_after_one_failure(situation: str) -> None:
    assert choice(ONCE, code_change=[situation]).explanation == FLAKE
    assert choice(BROKEN, code_change=[situation]).explanation == "code_change"


def test_the_greatest_weight_wins_and_no_order_of_strategies() -> None:
    chosen = choice(ONCE, code_change=[OF_MODULE], environment_change=[VARIABLE_NAMED[0]])
    assert chosen.explanation == "environment_change"
    assert choice(ONCE, order_change=[ORDER], dependency_change=[DISTRIBUTION]).explanation == "dependency_change"


def test_on_what_it_passed_on_too_code_is_an_unlikely_reason() -> None:
    assert choice(FLAKE_BEFORE, code_change=[names_away(1)]).explanation == FLAKE
    sure = choice(BROKEN, code_change=[names_away(1)])
    assert sure.explanation == "code_change"
    assert sure.confidence > 0.95


@given(history=HISTORIES)
def test_the_odds_of_a_flake_are_finite_and_never_negative(history: list[Version]) -> None:
    terms = flake_odds(history, NOTHING)
    assert all(isfinite(value) and value >= 0.0 for value in terms.values())
    assert 0.0 <= terms["failure_rate"] <= 1.0


@given(failures=st.integers(1, 10_000), others=HISTORIES)
def test_a_test_that_failed_more_often_in_a_row_is_never_more_likely_a_flake(
    failures: int, others: list[Version]
) -> None:
    others = [one._replace(is_of_failure=False) for one in others]
    fewer, more = (
        flake_odds([*others, Version(True, count, count)], NOTHING)["flake"] for count in (failures, failures + 1)
    )
    assert more <= fewer


def test_a_test_without_a_history_that_failed_once_has_the_odds_of_one() -> None:
    terms = flake_odds(ONCE, NOTHING)
    assert terms["flake"] == pytest.approx(1.0)
    assert terms["failure_rate"] == pytest.approx(0.015)


def test_a_version_that_broke_it_does_not_count_as_flakiness() -> None:
    broken_before = [Version(is_of_failure=False, attempts=50, failures=50), *BROKEN]
    assert flake_odds(broken_before, NOTHING) == flake_odds(BROKEN, NOTHING)


def test_tests_that_fail_and_recover_together_are_seldom_as_many_flakes() -> None:
    alone, together = (choice(ONCE, Failure(together=count), code_change=[OF_MODULE]) for count in (1, 3))
    assert alone.explanation == FLAKE
    assert together.explanation == "code_change"


def test_an_outage_that_fails_many_tests_is_no_change_of_code() -> None:
    outage = Failure("external", "ConnectionRefusedError", "connection refused", together=40)
    assert choice(ONCE, outage, code_change=[names_away(6)]).explanation == FLAKE


@pytest.mark.parametrize(
    ("failure", "symptom"),
    [
        (Failure("external", "ConnectionResetError", "[Errno 104]"), "external"),
        (Failure("agent", "RuntimeError", "the server timed out after 3 s"), "chance"),
        (Failure("agent", "mysql.LockDeadlock", "1213"), "chance"),
        (Failure("agent", "AttributeError", "'Shop' object has no attribute 'rate'"), "code"),
        (Failure("agent", "builtins.NameError", "name 'x' is not defined"), "code"),
        (Failure("user", "AssertionError", "assert 3 == 4"), "comparison"),
        (Failure("user", "AssertionError", "assert socket.getdefaulttimeout() == 1"), "comparison"),
        (Failure("user", "AssertionError", "assert 1.0 is None\n +  where 1.0 = <function timeout>()"), "comparison"),
        (Failure("user", "AssertionError", "assert 'timed out' == 'sold'"), "chance"),
        (Failure("user", "AssertionError", "'a' != 'b'"), "comparison"),
        (Failure("agent", "ValueError", "no such shop"), "other"),
        (Failure(), "other"),
    ],
)
def test_what_a_failure_looks_like_tells_how_likely_a_flake_is(failure: Failure, symptom: str) -> None:
    assert symptom_of(failure) == symptom


def test_a_candidate_with_greater_odds_is_nearer_to_the_test() -> None:
    distances = [ODDS[names_away(distance)] for distance in range(1, 8)]
    assert distances == sorted(distances, reverse=True)
    assert ODDS[OF_TEST] > distances[0]
