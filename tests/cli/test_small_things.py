"""What is read every day says what it means, and nothing that means nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.answers.runs import marks_of_code

if TYPE_CHECKING:
    from tests.support.projects import Project


@pytest.fixture(scope="module")
def error(shop: Project) -> str:
    """The id of a failure of ``test_discount_keeps_the_cents``."""
    groups = json.loads(shop.printed("failures", "--json"))["failures"]
    (found,) = [one["last_error_id"] for one in groups if one["last_node_id"].endswith("discount_keeps_the_cents")]
    return str(found)


@pytest.mark.parametrize("command", ["history", "recoveries"])
def test_the_id_of_a_failure_leads_to_its_test(shop: Project, error: str, command: str) -> None:
    by_error = json.loads(shop.printed(command, error[-8:], "--json"))
    assert by_error == json.loads(shop.printed(command, "discount_keeps_the_cents", "--json"))


def test_an_assertion_is_called_what_pytest_calls_it(shop: Project, error: str) -> None:
    out = shop.printed("show", error)
    assert "AssertionError" in out
    assert "validation_error" not in out
    assert "severity" not in out


def test_a_time_of_nothing_is_not_told(shop: Project) -> None:
    assert " in 0 ms" not in shop.printed("history", "discount_keeps_the_cents")
    assert "cost 0 ms" not in shop.printed("flaky", "--all")


def test_marks_are_explained_where_they_stand(shop: Project) -> None:
    assert "less likely than not" in shop.printed("recoveries")


def test_marks_of_commits_are_told(shop: Project) -> None:
    runs = json.loads(shop.printed("runs", "--json"))["runs"]
    told = marks_of_code(run["is_dirty"] for run in runs)
    assert (told in shop.printed("runs")) or not told
    both = marks_of_code([True, None, False])
    assert both == "Behind a commit: + with uncommitted changes, ? not known whether there were any."
    assert marks_of_code([False]) == ""
