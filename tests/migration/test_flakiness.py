"""The scores of tests, held against what can be worked out by hand."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.migration.simulated import History, self_scored


@pytest.mark.parametrize(("outcomes", "rate"), [("PPPFF", 0.25), ("PFPFP", 1.0), ("PPPPPFFFFF", 1 / 9)])
def test_the_flip_rate_counts_changes_of_the_verdict(history: History, outcomes: str, rate: float) -> None:
    history.attempts("test_it", outcomes)
    assert history.score("test_it")["flip_rate"] == pytest.approx(rate, abs=1e-3)


def test_one_attempt_has_no_flip_rate(history: History) -> None:
    history.attempts("test_it", "F")
    assert history.score("test_it")["flip_rate"] is None


def test_red_then_green_by_a_commit_is_no_flip(history: History) -> None:
    history.attempts("test_it", "FF", "before")
    history.attempts("test_it", "PP", "after")
    row = history.score("test_it")
    assert (row["flip_rate"], row["entropy"], row["good_failures"]) == (0, 0, 0)


@pytest.mark.parametrize(("outcomes", "entropy"), [("PF", 1.0), ("PPFFFF", 0.918), ("FFFF", 0.0)])
def test_the_entropy_is_that_of_the_share_of_failures(history: History, outcomes: str, entropy: float) -> None:
    history.attempts("test_it", outcomes)
    assert history.score("test_it")["entropy"] == pytest.approx(entropy, abs=1e-3)


def test_what_lies_two_weeks_back_counts_half(history: History) -> None:
    history.attempts("test_it", "PF", "old")
    history.now += timedelta(days=14)
    history.attempts("test_it", "PP", "new")
    assert history.score("test_it")["flip_rate"] == pytest.approx(0.5 / 1.5, abs=1e-3)


def test_a_test_that_never_failed_is_stable(history: History) -> None:
    history.attempts("test_it", "PPPPP")
    row = history.score("test_it")
    assert (row["class"], row["attempts"], row["failures"]) == ("stable", 5, 0)


def test_a_test_that_fails_now_and_then_on_one_code_is_flaky(history: History) -> None:
    history.attempts("test_it", "PFPPFPPPPFPP")
    row = history.score("test_it")
    assert row["class"] == "flaky"
    assert row["flakiness_low"] < row["flakiness"] < row["flakiness_high"]
    assert row["failure_rate"] == pytest.approx(0.25)


def test_a_test_that_the_last_code_broke_is_broken_and_no_flake(history: History) -> None:
    history.attempts("test_it", "P" * 30, "good")
    history.attempts("test_it", "FFF", "bad")
    row = history.score("test_it")
    assert row["class"] == "broken"
    assert row["broken_probability"] > 0.99
    assert row["good_failures"] == 0


def test_a_test_that_a_commit_mended_is_fixed(history: History) -> None:
    history.attempts("test_it", "P" * 10, "good")
    history.attempts("test_it", "FF", "bad")
    history.attempts("test_it", "P", "mended")
    history.recovered("test_it", "code_change", 0.9)
    assert history.score("test_it")["class"] == "fixed"


def test_a_test_that_began_to_fail_is_newly_flaky_since_the_run_in_which_it_did(history: History) -> None:
    history.attempts("test_it", "P" * 40, "old")
    history.attempts("test_it", "PF", "new")
    since = history.connection.execute("SELECT run_id FROM debug_error_events").fetchall()
    history.attempts("test_it", "PFPFFP", "new")
    row = history.score("test_it")
    assert row["class"] == "newly flaky"
    assert [(row["flaky_since_run"],)] == since


def test_an_incident_says_nothing_of_a_test(history: History) -> None:
    history.attempts("test_it", "P" * 10)
    history.attempts("test_it", "FFF", incident=True)
    history.attempts("test_it", "P" * 10)
    row = history.score("test_it")
    assert (row["class"], row["failures"], row["flip_rate"]) == ("stable", 0, 0)


def test_a_retry_proves_a_flake_and_is_no_occasion_of_its_own(history: History) -> None:
    history.attempts("test_it", "PPPPFrPPPPFrPPPPFxrPPPP")
    row = history.score("test_it")
    assert (row["class"], row["attempts"], row["failures"], row["good_failures"]) == ("flaky", 23, 4, 3)
    # As if it had not been tried again: 3 of 19 runs.
    assert row["flakiness"] == pytest.approx(self_scored(history, 3, 16), abs=6e-5)


def test_a_test_that_fails_with_all_its_retries_on_the_last_code_is_broken(history: History) -> None:
    history.attempts("test_it", "P" * 30, "good")
    history.attempts("test_it", "Fxx", "bad")
    assert history.score("test_it")["class"] == "broken"


def test_a_pass_with_other_options_does_not_make_the_same_code_good(history: History) -> None:
    history.attempts("test_it", "PPPPPPFFFP")
    history.recovered("test_it", "option_change", 0.9)
    history.connection.execute(
        "UPDATE debug_error_success_correlation SET evidence = %s", (json.dumps({"options": {"-W": ["error", None]}}),)
    )
    assert history.score("test_it")["class"] == "stable"
