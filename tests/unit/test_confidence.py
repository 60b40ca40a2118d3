"""A confidence is high where the evidence allows one explanation, and low where a flake explains as much."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.loading.recoveries.confidence import (
    ALONE,
    DEPENDENCY,
    DIRECT,
    ORDER,
    PER_NAME,
    REACHED,
    SUSPECT,
    VARIABLE,
    VARIABLE_OF_TEST,
    Version,
    chance_of_flake,
    confidence,
    explanations,
)

STRATEGIES = ["code_change", "dependency_change", "environment_change", "order_change", "rerun", "unknown"]
CHANCES = st.floats(0, 1)
WEIGHTS = st.dictionaries(st.sampled_from(["flake", *STRATEGIES[:4]]), CHANCES)
MISSING = st.integers(0, 6)


@st.composite
def version(draw: st.DrawFn) -> Version:
    attempts = draw(st.integers(1, 10_000))
    return Version(draw(st.booleans()), attempts, draw(st.integers(0, attempts)))


HISTORIES = st.lists(version(), max_size=8)
# Each version failed, and passed when it was run again without a change.
FLAKE = [*[Version(is_of_failure=False, attempts=2, failures=1)] * 9, Version(True, 2, 1)]
# Never failed on other versions; here each time.
BROKEN = [*[Version(is_of_failure=False, attempts=5, failures=0)] * 4, Version(True, 3, 3)]


def code_change(history: list[Version], weight: float = DIRECT, missing: int = 0) -> float:
    score, _ = confidence("code_change", explanations({"code_change": weight}, chance_of_flake(history)), missing)
    return score


@given(strategy=st.sampled_from(STRATEGIES), weights=WEIGHTS, missing=MISSING)
def test_a_confidence_is_between_none_and_certainty(strategy: str, weights: dict[str, float], missing: int) -> None:
    score, terms = confidence(strategy, weights, missing)
    assert 0.0 <= score <= 1.0
    assert score == round(score, 4)
    assert weights.items() <= terms.items()


@given(strategy=st.sampled_from(STRATEGIES), weights=WEIGHTS, missing=MISSING)
def test_missing_evidence_never_makes_surer(strategy: str, weights: dict[str, float], missing: int) -> None:
    assert confidence(strategy, weights, missing + 1)[0] <= confidence(strategy, weights, missing)[0]


@pytest.mark.parametrize("strategy", ["code_change", "rerun"])
def test_missing_evidence_makes_less_sure(strategy: str) -> None:
    weights = {"flake": 0.5, "code_change": 0.5}
    assert confidence(strategy, weights, 1)[0] < confidence(strategy, weights, 0)[0]


@given(weights=WEIGHTS, strategy=st.sampled_from(STRATEGIES[:4]), more=CHANCES)
def test_a_more_likely_explanation_never_has_less_confidence(
    weights: dict[str, float], strategy: str, more: float
) -> None:
    low, high = sorted([weights.get(strategy, 0.0), more])
    assert (
        confidence(strategy, weights | {strategy: low}, 0)[0] <= confidence(strategy, weights | {strategy: high}, 0)[0]
    )


@given(weights=WEIGHTS, flake=CHANCES)
def test_another_likely_explanation_never_makes_surer(weights: dict[str, float], flake: float) -> None:
    low, high = sorted([weights.get("flake", 0.0), flake])
    of_low = confidence("code_change", weights | {"flake": low}, 0)[0]
    assert confidence("code_change", weights | {"flake": high}, 0)[0] <= of_low


@given(weights=WEIGHTS)
def test_explanations_together_are_never_more_than_certain(weights: dict[str, float]) -> None:
    scores = [confidence(strategy, weights, 0)[0] for strategy in ("rerun", *STRATEGIES[:4])]
    assert sum(scores) <= 1.0 + 0.0001 * len(scores)


def test_an_explanation_without_evidence_has_no_confidence() -> None:
    assert confidence("code_change", {"flake": 0.5}, 0)[0] == 0.0
    assert confidence("rerun", {}, 0)[0] == 0.0


@given(history=HISTORIES)
def test_the_chance_of_a_flake_is_a_probability(history: list[Version]) -> None:
    terms = chance_of_flake(history)
    assert all(isfinite(value) for value in terms.values())
    for name in ("failure_rate", "breaking_share", "broken", "flake"):
        assert 0.0 <= terms[name] <= 1.0


@given(attempts=st.integers(1, 10_000), others=HISTORIES)
def test_a_test_that_failed_more_often_in_a_row_is_never_more_likely_a_flake(
    attempts: int, others: list[Version]
) -> None:
    others = [one._replace(is_of_failure=False) for one in others]
    fewer, more = (
        chance_of_flake([*others, Version(is_of_failure=True, attempts=count, failures=count)])["flake"]
        for count in (attempts, attempts + 1)
    )
    assert more <= fewer


def test_a_test_without_a_history_is_likelier_broken_the_more_often_it_failed() -> None:
    chances = [chance_of_flake([Version(True, count, count)])["flake"] for count in (1, 2, 3)]
    assert chances[0] > chances[1] > chances[2]
    assert chance_of_flake([])["failure_rate"] == pytest.approx(0.015)


def test_a_test_that_passed_on_the_version_of_its_failure_was_not_broken_by_it() -> None:
    assert chance_of_flake(FLAKE)["broken"] == 0.0
    assert chance_of_flake([Version(True, 100, 99)])["broken"] == 0.0


def test_a_version_that_broke_it_does_not_count_as_flakiness() -> None:
    broken_once = [Version(is_of_failure=False, attempts=50, failures=50), *BROKEN]
    assert chance_of_flake(broken_once)["failure_rate"] == chance_of_flake(BROKEN)["failure_rate"]
    assert chance_of_flake(broken_once)["breaking_share"] > chance_of_flake(BROKEN)["breaking_share"]


def test_the_version_in_question_is_no_evidence_for_itself() -> None:
    assert chance_of_flake([Version(True, 3, 3)])["breaking_share"] == pytest.approx(1 / 101)


@pytest.mark.parametrize("weight", [DIRECT, REACHED, REACHED * PER_NAME])
def test_a_code_change_is_an_unlikely_reason_for_a_flake_that_passes_on_each_retry(weight: float) -> None:
    assert code_change(FLAKE, weight) < 0.5


def test_a_code_change_is_less_likely_the_reason_for_a_flake_than_for_a_test_that_never_failed() -> None:
    assert code_change(FLAKE) < code_change(BROKEN) - 0.3


def test_a_rerun_is_a_likely_reason_for_a_flake() -> None:
    assert confidence("rerun", {"flake": chance_of_flake(FLAKE)["flake"]}, 0)[0] > 0.9


def test_a_direct_change_after_three_failures_of_a_test_that_never_failed_before_is_a_sure_reason() -> None:
    assert code_change(BROKEN) > 0.9


def test_it_is_less_sure_after_one_failure() -> None:
    once = [*BROKEN[:-1], Version(True, 1, 1)]
    assert code_change(once) < code_change(BROKEN)


def test_a_far_change_is_a_less_sure_reason_than_a_near_one() -> None:
    scores = [code_change(BROKEN, weight) for weight in (DIRECT, REACHED, REACHED * PER_NAME, REACHED * PER_NAME**5)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_weights_are_in_the_order_of_what_the_evidence_says() -> None:
    assert DIRECT > REACHED > VARIABLE_OF_TEST > DEPENDENCY > VARIABLE
    assert SUSPECT > ALONE > ORDER
