"""What is seen at a glance: the state of branches, where the time of a run went, and what a search finds."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_debugloop.queries.question import Question
from pytest_debugloop.queries.runs import Run

_RUNS_LOOKED_AT = 600
_FAILURES_LOOKED_AT = 20_000
_LATEST = 5_000


@dataclass(frozen=True, slots=True)
class RunOfBranch:
    """One of the last runs of a branch in a leg; ``branch`` and ``leg`` are empty where they have no name."""

    branch: str
    leg: str
    id: uuid.UUID
    started_at: datetime
    status: str
    exit_status: int | None
    errors_total: int


@dataclass(frozen=True, slots=True)
class LongPhase:
    """A phase of a run; columns of ``debug_workflow_steps``."""

    agent_name: str
    operation_name: str
    step_type: str
    status: str
    started_at: datetime
    completed_at: datetime
    duration_ms: int | None
    error_event_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class WorkerTimes:
    """What a process of a run did.

    Attributes:
        tests: number of calls.
    """

    agent_name: str
    began_at: datetime
    ended_at: datetime
    tests: int
    setup_seconds: float
    call_seconds: float
    teardown_seconds: float


@dataclass(frozen=True, slots=True)
class FixtureTimes:
    """The set-ups of a fixture in a run.

    Attributes:
        name: of the fixture.
        times: how often it was set up.
        longest_for: the test that waited for the longest of them.
    """

    name: str
    scope: str | None
    file: str | None
    line: int | None
    times: int
    total_ms: float
    longest_ms: float
    longest_for: str | None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A test whose name matches, or the last failure of a kind whose message does.

    Attributes:
        kind: ``test`` or ``error``.
        at: when it failed; None for a test.
    """

    kind: str
    id: uuid.UUID
    node_id: str
    error_type: str | None
    error_code: str | None
    error_message: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class NearTest:
    """A test with a name that has some words."""

    id: uuid.UUID
    node_id: str


def near_tests(words: Sequence[str], project: str | None, limit: int) -> Question[NearTest]:
    """Find tests whose names have some of the words, those with most first.

    Args:
        words: in lower case.
        project: only of this one; None for all.
        limit: how many at most.
    """
    return Question("near_tests", NearTest, {"words": list(words), "project": project, "limit": limit})


def branch_states(project: str | None, runs: int = 20) -> Question[RunOfBranch]:
    """List the last runs of each branch and leg, the latest branch first.

    Args:
        project: only of this one; None for all.
        runs: of each branch and leg at most.
    """
    return Question("branch_states", RunOfBranch, {"project": project, "runs": runs, "looked_at": _RUNS_LOOKED_AT})


def longest_phases(run: Run, limit: int) -> Question[LongPhase]:
    """List the phases of a run that took longest.

    Args:
        run: of the record.
        limit: how many at most.
    """
    return Question("run_phases", LongPhase, {**_span(run), "limit": limit})


def worker_times(run: Run) -> Question[WorkerTimes]:
    """Sum up what each process of a run did.

    Args:
        run: of the record.
    """
    return Question("run_workers", WorkerTimes, _span(run))


def fixture_times(run: Run, limit: int) -> Question[FixtureTimes]:
    """Sum up the set-ups of the fixtures of a run, those that took longest first.

    Args:
        run: of the record.
        limit: fixtures at most.
    """
    return Question("run_fixtures", FixtureTimes, {**_span(run), "limit": limit})


def _span(run: Run) -> dict[str, object]:
    """Name the steps of a run: a workflow may have several runs, one after the other."""
    return {"correlation_id": run.correlation_id, "began": run.started_at, "ended": run.finished_at}


def search(text: str, project: str | None, limit: int = 50) -> Question[SearchResult]:
    """Find tests by name, and kinds of failures by their messages.

    Args:
        text: words that all have to be there, whatever their case.
        project: only of this one; None for all.
        limit: tests at most, and kinds of failures at most.
    """
    values = {"text": text, "project": project, "limit": limit}
    return Question("search", SearchResult, {**values, "looked_at": _FAILURES_LOOKED_AT, "latest": _LATEST})
