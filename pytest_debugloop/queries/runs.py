"""Which runs there are."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_debugloop.queries.filters import EVERYTHING, Filters
from pytest_debugloop.queries.question import MANY, Question


@dataclass(frozen=True, slots=True)
class Run:
    """An invocation of pytest; the columns of ``debug_runs``.

    Attributes:
        status: running, finished, interrupted or died.
        exit_status: of pytest; None while it runs, if it died, and if an error ended pytest itself.
        leg: the one of several jobs that run the same tests; empty if unknown.
        change_id: number of the pull or merge request that it tested, which is to be merged into ``target_branch``.
        is_dirty: whether the checkout had uncommitted changes; None if unknown.
    """

    id: uuid.UUID
    correlation_id: uuid.UUID
    session_id: uuid.UUID | None
    project: str
    status: str
    exit_status: int | None
    started_at: datetime
    finished_at: datetime | None
    git_branch: str | None
    git_commit: str | None
    leg: str
    change_id: str | None
    target_branch: str | None
    is_dirty: bool | None
    python_version: str | None
    platform: str | None
    pytest_version: str | None
    agent_name: str | None
    rootdir: str | None
    command_line: list[str | None] | None
    ci: Any
    steps_total: int | None
    errors_total: int | None
    successes_total: int | None
    skipped_total: int | None
    recoveries_total: int | None


@dataclass(frozen=True, slots=True)
class Project:
    """Whose tests there are."""

    name: str
    last_at: datetime


_ALL: dict[str, Any] = dict.fromkeys(("id", "project", "commit", "status"))


def runs(*, limit: int = MANY, filters: Filters = EVERYTHING, **more: object) -> Question[Run]:
    """List runs, latest first.

    Args:
        limit: how many at most.
        filters: which ones; by the time when a run began.
        **more: ``project``, ``commit`` (its first characters) and ``status`` (of the run; or ``passed`` or ``failed``,
            by the exit status, or ``broken``, where that is not known).
    """
    return Question("runs", Run, {**_ALL, **filters.parameters(), **more, "limit": limit})


def run_of(id: uuid.UUID) -> Question[Run]:  # noqa: A002
    """Give a run.

    Args:
        id: of the run.
    """
    return runs(id=id, limit=1)


def projects() -> Question[Project]:
    """Name the projects that have runs, the one with the latest first."""
    return Question("projects", Project)
