"""The scores of tests that come to different results on other branches and in other legs."""

from __future__ import annotations

from tests.migration.simulated import NEAR, History


def test_a_branch_that_breaks_a_test_beside_one_that_does_not_makes_no_flake(history: History) -> None:
    for _ in range(8):
        history.commits("test_it", "P", branch="main")
        history.commits("test_it", "F", branch="feature")
    row = history.score("test_it")
    assert row["class"] not in ("flaky", "newly flaky")


def test_a_test_that_is_broken_in_one_leg_is_no_flake(history: History) -> None:
    for _ in range(8):
        history.commits("test_it", "P", leg="py312")
        history.commits("test_it", "F", leg="py313")
    row = history.score("test_it")
    assert (row["class"], row["good_failures"]) == ("broken", 0)


def test_code_that_breaks_a_test_on_several_lines_at_once_makes_no_flake(history: History) -> None:
    for leg in ("py312", "py313"):
        history.attempts("test_it", "PPPPP", "good", leg=leg)
    # On main, and on a branch that has merged it: four lines that fail for the first time, each once.
    for branch, code in (("main", "bad"), ("feature", "merged")):
        for leg in ("py312", "py313"):
            history.attempts("test_it", "F", code, branch=branch, leg=leg)
    row = history.score("test_it")
    assert row["class"] not in ("flaky", "newly flaky")
    assert not history.recently_flaky("test_it")
    # Where it passes on the same code elsewhere, it is.
    history.attempts("test_it", "PPPP", "bad", branch="main", leg="py312")
    assert history.recently_flaky("test_it")


def test_legs_are_told_apart_by_what_they_came_to_last(history: History) -> None:
    history.commits("test_it", "PPPPPPPPFF", NEAR, leg="py311")
    history.commits("test_it", "PPPPPPFPPPPPPPPFPPPFP", {"commits": ["a", "b"]}, leg="py312")
    history.commits("test_it", "PPPPPPPP", leg="py313")
    found = history.connection.execute("SELECT leg, class, failures_since_pass FROM debug_test_legs ORDER BY leg")
    assert found.fetchall() == [("py311", "broken", 2), ("py312", "flaky", 0), ("py313", "stable", 0)]
