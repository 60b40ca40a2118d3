"""What is read every day says what it means, and nothing that means nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.answers.runs import marks_of_code
from tests.support.made_runs import MadeRun
from tests.support.projects import Project
from tests.support.records import Record

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers import Server


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
    assert both == "Behind a commit: + with uncommitted changes, ? unknown whether there were any."
    assert marks_of_code([False]) == ""


def test_tests_that_pass_again_for_one_reason_are_listed_below_it(any_postgres: Server, tmp_path: Path) -> None:
    names = [f"test_it.py::test_{letter}" for letter in "abc"]
    with any_postgres.schema() as schema:
        record = Record(any_postgres.conninfo, schema)
        MadeRun(dict.fromkeys(names, False), 0).load(record)
        MadeRun(dict.fromkeys(names, True), 1).load(record)
        record.connection.close()
        project = Project(tmp_path, any_postgres.conninfo, schema)
        lines = project.printed("--project", "made", "show").splitlines()
        assert project.printed("--project", "made", "failures", "--open") == "No failures are open.\n"
    begin = lines.index("Passed after failing before:")
    assert re.fullmatch(r"  3 tests (perhaps )?by \w+", lines[begin + 1])
    assert sorted(line.split()[0] for line in lines[begin + 2 : begin + 5]) == names
