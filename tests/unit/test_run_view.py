"""How a run is said to have ended: no better than is known."""

from __future__ import annotations

import uuid
from dataclasses import fields
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


def test_of_a_run_that_goes_on_nothing_is_said_of_its_end() -> None:
    assert nothing_failed(run("running", None)) == "Nothing has failed so far."
