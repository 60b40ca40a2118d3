"""What the operations of the API return, beside the rows that the record's questions have."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a workflow; columns of ``debug_workflow_steps``.

    Attributes:
        step_number: counts from 1 in its workflow.
        status: started, completed, failed or skipped.
        duration_ms: milliseconds by the server's clock; None while it goes on.
    """

    id: uuid.UUID
    correlation_id: uuid.UUID
    session_id: uuid.UUID | None
    step_number: int
    step_type: str
    agent_name: str
    operation_name: str
    status: str
    duration_ms: int | None
    started_at: datetime
    completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Transformation:
    """That one agent became another.

    Attributes:
        id: of the row in ``agent_transformation_events``.
        snapshot_id: of the state before.
    """

    id: uuid.UUID
    snapshot_id: uuid.UUID


class RunningStep:
    """A step inside of its ``with`` block; what is set here is recorded when the block ends.

    Attributes:
        step: as it began.
        output_data: what it produced.
        success_event_id: of the success that it led to.
        post_state_snapshot_id: of the state after it.
        is_skipped: whether it turned out that there was nothing to do.
        error_event_id: of the error by which it failed, once the block has ended.
    """

    def __init__(self, step: Step) -> None:
        self.step = step
        self.output_data: Mapping[str, Any] | None = None
        self.success_event_id: uuid.UUID | None = None
        self.post_state_snapshot_id: uuid.UUID | None = None
        self.is_skipped = False
        self.error_event_id: uuid.UUID | None = None

    @property
    def id(self) -> uuid.UUID:
        """The id of the step."""
        return self.step.id

    @property
    def step_number(self) -> int:
        """Its number in the workflow."""
        return self.step.step_number


@dataclass(frozen=True, slots=True)
class RecoverySides:
    """When an error and a success occurred; None where there is none."""

    failed_at: datetime | None
    passed_at: datetime | None


@dataclass(frozen=True, slots=True)
class HostRow:
    """A row for a table of the host; ``trouble`` is why the table did not take it, None if it did."""

    trouble: str | None
