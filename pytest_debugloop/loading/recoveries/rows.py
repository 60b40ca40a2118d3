"""What the database says of recoveries, of the runs on both sides, and of earlier attempts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from pytest_debugloop.loading.recoveries.flakes import Failure


@dataclass(frozen=True, slots=True)
class Pending:
    """Two sides to be compared; the attributes are columns of ``recoveries_pending.sql`` and ``onsets_pending.sql``."""

    id: uuid.UUID
    task_id: uuid.UUID
    error_run: uuid.UUID
    success_run: uuid.UUID
    error_agent: str
    success_agent: str
    passed_at: datetime
    error_operation: str
    success_operation: str
    error_attempt: int
    success_attempt: int
    places: list[list[Any]]
    category: str
    error_code: str | None
    message: str
    together: int
    cause: str | None = None
    is_stopped: bool = False  # the session was, while the test ran

    @property
    def failure(self) -> Failure:
        """What the failure looks like."""
        return Failure(self.category, self.error_code or "", self.message, self.together)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run was run on; the attributes are columns of ``recoveries_runs.sql``."""

    id: uuid.UUID
    correlation_id: uuid.UUID
    code_version: str | None
    files: dict[str, str] | None
    distributions: dict[str, str] | None
    environment: dict[str, str | None] | None
    interpreter: dict[str, Any] | None
    platform: str | None
    started_at: datetime
    finished_at: datetime | None  # of one that goes on, or died
    git_commit: str | None
    leg: str
    ci: dict[str, Any] | None
    # Not of all versions of the record.
    plugins: dict[str, str] | None = None
    command_line: list[str] | None = None
    rootdir: str | None = None
    other_files: dict[str, str] | None = None
    edited_files: list[str] | None = None
    ignored_files: dict[str, str] | None = None
    ini_options: dict[str, Any] | None = None
    variables: dict[str, str | None] | None = None
    installed: dict[str, list[Any]] | None = None


class Attempt(NamedTuple):
    """One attempt of a test before a recovery of it; a run of unknown code has conditions of its own.

    Attributes:
        alike: where the test began to fail on what is the same for it as its last pass, the conditions of that.
    """

    run_id: uuid.UUID
    agent: str
    operation: str
    failed: bool
    conditions: str
    alike: str | None = None
