"""Tests that failed together and recovered together get one reason, and its confidence from all of them."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.flakes import Failure, flake_odds
from pytest_debugloop.loading.recoveries.rows import Pending
from pytest_debugloop.loading.recoveries.together import Examined, Judged, in_order, judge

RED, GREEN = uuid.uuid4(), uuid.uuid4()


def recovery(
    changes: dict[str, str],
    cause: str | None = "one",
    success_run: uuid.UUID = GREEN,
    task: uuid.UUID | None = None,
    *,
    is_in_order: bool = False,
) -> Examined:
    """A recovery with functions that were changed, and what each is to the test; in order, if it is not given."""
    found = Findings()
    if changes:
        by_odds = list(changes) if is_in_order else sorted(changes, key=lambda name: -weights.ODDS[changes[name]])
        found.explain("code_change", *(changes[name] for name in by_odds))
        least = weights.LIKELY * weights.ODDS[changes[by_odds[0]]]
        for name in by_odds:
            key = "code" if weights.ODDS[changes[name]] >= least else "code_beside"
            found.evidence.setdefault(key, []).append({"file": "shop.py", "function": name})
    now = datetime.now(timezone.utc)
    one = Pending(
        *(
            uuid.uuid4(),
            task or uuid.uuid4(),
            RED,
            success_run,
            "pytest",
            "pytest",
            now,
            "test_it",
            "test_it",
            1,
            1,
            [],
        ),
        *("agent", "ValueError", "no", 1, cause),
    )
    return Examined(one, found, flake_odds([], Failure()))


_FUNCTIONS = st.sampled_from(("pay", "add", "setup_method", "configure"))
_SITUATIONS = (weights.LINES_RUN, weights.ENTERED, weights.OF_TEST, weights.OF_MODULE, *weights.NAMES_AWAY)
NEAR, FAR = weights.names_away(1), weights.names_away(4)


def first(judged: Judged, examined: list[Examined], place: int) -> str:
    in_order(judged, examined[place].found)
    return str(examined[place].found.evidence["code"][0]["function"])


def test_what_explains_all_is_named_before_what_explains_one_alone() -> None:
    examined = [recovery({f"own_{number}": NEAR, "broken": FAR}) for number in range(4)]
    (judged,) = judge(examined)
    assert [first(judged, examined, place) for place in range(4)] == ["broken"] * 4
    assert [one["function"] for one in examined[0].found.evidence["code_beside"]] == ["own_0"]
    assert judged.choice.confidence > max(one.choice().confidence for one in examined)


def test_one_test_that_looks_like_a_flake_has_the_reason_of_the_others() -> None:
    examined = [recovery({"broken": NEAR}), recovery({"broken": NEAR}), recovery({"broken": weights.ENTERED})]
    examined[2].flake["flake"] = 9.0
    assert examined[2].choice().explanation == "flake"
    (judged,) = judge(examined)
    assert (judged.choice.explanation, judged.tests) == ("code_change", 3)


def test_a_known_flake_that_failed_in_the_same_place_stays_one() -> None:
    examined = [recovery({"broken": NEAR}), recovery({"broken": NEAR}), recovery({"broken": NEAR})]
    examined[2].flake.update(flake=9.0, passed_on_version=1.0)
    assert [(one.choice.explanation, one.members) for one in judge(examined)] == [
        ("flake", [2]),
        ("code_change", [0, 1]),
    ]


def test_failures_of_one_cause_that_two_changes_mended_are_told_apart() -> None:
    examined = [recovery({"a": NEAR}), recovery({"b": NEAR}), recovery({"a": NEAR}), recovery({"b": NEAR})]
    assert sorted(sorted(one.members) for one in judge(examined)) == [[0, 2], [1, 3]]


def test_failures_of_several_causes_with_the_same_first_candidate_are_one() -> None:
    examined = [recovery({"broken": NEAR, f"own_{cause}": FAR}, cause) for cause in ("x", "y", "z")]
    (judged,) = judge(examined)
    assert judged.tests == 3
    assert judged.choice.confidence > examined[0].choice().confidence


def test_of_several_causes_what_may_explain_all_is_named_before_what_explains_most() -> None:
    wide = {"wide": weights.names_away(1), "broken": weights.names_away(2)}
    examined = [recovery(wide, cause) for cause in ("x", "y", "z")] + [recovery({"broken": NEAR}, "w")]
    (judged,) = judge(examined)
    assert {first(judged, examined, place) for place in range(4)} == {"broken"}


def test_what_is_chosen_for_all_is_a_candidate_of_each() -> None:
    sure = {"sure": weights.LINES_RUN, "common": weights.ENTERED}
    examined = [recovery(sure), recovery(sure), recovery({"common": weights.OF_MODULE})]
    examined[1].found.candidates["environment_change"] = [weights.VARIABLE_NAMED[0]]
    examined[1].found.evidence["environment"] = {"RATE": ["1", "2"]}
    alone, sure_of = judge(examined)
    assert (sure_of.tests, alone.choice.explanation) == (2, "flake")
    assert all(sure_of.choice.explanation in examined[place].found.candidates for place in sure_of.members)


@pytest.mark.parametrize(
    "others",
    [
        pytest.param({"cause": "two", "changes": {"other": NEAR}}, id="another cause and candidate"),
        pytest.param({"success_run": uuid.uuid4()}, id="another pass"),
    ],
)
def test_what_has_nothing_in_common_is_judged_alone(others: dict[str, object]) -> None:
    examined = [recovery({"broken": NEAR}), recovery(**{"changes": {"broken": NEAR}, **others})]  # type: ignore[arg-type]
    judged = judge(examined)
    assert [one.odds for one in judged] == [None, None]
    assert [one.choice for one in judged] == [one.choice() for one in examined]


def test_failures_of_one_test_are_no_evidence_for_each_other() -> None:
    task = uuid.uuid4()
    examined = [recovery({"broken": NEAR}, task=task) for _ in range(3)]
    assert [one.choice for one in judge(examined)] == [one.choice() for one in examined]


def test_where_nothing_differs_all_have_one_reason_too() -> None:
    (judged,) = judge([recovery({}), recovery({})])
    assert judged.choice.explanation == "flake"


def test_the_order_of_tests_is_each_ones_own() -> None:
    examined = [recovery({}), recovery({})]
    for one in examined:
        one.found.explain("order_change", weights.SUSPECT)
    assert [(one.choice.explanation, one.odds) for one in judge(examined)] == [("order_change", None)] * 2


def test_candidates_of_other_strategies_are_shared_by_name() -> None:
    examined = [recovery({f"own_{number}": weights.OF_MODULE}) for number in range(3)]
    for one, away in zip(examined, (0, 1, 2), strict=True):
        one.found.evidence["environment"] = {"RATE": ["1", "2"], "HOME": ["a", "b"]}
        one.found.explain("environment_change", weights.VARIABLE_NAMED[away], weights.VARIABLE_OF_NOBODY)
    (judged,) = judge(examined)
    assert judged.choice.explanation == "environment_change"


def test_what_follows_the_first_and_is_likelier_for_all_comes_before_it_with_its_entry() -> None:
    changes = {"setup_method": weights.ENTERED, "configure": weights.NAMES_AWAY[0]}
    examined = [recovery(changes, is_in_order=True), recovery({"configure": weights.NAMES_AWAY[0]})]
    (judged,) = judge(examined)
    assert first(judged, examined, 0) == "configure"
    beside = examined[0].found.evidence["code_beside"]
    assert [entry["function"] for entry in beside] == ["setup_method"]


@given(st.lists(st.dictionaries(_FUNCTIONS, st.sampled_from(_SITUATIONS), min_size=1), min_size=1, max_size=4))
def test_all_that_was_told_of_each_is_told_of_it_after_judging_them_together(several: list[dict[str, str]]) -> None:
    examined = [recovery(changes, is_in_order=True) for changes in several]
    for judged in judge(examined):
        for place in judged.members:
            in_order(judged, examined[place].found)
    for one, changes in zip(examined, several, strict=True):
        entries = [entry for key in ("code", "code_beside") for entry in one.found.evidence.get(key, ())]
        assert sorted(entry["function"] for entry in entries) == sorted(changes)
        assert sorted(one.found.candidates["code_change"]) == sorted(changes.values())
