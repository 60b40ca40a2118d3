"""A run of the record, row by row, for other tools."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pytest_debugloop.queries.failure_row import Failure
from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class Attempt:
    """A test that was run once, or a file that could not be collected.

    Attributes:
        operation_name: the node id as it was run, cut at 255 characters; ``node_id`` is whole.
        attempt: counts from 1.
        outcome: passed, xpassed, skipped, xfailed, failed (its call), error (setup, teardown, collection), or died.
        setup_outcome: of the phase: passed, failed, skipped, xfailed, xpassed, or started where it never ended.
        collect_outcome: of a file; None for a test.
        setup_ms: milliseconds that the phase took.
        reason: why it was skipped or expected to fail.
        failures: ids of its error events.
    """

    operation_name: str
    node_id: str
    task_id: uuid.UUID | None
    agent_name: str
    attempt: int | None
    outcome: str
    setup_outcome: str | None
    call_outcome: str | None
    teardown_outcome: str | None
    collect_outcome: str | None
    setup_ms: Decimal | None
    call_ms: Decimal | None
    teardown_ms: Decimal | None
    reason: str | None
    failures: list[uuid.UUID]
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFailure(Failure):
    """A failure with its traceback, without its state."""

    session_id: uuid.UUID | None
    error_stack_trace: str | None
    exception: str | None


@dataclass(frozen=True, slots=True)
class ExportedRecovery:
    """A failure that a success of the run recovered, with the evidence."""

    id: uuid.UUID
    run_id: uuid.UUID | None
    correlation_id: uuid.UUID
    task_id: uuid.UUID | None
    node_id: str
    failure_id: uuid.UUID
    failure_run_id: uuid.UUID | None
    success_id: uuid.UUID
    error_type: str | None
    error_code: str | None
    fingerprint: str | None
    recovery_strategy: str | None
    confidence_score: Decimal
    recovery_path: str | None
    recovery_duration_ms: int | None
    intermediate_steps: int | None
    evidence: dict[str, Any] | None
    correlated_at: datetime


def attempts_of_run(run_id: uuid.UUID, task_ids: Sequence[uuid.UUID] | None = None) -> Question[Attempt]:
    """List what was run in a run, test by test.

    Args:
        run_id: of the run.
        task_ids: only of these tests; None for all.
    """
    return Question("export_attempts", Attempt, {"run_id": run_id, "task_ids": _listed(task_ids)})


def failures_of_run(run_id: uuid.UUID, task_ids: Sequence[uuid.UUID] | None = None) -> Question[ExportedFailure]:
    """List the failures of a run.

    Args:
        run_id: of the run.
        task_ids: only of these tests; None for all.
    """
    return Question("export_failures", ExportedFailure, {"run_id": run_id, "ids": None, "task_ids": _listed(task_ids)})


def failures_by_id(ids: Sequence[uuid.UUID]) -> Question[ExportedFailure]:
    """Give some failures.

    Args:
        ids: of them.
    """
    return Question("export_failures", ExportedFailure, {"run_id": None, "ids": list(ids), "task_ids": None})


def recoveries_of_run(run_id: uuid.UUID, task_ids: Sequence[uuid.UUID] | None = None) -> Question[ExportedRecovery]:
    """List the recoveries that happened in a run.

    Args:
        run_id: of the run.
        task_ids: only of these tests; None for all.
    """
    return Question("export_recoveries", ExportedRecovery, {"run_id": run_id, "task_ids": _listed(task_ids)})


def _listed(task_ids: Sequence[uuid.UUID] | None) -> list[uuid.UUID] | None:
    return None if task_ids is None else list(task_ids)
