"""Which phases of tests take another time than before."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_debugloop.answers.filters import TypedFilters, asked_project, filters_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.runs import last_run
from pytest_debugloop.answers.significance import Group, adjusted, student
from pytest_debugloop.queries.question import Steps, fetch
from pytest_debugloop.queries.timings import PhaseTimes, TimedRun, phase_times, timed_runs

LEAST_RUNS = 3
"""Of a phase on each side: less says nothing of how much its times vary."""

SIGNIFICANT = 0.05
"""The share of false discoveries among the phases that are called changed."""


@dataclass(frozen=True, slots=True)
class Change:
    """A phase of a test whose duration is compared between the last runs and those before.

    Attributes:
        node_id: of the test in its run.
        phase: setup, call or teardown.
        before_ms: median of its durations before, in milliseconds, at the usual speed of a run.
        after_ms: the same for the last runs.
        ratio: of the durations, after to before, from the means of their logarithms.
        ratio_low: lower end of its 95 % interval.
        ratio_high: upper end of its 95 % interval.
        q_value: expected share of false discoveries among all phases with a value up to this one.
        p_value: probability of such a difference if nothing changed.
        before_runs: number of runs before with this phase.
        after_runs: number of last runs with this phase.
        is_significant: whether the change is significant.
    """

    node_id: str
    phase: str
    before_ms: float
    after_ms: float
    ratio: float
    ratio_low: float
    ratio_high: float
    q_value: float
    p_value: float
    before_runs: int
    after_runs: int
    is_significant: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What was compared, and what of it changed.

    Attributes:
        phases: how many phases were compared.
        speed_ratio: how much longer all phases took in the last runs than before, which is taken out of each; None
            where nothing was compared.
        changes: the significant ones, or all; those that cost the most time first.
    """

    phases: int
    speed_ratio: float | None
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class TimesCompared:
    """The last runs against those before.

    Attributes:
        recent: the last runs, the latest first.
        earlier: those before, the latest first.
        is_enough: whether there are enough of both to compare.
        changes: what was compared; nothing where that is not enough.
    """

    recent: list[TimedRun]
    earlier: list[TimedRun]
    is_enough: bool
    changes: Changes


def times_compared(
    typed: TypedFilters,
    location: RecordLocation,
    last: int,
    before: int,
    *,
    min_ms: float = 0,
    everything: bool = False,
) -> Steps[TimesCompared]:
    """Compare the times of the last runs with those before.

    Args:
        typed: the options that narrow the runs and tests.
        location: where the command was typed.
        last: how many runs are the last.
        before: how many runs before those to compare with.
        min_ms: leave out phases whose mean time is below, in milliseconds.
        everything: give also what is not significant.

    Raises:
        EmptyRecordError: the record has no runs.
        NoRunsError: it has none of this project.
        NotFoundError: there is no such session, or no such test.
    """
    project = yield from asked_project(location)
    yield from last_run(project)  # says so where there is none at all
    filters = yield from filters_of(typed, project, location)
    runs = yield from fetch(timed_runs(last + before, project, filters))
    recent, earlier = runs[:last], runs[last:]
    is_enough = min(len(recent), len(earlier)) >= LEAST_RUNS
    changes = Changes(0, None, [])
    if is_enough:
        task_ids = filters.task_ids
        changes = yield from changes_of_time(runs, last, min_ms=min_ms, everything=everything, task_ids=task_ids)
    return TimesCompared(recent, earlier, is_enough, changes)


def changes_of_time(
    runs: list[TimedRun],
    last: int,
    *,
    min_ms: float = 0,
    everything: bool = False,
    task_ids: Sequence[uuid.UUID] | None = None,
) -> Steps[Changes]:
    """Compare the times of each phase that passed.

    Args:
        runs: to compare, the latest first.
        last: how many of these are the last; all others are before them.
        min_ms: leave out phases whose mean time is below, in milliseconds.
        everything: give also what is not significant.
        task_ids: only phases of these tests; None for all.
    """
    asked = phase_times(runs, last, least=LEAST_RUNS, min_ms=min_ms, everything=everything, task_ids=task_ids)
    sides = yield from fetch(asked)
    compared = [pair for side in sides if side.operation_name is not None and (pair := _compared(side))]
    total = sides[0].phases
    q_values = adjusted([change.p_value for change in compared], total)
    found = [_judged(change, q) for change, q in zip(compared, q_values, strict=True)]
    kept = [change for change in found if everything or change.is_significant]
    kept.sort(key=_rank)
    return Changes(total, sides[0].speed_ratio, kept)


def _compared(side: PhaseTimes) -> Change | None:
    before, after = side.before_count or 0, side.after_count or 0
    found = student(
        Group(before, side.before_weight or 0.0, side.before_mean or 0.0, side.before_squares or 0.0),
        Group(after, side.after_weight or 0.0, side.after_mean or 0.0, side.after_squares or 0.0),
    )
    if found is None:
        return None
    return Change(
        node_id=side.operation_name or "",
        phase=side.step_type or "",
        before_ms=side.before_ms or 0.0,
        after_ms=side.after_ms or 0.0,
        ratio=_ratio(found.difference),
        ratio_low=_ratio(found.low),
        ratio_high=_ratio(found.high),
        q_value=1.0,
        p_value=found.p_value,
        before_runs=before,
        after_runs=after,
        is_significant=False,
    )


def _rank(change: Change) -> tuple[bool, float, str]:
    cost = abs(change.after_ms - change.before_ms)
    return not change.is_significant, -cost if change.is_significant else change.p_value, change.node_id


def _judged(change: Change, q_value: float) -> Change:
    return replace(change, q_value=q_value, is_significant=q_value <= SIGNIFICANT)


def _ratio(logarithm: float) -> float:
    return math.exp(min(logarithm, 700.0))
