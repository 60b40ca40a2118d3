"""The times of phases of tests, in runs that are compared."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_debugloop.queries.filters import EVERYTHING, Filters
from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class TimedRun:
    """A workflow whose times are compared."""

    correlation_id: uuid.UUID
    started_at: datetime


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """The times of a phase on both sides, summed up; of all phases together where it names none."""

    phases: int
    speed_ratio: float | None
    operation_name: str | None
    step_type: str | None
    after_count: int | None
    after_weight: float | None
    after_mean: float | None
    after_squares: float | None
    after_ms: float | None
    before_count: int | None
    before_weight: float | None
    before_mean: float | None
    before_squares: float | None
    before_ms: float | None


def timed_runs(limit: int, project: str | None = None, filters: Filters = EVERYTHING) -> Question[TimedRun]:
    """Name the runs whose times there are to compare, the latest first.

    Args:
        limit: how many at most.
        project: only of this one; None for all.
        filters: which runs, by the time when they began.
    """
    return Question("slow_runs", TimedRun, {**filters.parameters(), "limit": limit, "project": project})


def phase_times(
    runs: Sequence[TimedRun],
    last: int,
    *,
    least: int,
    min_ms: float = 0,
    everything: bool = False,
    task_ids: Sequence[uuid.UUID] | None = None,
) -> Question[PhaseTimes]:
    """Sum up the times of each phase that passed, in the last runs and in those before.

    Args:
        runs: to compare, the latest first.
        last: how many of these are the last; all others are before them.
        least: runs of a phase on each side; those with fewer are left out.
        min_ms: leave out phases whose mean time is below, in milliseconds.
        everything: give also what is certainly no change.
        task_ids: only phases of these tests; None for all.
    """
    values = {
        "workflows": [run.correlation_id for run in runs],
        "last": last,
        "least": least,
        "min_ms": min_ms,
        "all": everything,
        "task_ids": None if task_ids is None else list(task_ids),
    }
    return Question("slow_phases", PhaseTimes, values)
