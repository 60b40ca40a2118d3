"""The scores of tests where each run has a commit of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.migration.simulated import FAR, NEAR, NOTHING, History

if TYPE_CHECKING:
    from tests.migration.conftest import Connection


NOW_AND_THEN = "P" * 10 + "F" + "P" * 10 + "F" + "P" * 20 + "F" + "P" * 9 + "F" + "P" * 50


@pytest.mark.parametrize("evidence", [None, NOTHING, FAR], ids=["nobody looked", "nothing differs", "far away"])
def test_a_test_that_fails_now_and_then_is_flaky_where_each_run_has_its_own_commit(
    history: History, evidence: dict[str, Any] | None
) -> None:
    history.commits("test_it", NOW_AND_THEN, evidence)
    row = history.score("test_it")
    assert row["class"] == "flaky"
    assert 0.02 < row["flakiness"] < 0.06


def test_changes_of_the_verdict_on_commits_that_do_not_touch_the_test_are_flips(history: History) -> None:
    history.commits("test_untouched", NOW_AND_THEN, NOTHING)
    history.commits("test_touched", NOW_AND_THEN, NEAR)
    untouched, touched = history.score("test_untouched"), history.score("test_touched")
    assert untouched["flip_rate"] == pytest.approx(8 / (len(NOW_AND_THEN) - 1), rel=0.02)
    assert untouched["entropy"] > 0.2
    assert (touched["flip_rate"], touched["entropy"]) == (0, 0)


@pytest.mark.parametrize(
    "outcomes",
    [
        "PPPPPPPPPPPPFFFFFPPPPPPPPPPPP",
        "PPPPPPFFFPPPPPPPPPPPFFPPPPPPPPPPFFFFPPPPPPPP",
        "PPPPPPPPFPPPPPPPPPP",
        "FFFFFPPPPPPP",
    ],
)
@pytest.mark.parametrize("evidence", [None, NEAR], ids=["nobody looked", "near"])
def test_a_test_that_commits_broke_and_mended_is_not_called_flaky(
    history: History, outcomes: str, evidence: dict[str, Any] | None
) -> None:
    history.commits("test_it", outcomes, evidence)
    assert history.score("test_it")["class"] in ("stable", "fixed")


def test_one_long_failure_without_a_known_cause_is_not_called_flaky(history: History) -> None:
    history.commits("test_it", "P" * 40 + "F" * 8 + "P" * 40, NOTHING)
    assert history.score("test_it")["class"] == "stable"


def test_a_service_that_is_away_now_and_then_makes_a_test_flaky(history: History) -> None:
    history.commits("test_it", "P" * 10 + "FFF" + "P" * 20 + "FF" + "P" * 20 + "FFFF" + "P" * 20, NOTHING)
    assert history.score("test_it")["class"] == "flaky"


def test_a_flaky_test_that_is_broken_now_is_told_as_broken_and_was_flaky(history: History) -> None:
    history.commits("test_it", NOW_AND_THEN, NOTHING)
    history.commits("test_it", "F" * 9)
    row = history.score("test_it")
    assert row["class"] == "broken"
    assert row["good_failures"] == 4


def test_the_last_commits_broke_it(history: History) -> None:
    history.commits("test_it", "P" * 30 + "FF", NEAR)
    row = history.score("test_it")
    assert (row["class"], row["good_failures"]) == ("broken", 0)


def test_flaky_tests_rank_above_those_that_commits_broke(history: History) -> None:
    history.commits("test_once", "P" * 60 + "F" + "P" * 59, NOTHING)
    history.commits("test_mended", "P" * 60 + "F" + "P" * 59, NEAR)
    history.commits("test_broken", "P" * 117 + "FFF", NEAR)
    scores = [history.score(test)["score"] for test in ("test_once", "test_mended", "test_broken")]
    assert scores[0] > max(scores[1:])


def test_a_nearer_change_is_a_likelier_cause(migrated: Connection) -> None:
    told = [
        {"verified": {"strategy": "code_change"}, **NEAR},
        NEAR,
        {"code": [{"reached_from": "test", "distance": 3}]},
        {"code": [{"reached_from": "test", "distance": 4}]},
        FAR,
        {"code_not_run": [{}]},
        NOTHING,
    ]
    rows = [
        migrated.execute("SELECT debug_change_ratio('code_change', 0.5, %s)", (json.dumps(one),)).fetchone()
        for one in told
    ]
    ratios = [row[0] for row in rows if row is not None]
    assert ratios == sorted(ratios, reverse=True)
    assert len(set(ratios)) == len(told)
