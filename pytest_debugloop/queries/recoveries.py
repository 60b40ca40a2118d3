"""What recoveries and histories of tests say."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

from psycopg import Connection
from psycopg.rows import class_row

T = TypeVar("T")
_MANY = 1_000_000


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
class FlakyTest:
    """The scores of a test; the columns of ``debug_flaky_tests``, which docs/formulas.md explains.

    Attributes:
        score: what tests are ranked by: the 5 % quantile of the failure rate on good code.
        flakiness: its median; ``flakiness_low`` and ``flakiness_high`` hold it with 90 %.
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
class RecoveryPattern:
    """How failures of one kind recover; the columns of ``debug_failure_recoveries``.

    Attributes:
        errors_recovered: each error once.
        share_by_itself: from 0 to 1: by a retry, a rerun or another order, and not by a change.
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
class FixCause:
    """What changed when errors recovered; the columns of ``debug_fix_causes``."""

    kind: str
    file: str | None
    name: str
    errors_recovered: int
    last_at: datetime


@cache
def _statement(name: str) -> str:
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def _rows(connection: Connection[Any], row: type[T], name: str, **values: object) -> list[T]:
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(_statement(name).encode(), values).fetchall()


def attempts_of_test(connection: Connection[Any], task_id: uuid.UUID, limit: int = _MANY) -> list[Attempt]:
    """List the attempts of a test, the latest first.

    Args:
        connection: its search path leads to the record.
        task_id: of the test, as in ``debug_tasks``.
        limit: how many at most.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return _rows(connection, Attempt, "attempts_of_test", task_id=task_id, limit=limit)


def flaky_tests(connection: Connection[Any], project: str | None = None, limit: int = _MANY) -> list[FlakyTest]:
    """Rank the tests that have failed, the surest flake first.

    Args:
        connection: its search path leads to the record.
        project: only of this one; None for all.
        limit: how many at most.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return _rows(connection, FlakyTest, "flaky_tests", project=project, limit=limit)


def recovery_patterns(connection: Connection[Any], limit: int = _MANY) -> list[RecoveryPattern]:
    """Count how failures of each kind recover, the most frequent first.

    Args:
        connection: its search path leads to the record.
        limit: how many at most.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return _rows(connection, RecoveryPattern, "recovery_patterns", limit=limit)


def fix_causes(connection: Connection[Any], limit: int = _MANY) -> list[FixCause]:
    """List the functions and distributions whose change errors recovered by, the most frequent first.

    Args:
        connection: its search path leads to the record.
        limit: how many at most.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return _rows(connection, FixCause, "fix_causes", limit=limit)
