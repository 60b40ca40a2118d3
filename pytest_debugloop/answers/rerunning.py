"""All that the record has for a rerun: the failure that somebody means, what began before it, and what is suspected."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_debugloop.answers.lookup import find
from pytest_debugloop.errors import NeverFailedError, NotFoundError
from pytest_debugloop.queries.lookup import Found
from pytest_debugloop.queries.question import Steps, fetch, first
from pytest_debugloop.queries.rerunning import (
    FailureToRerun,
    RecordedStep,
    failure_to_rerun,
    last_failure_of,
    steps_until,
    suspected_polluters,
)
from pytest_debugloop.text.printable import printable


@dataclass(frozen=True, slots=True)
class RerunFacts:
    """What a rerun is planned from.

    Attributes:
        steps: what the processes of its run began until it happened, in that order.
        suspects: tests that the record holds responsible for failures of its test.
    """

    failure: FailureToRerun
    steps: list[RecordedStep]
    suspects: list[str]


def recorded_failure(text: str, project: str | None = None, here: str | None = None) -> Steps[FailureToRerun]:
    """Find the failure that somebody means.

    Args:
        text: an error's id or the first or last characters of it; or a test, of which it is the last failure.
        project: tests only of this one; None for all.
        here: the project whose tests are preferred; None for none.

    Raises:
        NotFoundError: there is none, or the record of its run is not there.
        NeverFailedError: the test has not failed.
        AmbiguousError: several tests or errors are called so.
    """
    return (yield from failure_found((yield from find(text, project, ("error", "test"), here)), text))


def failure_found(found: Found, text: str) -> Steps[FailureToRerun]:
    """Give the failure that was found, or the last one of the test that was found.

    Args:
        found: an error or a test.
        text: by which it was found.

    Raises:
        NotFoundError: the record of its run is not there.
        NeverFailedError: the test has not failed.
    """
    id_ = found.id
    if found.kind == "test":
        last = yield from first(last_failure_of(found.id))
        if last is None:
            raise NeverFailedError(text=printable(text))
        id_ = last.id
    failure = yield from first(failure_to_rerun(id_))
    if failure is None:
        raise NotFoundError(text=printable(text), hint="its run is not in the record")
    return failure


def rerun_facts(text: str, project: str | None = None, here: str | None = None) -> Steps[RerunFacts]:
    """Give what a rerun of the failure that somebody means is planned from.

    Args:
        text: see :func:`recorded_failure`.
        project: the same.
        here: the same.

    Raises:
        NotFoundError: as :func:`recorded_failure`; also NeverFailedError, AmbiguousError.
    """
    failure = yield from recorded_failure(text, project, here)
    steps = yield from fetch(steps_until(failure))
    suspects = yield from fetch(suspected_polluters(failure))
    return RerunFacts(failure, steps, [one.name for one in suspects])
