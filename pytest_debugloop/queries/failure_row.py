"""The one row of a failure; whoever needs more of it extends this class.

Its columns are selected in one place, ``sql/failure_columns.sql``, which the statements of all of them include.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failure of a phase of a test; the columns of ``debug_error_events``.

    Attributes:
        operation_name: the node id in this run, cut at 255 characters; ``node_id`` is that of the test across runs.
        recovery_strategy: why it passed again; None if it did not.
        cause: what failures of one cause have in common: exception, innermost function of the project, comparison.
        file: with ``line`` and ``function``, the innermost place in the project where it failed.
    """

    id: uuid.UUID
    run_id: uuid.UUID | None
    correlation_id: uuid.UUID
    task_id: uuid.UUID | None
    node_id: str
    operation_name: str | None
    error_type: str
    error_category: str
    error_severity: str
    error_code: str | None
    error_message: str
    occurred_at: datetime
    agent_name: str
    snapshot_id: uuid.UUID | None
    recovery_strategy: str | None
    resolved_at: datetime | None
    phase: str | None
    attempt: int | None
    subtest: str | None
    fingerprint: str | None
    is_incident: bool
    cause: str | None = None
    file: str | None = None
    line: int | None = None
    function: str | None = None
