"""What ``show`` shows: a run, a test, a failure, a snapshot or a recovery, each as one value.

All that is said of it is in the value, but for a list that may be long: that is one question, whose rows are whole.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, TypeAlias

from pytest_debugloop.answers.comparison import Side, side
from pytest_debugloop.answers.lookup import find
from pytest_debugloop.answers.runs import last_run
from pytest_debugloop.errors import SnapshotTooLargeError
from pytest_debugloop.queries import failures, recoveries, runs
from pytest_debugloop.queries.failures import DetailedFailure, Snapshot
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.legs import LegScore, legs_of_tests
from pytest_debugloop.queries.lookup import Found, Test, test_of
from pytest_debugloop.queries.notes import Note, notes_of_run, notes_of_test
from pytest_debugloop.queries.projects import project_named
from pytest_debugloop.queries.question import MANY, Question, Steps, fetch, one
from pytest_debugloop.queries.recoveries import PastAttempt, Recovery
from pytest_debugloop.queries.runs import Run
from pytest_debugloop.text.json_values import plain
from pytest_debugloop.text.words import short

SHOWN_KINDS = ("run", "session", "test", "error", "success", "snapshot", "recovery")
"""What ``show`` can show."""

_ATTEMPTS = 60


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run.

    Attributes:
        failures: asks for what failed in it.
        by_cause: asks for the same cause by cause, of each the first failure with its state and history.
        names: the same, but only the names.
        recoveries: asks for what passed in it after it had failed, the latest first.
        notes: asks for the checkpoints and steps that its tests, or the program, recorded.
    """

    run: Run
    failures: Question[DetailedFailure]
    by_cause: Question[DetailedFailure]
    names: Question[DetailedFailure]
    recoveries: Question[Recovery]
    notes: Question[Note]


@dataclass(frozen=True, slots=True)
class ShownSession:
    """A CI run, or what a user has named; its runs leg by leg, the first of each first."""

    id: uuid.UUID
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class ShownTest:
    """A test.

    Attributes:
        attempts: its last ones, the latest first.
        legs: how it does in each.
        failures: asks for its failures, the latest first, of which only the first has state and history.
        notes: the checkpoints and steps that it recorded in its last attempt.
    """

    test: Test
    attempts: list[PastAttempt]
    legs: list[LegScore]
    failures: Question[DetailedFailure]
    notes: list[Note]


@dataclass(frozen=True, slots=True)
class ShownFailure:
    """A failure; ``recoveries`` are the passes that recovered it, the latest first."""

    failure: DetailedFailure
    recoveries: list[Recovery]


@dataclass(frozen=True, slots=True)
class ShownPass:
    """A pass of a test."""

    success: Side


@dataclass(frozen=True, slots=True)
class ShownSnapshot:
    """A captured state."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class ShownRecovery:
    """A failure and the pass that recovered it."""

    recovery: Recovery


Shown: TypeAlias = ShownSession | ShownRun | ShownTest | ShownFailure | ShownPass | ShownSnapshot | ShownRecovery


def found_or_last_run(text: str | None, project: str | None, here: str | None = None) -> Steps[Found | Run]:
    """Find what somebody wants to see.

    Args:
        text: what was typed; None for the last run.
        project: tests and runs only of this one, by the name that it has or had; None for all.
        here: the project whose tests are preferred; None for none.

    Raises:
        DebugloopError: nothing is called so, several things are, or there is no run.
    """
    if text:
        return (yield from find(text, project, SHOWN_KINDS, here))
    now = None if project is None else (yield from one(project_named(project))).name
    return (yield from last_run(now))


def shown(found: Found | Run, limit: int, largest: int = MANY, named: int = MANY) -> Steps[Shown]:
    """Give all that there is to show of something.

    Args:
        found: what to show.
        limit: failures, or causes of them, at most.
        largest: bytes of a snapshot beyond which it is not shown.
        named: failures of each cause at most.

    Raises:
        LookupError: it is not there.
        SnapshotTooLargeError: it is a snapshot that is larger.
    """
    if isinstance(found, Run):
        return _run(found, limit, named)
    if found.kind == "run":
        return _run((yield from one(runs.run_of(found.id))), limit, named)
    if found.kind == "session":
        rows = yield from fetch(runs.runs(filters=Filters(session_ids=(found.id,))))
        return ShownSession(found.id, sorted(rows, key=lambda run: (run.leg, run.started_at)))
    if found.kind == "test":
        test = found.test or (yield from one(test_of(found.id)))
        attempts = yield from fetch(recoveries.history_of_test(found.id, _ATTEMPTS))
        legs = yield from fetch(legs_of_tests([found.id]))
        last = attempts[0].run_id if attempts else None
        notes = [] if last is None else (yield from fetch(notes_of_test(found.id, last, limit)))
        return ShownTest(test, attempts, legs, failures.failures_of_test(found.id, limit, details=1), notes)
    if found.kind == "error":
        failure = yield from one(failures.failure_of(found.id))
        return ShownFailure(failure, (yield from fetch(recoveries.recoveries(error_id=found.id))))
    if found.kind == "success":
        return ShownPass((yield from one(side("success", found.id))))
    if found.kind == "snapshot":
        snapshot = yield from one(failures.snapshot_of(found.id, largest))
        if snapshot.is_too_large:
            raise SnapshotTooLargeError(id=short(found.id), megabytes=f"{(snapshot.state_size_bytes or 0) / 1e6:,.0f}")
        return ShownSnapshot(snapshot)
    return ShownRecovery((yield from one(recoveries.recoveries(id=found.id, limit=1))))


def _run(run: Run, limit: int, named: int) -> ShownRun:
    ids = (run.id, run.correlation_id)
    return ShownRun(
        run,
        failures.failures_of_run(*ids, limit),
        failures.failures_by_cause(*ids, limit, named=named),
        failures.failures_by_cause(*ids, limit, details=0, named=named),
        recoveries.recoveries(run_id=run.id, correlation_id=run.correlation_id, limit=limit),
        notes_of_run(run.id, limit),
    )


def as_json(answer: Shown) -> tuple[str, dict[str, Any], dict[str, Question[Any] | list[Any]]]:
    """Write an answer for programs.

    Args:
        answer: of :func:`shown`.

    Returns:
        Its kind, the keys that are there at once, and those that hold rows.
    """
    if isinstance(answer, ShownSession):
        return "session", {"session_id": answer.id}, {"runs": answer.runs}
    if isinstance(answer, ShownRun):
        return (
            "run",
            {"run": answer.run},
            {
                "failures": answer.failures.map(_failure_json),
                "recoveries": answer.recoveries,
                "notes": answer.notes,
            },
        )
    if isinstance(answer, ShownTest):
        rows = answer.failures.map(lambda failure: failure.failure)
        return "test", {"test": answer.test}, {"attempts": answer.attempts, "failures": rows, "notes": answer.notes}
    if isinstance(answer, ShownFailure):
        facts = {**_failure_json(answer.failure), "state": answer.failure.state}
        return "error", facts, {"recoveries": answer.recoveries}
    if isinstance(answer, ShownPass):
        return "success", {"success": answer.success}, {}
    if isinstance(answer, ShownSnapshot):
        return "snapshot", {"snapshot": answer.snapshot}, {}
    return "recovery", {"recovery": answer.recovery}, {}


def _failure_json(one: DetailedFailure) -> dict[str, Any]:
    return {"failure": plain(one.failure), "frame": one.frame, "history": plain(one.history)}
