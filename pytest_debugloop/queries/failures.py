"""What failed, the state it failed in, and what is known of it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from pytest_debugloop.queries.failure_row import Failure
from pytest_debugloop.queries.filters import EVERYTHING, Filters
from pytest_debugloop.queries.question import MANY, Question
from pytest_debugloop.snapshots.agent_state import AgentState, StoredFrame
from pytest_debugloop.snapshots.frames import failing_frame
from pytest_debugloop.snapshots.states import recorded_state

LARGEST_SHOWN = 8 * 1024 * 1024
"""Bytes of a state beyond which it is not read to be shown: recorded ones have a quarter of a megabyte at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureOfRun(Failure):
    """A failure, with what its run says of it.

    Attributes:
        attempts_failed: number of attempts of this phase that failed in this run, if the question is about a run.
    """

    attempts_failed: int


@dataclass(frozen=True, slots=True)
class FailureHistory:
    """What the record knows about one kind of failure of a test.

    Attributes:
        seen: number of attempts that failed in this way, in ``runs`` runs.
        recovered: number of them that were followed by a pass, ``dominant_times`` by the dominant strategy.
        last_fixed_function: the function whose change was the reason, if known.
        is_open: whether this failure is not recovered.
        not_run_since: last run of the test on the failure's line, if that is at least two weeks ago.
        passes_elsewhere: branch, change and leg of other lines where the last attempt passed, nearest first.
        last_passed_at: time of the last pass before it began to fail; None if there is none, or it is not known.
        last_passed_branch: branch of that pass, if it is on another line.
        changed_since: what is different since that pass, with the keys of a recovery's evidence.
    """

    seen: int
    runs: int
    seen_in_7_days: int
    first_at: datetime | None
    last_at: datetime | None
    recovered: int
    dominant_strategy: str | None
    dominant_times: int | None
    last_fixed_at: datetime | None
    last_fixed_file: str | None
    last_fixed_function: str | None
    is_open: bool
    not_run_since: datetime | None
    passes_elsewhere: list[dict[str, Any]]
    last_passed_at: datetime | None
    last_passed_run_id: uuid.UUID | None
    last_passed_commit: str | None
    last_passed_branch: str | None
    changed_since: Any


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A captured state, as docs/snapshots.md describes it.

    Attributes:
        state: as it was stored; None if it is larger than the limit of the question.
    """

    id: uuid.UUID
    snapshot_type: str
    correlation_id: uuid.UUID
    agent_name: str
    captured_at: datetime
    state_size_bytes: int | None
    variables_count: int | None
    memory_usage_mb: Decimal | None
    cpu_time_ms: int | None
    wall_time_ms: int | None
    state: Any
    is_too_large: bool


@dataclass(frozen=True, slots=True)
class DetailedFailure:
    """A failure, and what is known of it.

    Attributes:
        state: of its snapshot, as this package records it; None where there is none, where others stored it, where it
            is too large to be shown, or where it was not asked for.
        history: None where the failure is of no test, or where it was not asked for.
        of_cause: how many failures of the run have its cause, itself included, if the question is about a run; those
            that a retry fixed are counted apart.
    """

    failure: FailureOfRun
    state: AgentState | None
    history: FailureHistory | None
    of_cause: int = 1

    @property
    def frame(self) -> StoredFrame | None:
        """The frame of the state that tells most; None where there is none."""
        place = failing_frame(self.state) if self.state else None
        return self.state["exceptions"][place[0]]["frames"][place[1]] if self.state and place else None


def failures_of_run(
    run_id: uuid.UUID, correlation_id: uuid.UUID, limit: int = MANY, details: int = MANY
) -> Question[DetailedFailure]:
    """List what failed in a run, the last attempt of each test and phase; what a retry fixed comes last.

    Args:
        run_id: of the run.
        correlation_id: of the run.
        limit: how many at most.
        details: how many of them, from the first on, come with state and history.
    """
    return _failures(run_id=run_id, correlation_id=correlation_id, limit=limit, details=details)


def failures_by_cause(
    run_id: uuid.UUID, correlation_id: uuid.UUID, limit: int = MANY, details: int = MANY, named: int = MANY
) -> Question[DetailedFailure]:
    """List what failed in a run as :func:`failures_of_run` does, but cause by cause, the most frequent first.

    Args:
        run_id: of the run.
        correlation_id: of the run.
        limit: causes at most.
        details: of how many of them the first failure comes with state and history.
        named: failures of each cause at most.
    """
    asked = {"limit": limit, "details": details, "named": named}
    return _failures(run_id=run_id, correlation_id=correlation_id, by_cause=True, **asked)


def failures_of_test(task_id: uuid.UUID, limit: int = MANY, details: int = MANY) -> Question[DetailedFailure]:
    """List the failures of a test, the latest first.

    Args:
        task_id: of the test.
        limit: how many at most.
        details: how many of them, from the first on, come with state and history.
    """
    return _failures(task_id=task_id, limit=limit, details=details)


def failure_of(id: uuid.UUID) -> Question[DetailedFailure]:  # noqa: A002
    """Give a failure with its state and history.

    Args:
        id: of the error event.
    """
    return _failures(id=id, limit=1, details=1)


def _failures(**asked: object) -> Question[DetailedFailure]:
    nothing = dict.fromkeys(("id", "task_id", "run_id", "correlation_id"))
    defaults = {"largest": LARGEST_SHOWN, "by_cause": False, "named": MANY}
    return Question("failures", _detailed, {**nothing, **defaults, **asked})


def _detailed(state: object, of_cause: int, **columns: Any) -> DetailedFailure:
    failure = FailureOfRun(**{name: columns[name] for name in _OF_FAILURE})
    history = {name: columns[name] for name in _OF_HISTORY}
    is_known = history["seen"] is not None
    return DetailedFailure(failure, recorded_state(state), FailureHistory(**history) if is_known else None, of_cause)


_OF_FAILURE = [field.name for field in fields(FailureOfRun)]
_OF_HISTORY = [field.name for field in fields(FailureHistory)]


def snapshot_of(id: uuid.UUID, largest: int = LARGEST_SHOWN) -> Question[Snapshot]:  # noqa: A002
    """Give a snapshot.

    Args:
        id: of the snapshot.
        largest: bytes beyond which its state is not read.
    """
    return Question("snapshot", Snapshot, {"id": id, "largest": largest})


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures with the same fingerprint, or of the same cause.

    Attributes:
        fingerprint: that of the last of them.
        times: number of attempts that failed in this way, of ``tests`` tests in ``runs`` runs.
        recovered: number of them that were followed by a pass on their line, ``retried`` in the same run.
        not_run: number of the others whose test has not run on their line for two weeks.
        not_run_since: time of the last failure, if that applies to all others.
        passes_elsewhere: branch, change and leg of lines where the last attempt of the last open one's test passed.
        file: with ``line`` and ``function``, the place in the project where the last of them failed.
        cause: that of the last of them.
        fingerprints: how many different ones there are; 1 for groups by fingerprint.
    """

    fingerprint: str | None
    times: int
    tests: int
    runs: int
    first_at: datetime
    last_at: datetime
    recovered: int
    retried: int
    not_run: int
    not_run_since: datetime | None
    passes_elsewhere: list[dict[str, Any]]
    last_error_id: uuid.UUID
    error_type: str
    error_code: str | None
    error_message: str
    error_category: str
    last_node_id: str
    file: str | None
    line: int | None
    function: str | None
    cause: str | None
    fingerprints: int


_ALL: dict[str, Any] = {"project": None, "is_open": False, "by_cause": False}


def failure_groups(*, limit: int = MANY, filters: Filters = EVERYTHING, **more: object) -> Question[FailureGroup]:
    """Group failures by their fingerprint, the most frequent first.

    Args:
        limit: how many at most.
        filters: which failures, by their runs, tests and times.
        **more: ``project`` and ``is_open`` (only those that nothing recovered); ``by_cause`` groups by what is coarser
            than the fingerprint.
    """
    return Question("failure_groups", FailureGroup, {**_ALL, **filters.parameters(), **more, "limit": limit})
