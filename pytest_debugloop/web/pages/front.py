"""The front page: what is red now per branch and leg, what is new, what is flaky, what is slower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pytest_debugloop.answers.compared_runs import RunsCompared, compare_runs
from pytest_debugloop.answers.filters import asked_project
from pytest_debugloop.answers.front import FrontPage, as_json, front_page
from pytest_debugloop.answers.here import here
from pytest_debugloop.answers.not_loaded import NotLoaded, not_loaded
from pytest_debugloop.errors import EmptyRecordError, NoBaseError, NoRunsError, NotFoundError
from pytest_debugloop.queries.compare import Here
from pytest_debugloop.queries.overviews import RunOfBranch, branch_states
from pytest_debugloop.text.words import counted, local, short
from pytest_debugloop.web.charts import Mark
from pytest_debugloop.web.pages.lists import no_runs
from pytest_debugloop.web.view import Asked, View

_RUNS = 20
_BRANCHES = 12


@dataclass(frozen=True, slots=True)
class BranchState:
    """The last runs of a branch in a leg, the latest first."""

    branch: str
    leg: str
    runs: list[RunOfBranch]


def front(asked: Asked) -> View:
    """Show what is known at a glance.

    Args:
        asked: for what.
    """
    where = here(asked.location)
    project = asked.record.answer(asked_project(asked.location))
    try:
        page = asked.record.answer(front_page(project, where))
    except (EmptyRecordError, NoRunsError):
        return no_runs(asked)
    missing = not_loaded(asked.location)
    facts = {"not_loaded": missing, **as_json(page)}
    values = {} if asked.is_json else _values(asked, page, project, where, missing)
    return View("front.html", page.run.project, values, "front", facts)


def _values(asked: Asked, page: FrontPage, project: str | None, where: Here, missing: NotLoaded) -> dict[str, Any]:
    compared: RunsCompared | None = None
    with suppress(NoBaseError, NotFoundError):  # there may be nothing to compare it with yet
        compared = asked.record.answer(compare_runs(f"run:{page.run.id}", None, project, where))
    states = list(_states(asked.record.fetch(branch_states(project, _RUNS))))
    return {
        "page": page,
        "compared": compared,
        "states": states[:_BRANCHES],
        "more": len(states) - _BRANCHES,
        "marks": marks_of,
        "missing": missing,
    }


def _states(runs: list[RunOfBranch]) -> Iterator[BranchState]:
    for (branch, leg), found in groupby(runs, lambda run: (run.branch, run.leg)):
        yield BranchState(branch, leg, list(found))


def marks_of(runs: list[RunOfBranch], root: str) -> list[Mark]:
    """Draw runs in a row, the oldest first.

    Args:
        runs: the latest first.
        root: path of the front page.
    """
    return [
        Mark(
            kind_of(run.status, run.exit_status),
            f"run {short(run.id)}, {counted(run.errors_total, 'failure')}, {local(run.started_at)}",
            f"{root}/runs/{short(run.id)}",
        )
        for run in reversed(runs)
    ]


def kind_of(status: str, exit_status: int | None) -> str:
    """Say how a run is drawn.

    Args:
        status: of the run.
        exit_status: of pytest.
    """
    if status == "running":
        return "running"
    if status != "finished":
        return "broken"
    return {0: "passed", 1: "failed", 5: "skipped"}.get(exit_status if exit_status is not None else -1, "broken")
