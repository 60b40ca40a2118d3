"""Whether the record is as it should be."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class Role:
    """What the role that is connected may do.

    Attributes:
        may_read: whether it may enter the schema.
        may_create: tables in the schema; where there is none, whether it may create it.
        has_runs: whether the schema has the table of runs.
        is_read_only: whether the server, or the role, takes no changes.
    """

    role: str
    schema_exists: bool
    may_read: bool
    may_create: bool
    may_read_runs: bool
    may_write_runs: bool
    has_runs: bool
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class RecordState:
    """What went wrong while runs were stored.

    Attributes:
        died_lately: runs of the last seven days whose process died.
        never_ended: runs that began more than a day ago, and of which no end was stored.
        rejected: lines that the database refused.
        bytes: of its tables and indexes.
        days: since the first run, at most 14; of these days the steps are counted.
        steps: of all runs.
        steps_lately: of the runs of these days.
    """

    runs: int
    died_lately: int
    never_ended: int
    rejected: int
    rejected_last_at: datetime | None
    bytes: int
    days: float
    steps: int
    steps_lately: int


@dataclass(frozen=True, slots=True)
class LastRun:
    """The run that began last."""

    id: uuid.UUID
    project: str
    status: str
    started_at: datetime
    is_code_known: bool


def role_of(schema: str) -> Question[Role]:
    """Say what the role may do.

    Args:
        schema: of the record.
    """
    return Question("doctor_role", Role, {"schema": schema})


def state_of() -> Question[RecordState]:
    """Count what went wrong."""
    return Question("doctor_record", RecordState)


def last_run_of(project: str | None) -> Question[LastRun]:
    """Give the run that began last.

    Args:
        project: only of this one; None for all.
    """
    return Question("doctor_last_run", LastRun, {"project": project})
