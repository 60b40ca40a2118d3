"""Parts that several answers have: runs, failures by cause, scores."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from pytest_debugloop.answers.causes import CausedFailures
from pytest_debugloop.answers.not_loaded import NotLoaded
from pytest_debugloop.mcp.models import CauseGroup, Flakiness, NotLoadedRuns, RunFacts
from pytest_debugloop.mcp.texts import RecordedText, RecordedTexts, recorded, recorded_list, word
from pytest_debugloop.queries.failure_row import Failure
from pytest_debugloop.queries.recoveries import FlakyTest
from pytest_debugloop.queries.runs import Run
from pytest_debugloop.text.strategies import RETRY
from pytest_debugloop.text.words import short

EXCEPTION, MESSAGE, TEST = "class of the exception", "message of the exception", "node id of the test"
"""Where the texts are from that nearly each answer has."""

_STATES = ("running", "interrupted", "died")
_ENDED = {0: "passed", 1: "failed", 5: "no tests", None: "broken"}
_CLASSES = ("flaky", "newly flaky", "broken", "fixed", "stable")
_LONGEST_MESSAGE = 300
_NAMED = 11


def run_facts(run: Run) -> RunFacts:
    """Describe a run.

    Args:
        run: of the record.
    """
    state = run.status if run.status in _STATES else _ENDED.get(run.exit_status, "other")
    seconds = None if run.finished_at is None else (run.finished_at - run.started_at).total_seconds()
    names = names_of(
        project=run.project, branch=run.git_branch, commit=run.git_commit, leg=run.leg, change=run.change_id
    )
    return RunFacts(
        run_id=short(run.id),
        verdict=state if run.status in (*_STATES, "finished") else "other",  # type: ignore[arg-type]  # one of these
        started_at=run.started_at,
        seconds=None if seconds is None else round(seconds, 2),
        failures=run.errors_total or 0,
        passes=run.successes_total or 0,
        skipped=run.skipped_total or 0,
        recovered=run.recoveries_total or 0,
        python=".".join(part for part in (run.python_version or "").split(".")[:3] if part.isalnum()),
        names=names,
    )


def names_of(**names: str | None) -> RecordedTexts | None:
    """Give the names of a run that somebody chose; None where there are none.

    Args:
        **names: project, branch, commit and the like; None or empty where there is none.
    """
    given = [f"{key}: {value}" for key, value in names.items() if value]
    return recorded_list("git, CI and settings of the run", given) if given else None


def exception_of(failure: Failure) -> RecordedText:
    """Name what was raised.

    Args:
        failure: of the record.
    """
    return recorded(EXCEPTION, failure.error_code or failure.error_type)


def cause_group(group: CausedFailures) -> CauseGroup:
    """Describe failures of one cause.

    Args:
        group: of a run.
    """
    one = group.example.failure
    failures = [one, *group.others]
    place = f"{one.file}:{one.line} {one.function or ''}".rstrip() if one.file else None
    return CauseGroup(
        failures=group.failures,
        example_error_id=short(one.id),
        exception=exception_of(one),
        message=recorded(MESSAGE, one.error_message, _LONGEST_MESSAGE),
        where=recorded("file, line and function of the project", place) if place else None,
        passed_when_retried=one.recovery_strategy == RETRY,
        tests=recorded_list(TEST, [failure.node_id for failure in failures[:_NAMED]]),
        error_ids=[short(failure.id) for failure in failures[:_NAMED]],
    )


def flakiness_of(test: FlakyTest) -> Flakiness:
    """Give the scores of a test.

    Args:
        test: of the record.
    """
    return Flakiness(
        verdict=word(test.class_, _CLASSES),  # type: ignore[arg-type]  # one of these, or "other"
        failures=test.failures,
        attempts=test.attempts,
        rate_low=round(test.flakiness_low, 4),
        rate_high=round(test.flakiness_high, 4),
    )


def not_loaded_runs(missing: NotLoaded) -> NotLoadedRuns:
    """Say which runs the record does not have yet.

    Args:
        missing: what the folder of the record says.
    """
    return NotLoadedRuns(waiting=missing.waiting, going_on=missing.going_on, set_aside=missing.set_aside)


def short_ids(ids: Iterable[uuid.UUID | None]) -> list[str]:
    """Shorten ids; None is left out.

    Args:
        ids: of anything in the record.
    """
    return [short(one) for one in ids if one is not None]
