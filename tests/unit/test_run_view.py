"""How a run is said to have ended: no better than is known."""

from __future__ import annotations

import uuid
from dataclasses import fields, replace
from datetime import datetime, timezone

import pytest

from pytest_debugloop.answers.runs import nothing_failed, verdict_of
from pytest_debugloop.cli.views.run import run_lines
from pytest_debugloop.queries.runs import Run


def run(status: str, exit_status: int | None) -> Run:
    values = dict.fromkeys((field.name for field in fields(Run)), None)
    known = {"id": uuid.uuid4(), "project": "shop", "started_at": datetime.now(timezone.utc)}
    return Run(**{**values, **known, "status": status, "exit_status": exit_status})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "exit_status", "verdict", "is_well"),
    [
        ("finished", 0, "passed", True),
        ("finished", 5, "no tests", True),
        ("finished", 1, "failed", False),
        ("finished", 3, "exit status 3", False),
        ("finished", None, "broken", False),
        ("died", None, "died", False),
        ("interrupted", 2, "interrupted", False),
        ("interrupted", None, "interrupted", False),
    ],
)
def test_only_what_is_known_to_have_passed_is_said_to(
    status: str, exit_status: int | None, verdict: str, is_well: bool
) -> None:
    assert verdict_of(run(status, exit_status))[0] == verdict
    assert (nothing_failed(run(status, exit_status)) == "Nothing failed.") is is_well
    told = "\n".join(line.plain for line in run_lines(run(status, exit_status)))
    assert ("its exit status is unknown" in told) is (verdict == "broken")


@pytest.mark.parametrize(
    ("is_dirty", "says"),
    [
        (True, "main 1a2b3c4d5 with uncommitted changes, Python 3.12.1"),
        (False, "main 1a2b3c4d5, Python 3.12.1"),
        (None, "main 1a2b3c4d5 (unknown whether with uncommitted changes), Python 3.12.1"),
    ],
)
def test_whether_the_checkout_was_changed_is_said_in_words(is_dirty: bool | None, says: str) -> None:
    values = {"git_branch": "main", "git_commit": "1a2b3c4d5e6f", "is_dirty": is_dirty, "python_version": "3.12.1"}
    lines = [line.plain for line in run_lines(replace(run("finished", 0), **values))]  # type: ignore[arg-type]
    assert f"  project shop, {says}" in lines


def test_of_a_run_that_goes_on_nothing_is_said_of_its_end() -> None:
    assert nothing_failed(run("running", None)) == "Nothing has failed so far."
