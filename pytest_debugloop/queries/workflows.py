"""What the record and its host have of a workflow: its totals, its LLM calls, and what made its errors recover."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class LlmCall:
    """A call of a tool by a model; the columns of ``debug_llm_call_summary``.

    Attributes:
        session_id: as the host wrote it; None if it did not.
        correlation_id: the same.
        quality_score: from 0 to 1, if the host has measured it.
        success_classification: full_success, partial_success, failed or unknown.
        execution_time_ms: milliseconds.
    """

    hook_event_id: uuid.UUID
    session_id: str | None
    correlation_id: str
    tool_name: str
    quality_score: Decimal | None
    success_classification: str | None
    call_timestamp: datetime
    agent_name: str | None
    execution_time_ms: Decimal | None


@dataclass(frozen=True, slots=True)
class WorkflowContext:
    """The totals of a workflow; the columns of ``debug_workflow_context``.

    Attributes:
        agents_involved: names, in alphabetical order.
        snapshot_count: number of different states.
        workflow_started: time of the first step, event or snapshot.
        workflow_completed: time of the last one.
        duration_ms: milliseconds between both.
    """

    correlation_id: uuid.UUID
    session_id: uuid.UUID | None
    agents_involved: list[str]
    total_steps: int
    error_count: int
    success_count: int
    snapshot_count: int
    workflow_started: datetime | None
    workflow_completed: datetime | None
    duration_ms: Decimal | None


@dataclass(frozen=True, slots=True)
class RecoveryCount:
    """How often errors of one type recovered by one strategy; an error with several recoveries counts once.

    Attributes:
        avg_duration_ms: milliseconds from the error to the success; None if not known.
        avg_confidence: from 0 to 1.
    """

    error_type: str
    recovery_strategy: str | None
    success_count: int
    avg_duration_ms: float | None
    avg_confidence: float


def llm_calls(correlation_ids: list[str]) -> Question[LlmCall]:
    """List the LLM calls of a workflow, the first one first.

    Args:
        correlation_ids: of the workflow, in every way that a host may write it.
    """
    return Question("workflow_llm_calls", LlmCall, {"correlation_ids": correlation_ids})


def workflow_context(correlation_id: uuid.UUID) -> Question[WorkflowContext]:
    """Give the totals of a workflow; nothing if the record has nothing of it.

    Args:
        correlation_id: of the workflow.
    """
    return Question("workflow_context", WorkflowContext, {"correlation_id": correlation_id})


def recovery_counts(least_confidence: float, limit: int) -> Question[RecoveryCount]:
    """Count what made errors recover, the most frequent first.

    Args:
        least_confidence: from 0 to 1, below which a recovery does not count.
        limit: rows at most.
    """
    values = {"least_confidence": least_confidence, "limit": limit}
    return Question("workflow_recovery_counts", RecoveryCount, values)
