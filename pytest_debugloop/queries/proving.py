"""What a proof begins with: the pass before or after a failure, and what a run was run on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class Recovered:
    """The pass that recovered a failure; columns of ``debug_error_success_correlation`` and of both sides."""

    id: uuid.UUID
    strategy: str | None
    evidence: Any
    success_id: uuid.UUID
    run_id: uuid.UUID
    passed_at: datetime
    test: str
    error_id: uuid.UUID
    error_run: uuid.UUID


@dataclass(frozen=True, slots=True)
class LastPass:
    """The last pass before a failure on its line, else on its base branch; columns of ``debug_success_events``."""

    success_id: uuid.UUID
    run_id: uuid.UUID
    passed_at: datetime
    test: str


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """What a run was run on; the attributes are columns of ``why_side.sql``.

    Attributes:
        files: the hash of each file of the project then, by its path from rootdir; None where it is not known.
        checkout_id: tells the checkout, and its record, from all others; None where it is not known.
    """

    run_id: uuid.UUID
    code_version: str | None
    files: Mapping[str, str] | None
    git_commit: str | None
    started_at: datetime
    rootdir: str
    command_line: list[str]
    python_version: str | None
    platform: str | None
    plugins: Mapping[str, str] | None
    distributions: Mapping[str, str] | None
    environment: Mapping[str, str | None] | None
    random_seeds: Mapping[str, str] | None
    checkout_id: uuid.UUID | None


def recovery_of(*, recovery_id: uuid.UUID | None = None, error_id: uuid.UUID | None = None) -> Question[Recovered]:
    """Give the pass that recovered a failure; nothing where none did.

    Args:
        recovery_id: of the recovery; or
        error_id: of the failure.
    """
    return Question("why_recovery", Recovered, {"recovery_id": recovery_id, "error_id": error_id})


def last_pass_before(error_id: uuid.UUID) -> Question[LastPass]:
    """Give the last pass before a failure in another run, on its line, else on its base branch.

    Args:
        error_id: of the failure.
    """
    return Question("why_last_pass", LastPass, {"error_id": error_id})


def recorded_run(run_id: uuid.UUID) -> Question[RecordedRun]:
    """Give what a run was run on.

    Args:
        run_id: of the run.
    """
    return Question("why_side", RecordedRun, {"run_id": run_id})
