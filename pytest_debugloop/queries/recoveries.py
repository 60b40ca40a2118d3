"""What recoveries and histories of tests say."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pytest_debugloop.queries.filters import EVERYTHING, Filters
from pytest_debugloop.queries.question import MANY, Question


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a test was run to its end; the columns of ``debug_test_attempts`` and of its run."""

    run_id: uuid.UUID
    agent_name: str
    attempt: int
    ended_at: datetime
    failed: bool
    conditions: str | None
    git_commit: str | None
    git_branch: str | None


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """An attempt of a test that ran to its end, with its first failure.

    Attributes:
        code_version: identifies the project's code, equal for attempts on the same code; None if unknown.
        duration_ms: of the call phase of a pass.
        success_id: of a pass; None for a failure.
        is_code_changed: whether the code is not that of the attempt before in its leg; None if that is not known.
    """

    run_id: uuid.UUID | None
    agent_name: str
    attempt: int | None
    ended_at: datetime
    failed: bool
    is_incident: bool
    git_branch: str | None
    git_commit: str | None
    leg: str | None
    is_dirty: bool | None
    code_version: str | None
    conditions: str | None
    error_id: uuid.UUID | None
    error_code: str | None
    error_message: str | None
    phase: str | None
    fingerprint: str | None
    recovery_strategy: str | None
    recovery_confidence: Decimal | None
    duration_ms: int | None
    success_id: uuid.UUID | None
    is_code_changed: bool | None


@dataclass(frozen=True, slots=True)
class FlakyTest:
    """The scores of a test; the columns of ``debug_flaky_tests``, which docs/formulas.md defines.

    Attributes:
        score: by which tests are ranked: the 5 % quantile of the failure rate on good code.
        flakiness: its median; it is between ``flakiness_low`` and ``flakiness_high`` with 90 %.
    """

    task_id: uuid.UUID
    project: str
    node_id: str
    class_: str
    flaky_since_run: uuid.UUID | None
    score: float
    flakiness: float
    flakiness_low: float
    flakiness_high: float
    failure_rate: float
    flip_rate: float | None
    entropy: float | None
    broken_probability: float | None
    attempts: int
    failures: int
    dominant_strategy: str | None
    last_failed_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Cost:
    """What the failures of a test cost.

    Attributes:
        cost_ms: milliseconds of the phases that failed, and of the passes that were not the first attempt of their run.
    """

    task_id: uuid.UUID
    cost_ms: float | None


@dataclass(frozen=True, slots=True)
class Recovery:
    """A failure and the pass that recovered it; the columns of ``debug_error_success_correlation`` and of both sides.

    Attributes:
        evidence: everything that was different, with the keys in docs/formulas.md.
        success_factors: values that were different, if both sides have a state.
    """

    id: uuid.UUID
    error_event_id: uuid.UUID
    success_event_id: uuid.UUID
    task_id: uuid.UUID | None
    node_id: str
    error_type: str
    error_code: str | None
    error_message: str
    fingerprint: str | None
    recovery_strategy: str | None
    recovery_path: str | None
    recovery_duration_ms: int | None
    intermediate_steps: int | None
    confidence_score: Decimal
    correlated_at: datetime
    evidence: Any
    failed_at: datetime
    passed_at: datetime
    failed_run_id: uuid.UUID | None
    passed_run_id: uuid.UUID | None
    failed_commit: str | None
    passed_commit: str | None
    failed_snapshot_id: uuid.UUID | None
    passed_snapshot_id: uuid.UUID | None
    success_factors: Any


@dataclass(frozen=True, slots=True)
class RecoveryPattern:
    """How failures of one kind recover; the columns of ``debug_failure_recoveries``.

    Attributes:
        errors_recovered: number of errors, each counted once.
        share_by_itself: share from 0 to 1 that recovered by a retry, a rerun or another order, without a change.
    """

    fingerprint: str | None
    error_type: str
    error_code: str | None
    errors_recovered: int
    median_duration_ms: float
    p90_duration_ms: float
    avg_confidence: float
    share_by_itself: float
    dominant_strategy: str


@dataclass(frozen=True, slots=True)
class StrategyPattern:
    """How errors of one type recover; the columns of ``debug_strategy_recoveries``."""

    error_type: str
    recovery_strategy: str | None
    errors_recovered: int
    median_duration_ms: float
    p90_duration_ms: float
    avg_confidence: float


@dataclass(frozen=True, slots=True)
class FixCause:
    """What changed when errors recovered; the columns of ``debug_fix_causes``."""

    kind: str
    file: str | None
    name: str
    errors_recovered: int
    last_at: datetime


def attempts_of_test(task_id: uuid.UUID, limit: int = MANY) -> Question[Attempt]:
    """List the attempts of a test, the latest first.

    Args:
        task_id: of the test, as in ``debug_tasks``.
        limit: how many at most.
    """
    return Question("attempts_of_test", Attempt, {"task_id": task_id, "limit": limit})


def history_of_test(task_id: uuid.UUID, limit: int = MANY, filters: Filters = EVERYTHING) -> Question[PastAttempt]:
    """List the attempts of a test, the latest first, with what failed in them.

    Args:
        task_id: of the test, as in ``debug_tasks``.
        limit: how many at most.
        filters: which attempts, by their runs and times.
    """
    return Question("history_of_test", PastAttempt, {**filters.parameters(), "task_id": task_id, "limit": limit})


def costs_of_tests(task_ids: list[uuid.UUID]) -> Question[Cost]:
    """Say what the failures of tests cost.

    Args:
        task_ids: of the tests.
    """
    return Question("flaky_costs", Cost, {"task_ids": task_ids})


def flaky_tests(
    project: str | None = None,
    limit: int = MANY,
    *,
    only_flaky: bool = False,
    filters: Filters = EVERYTHING,
    looked_at: int | None = None,
    skipped: int = 0,
) -> Question[FlakyTest]:
    """Rank the tests that have failed, the surest flake first.

    Args:
        project: only of this one; None for all.
        limit: how many at most.
        only_flaky: without those that are stable, broken or fixed.
        filters: only tests with a failure in such a run, at such a time.
        looked_at: of these how many at most, those first that recovered most often without a change; None for all.
        skipped: of these how many are left out first.
    """
    values = {"project": project, "limit": limit, "only_flaky": only_flaky}
    values |= {"of_runs": filters.of_runs or looked_at is not None, "looked_at": looked_at, "skipped": skipped}
    return Question("flaky_tests", FlakyTest, {**filters.parameters(), **values})


def recovery_patterns(limit: int = MANY) -> Question[RecoveryPattern]:
    """Count how failures of each kind recover, the most frequent first.

    Args:
        limit: how many at most.
    """
    return Question("recovery_patterns", RecoveryPattern, {"limit": limit})


def strategy_patterns(limit: int = MANY) -> Question[StrategyPattern]:
    """Count what made errors of each type recover, the most frequent first.

    Args:
        limit: how many at most.
    """
    return Question("strategy_patterns", StrategyPattern, {"limit": limit})


def fix_causes(limit: int = MANY) -> Question[FixCause]:
    """List the functions and distributions whose change errors recovered by, the most frequent first.

    Args:
        limit: how many at most.
    """
    return Question("fix_causes", FixCause, {"limit": limit})


_ALL: dict[str, Any] = dict.fromkeys(("id", "error_id", "run_id", "correlation_id", "task_id", "strategy", "project"))


def recoveries(*, limit: int = MANY, filters: Filters = EVERYTHING, **more: object) -> Question[Recovery]:
    """List recoveries, the latest first.

    Args:
        limit: how many at most.
        filters: which ones, by the run that passed, its time, and the test.
        **more: ``id``, ``error_id``, ``run_id`` (of the pass; with its ``correlation_id``), ``task_id``, ``strategy``
            and ``project``.
    """
    return Question("recoveries", Recovery, {**_ALL, **filters.parameters(), **more, "limit": limit})
