"""What somebody sees first: the last run here, what is red, what is flaky, and what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pytest_debugloop.answers.runs import last_run
from pytest_debugloop.queries.compare import Here, last_run_here
from pytest_debugloop.queries.failures import FailureGroup, failure_groups
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.question import Steps, fetch, first, one
from pytest_debugloop.queries.recoveries import FlakyTest, flaky_tests
from pytest_debugloop.queries.runs import Run, run_of
from pytest_debugloop.text.json_values import plain

SHOWN = 5
"""How many failures and flaky tests are named."""

_LOOKED_AT = 50
_SCORED = 15
_LATELY = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What is known at a glance.

    Attributes:
        run: the last one of this checkout; the last of the project if there is none.
        is_here: whether it is of this checkout.
        red: causes of open failures on its branch, most frequent first, without those that nobody has run for weeks.
        flaky: the surest flaky tests, of those that failed in the two weeks before the run.
    """

    run: Run
    is_here: bool
    red: list[FailureGroup]
    flaky: list[FlakyTest]


def front_page(project: str | None, here: Here) -> Steps[FrontPage]:
    """Ask what is known at a glance.

    Args:
        project: only of this one; None for all.
        here: where the command was typed.

    Raises:
        EmptyRecordError: the record has no runs.
        NoRunsError: it has none of this project.
    """
    last = yield from first(last_run_here(project, here))
    run = (yield from one(run_of(last.id))) if last else (yield from last_run(project))
    of_branch = Filters(branch=run.git_branch)
    groups = yield from fetch(
        failure_groups(limit=_LOOKED_AT, filters=of_branch, project=run.project, is_open=True, by_cause=True)
    )
    red = [group for group in groups if group.not_run_since is None]
    lately = Filters(since=run.started_at - _LATELY)
    flaky = yield from fetch(flaky_tests(run.project, SHOWN, only_flaky=True, filters=lately, looked_at=_SCORED))
    return FrontPage(run, last is not None, red, flaky)


def as_json(page: FrontPage) -> dict[str, Any]:
    """Write the page for programs.

    Args:
        page: which one.
    """
    return {
        "run": plain(page.run),
        "is_here": page.is_here,
        "red": [plain(group) for group in page.red],
        "flaky": [plain(test) for test in page.flaky],
    }
