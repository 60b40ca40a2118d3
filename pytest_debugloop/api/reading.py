"""What the API reads: the same answers as the command's, of the same rows."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from pytest_debugloop.answers.compared_runs import RunsCompared, compare_runs
from pytest_debugloop.answers.filters import TypedFilters, asked_project
from pytest_debugloop.answers.here import here
from pytest_debugloop.answers.lists import history_of, listed_failures
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.api.storable import share_of, uuid_of
from pytest_debugloop.queries.failures import FailureGroup
from pytest_debugloop.queries.question import MANY, Steps, fetch, first
from pytest_debugloop.queries.recoveries import FlakyTest, PastAttempt
from pytest_debugloop.queries.recoveries import flaky_tests as asked_flaky_tests
from pytest_debugloop.queries.workflows import (
    LlmCall,
    RecoveryCount,
    WorkflowContext,
    llm_calls,
    recovery_counts,
    workflow_context,
)


@dataclass(frozen=True, slots=True)
class Context:
    """Where the record is that an operation is about.

    Attributes:
        location: by the settings of the program, its environment and its directory.
        where: its server, for people.
    """

    location: RecordLocation
    where: str

    def of_project(self, project: str | None) -> RecordLocation:
        """Give the location with another project.

        Args:
            project: its name; None for that of the settings.
        """
        return self.location if project is None else replace(self.location, project=project)


def get_llm_calls(correlation_id: uuid.UUID | str) -> Steps[list[LlmCall]]:
    """List the LLM calls of a workflow that the host's hooks have recorded, the first one first.

    Source: ``debug_llm_call_summary``.

    Args:
        correlation_id: of the workflow: a UUID, or a text as the host has it, which need not be a UUID.
    """
    given = str(correlation_id)
    try:
        known = str(uuid.UUID(given))
    except ValueError:
        known = given
    return (yield from fetch(llm_calls(list(dict.fromkeys((given, known))))))


def get_debug_context(correlation_id: uuid.UUID | str) -> Steps[WorkflowContext | None]:
    """Give the totals of a workflow: agents, steps, errors, successes, states and time.

    Source: ``debug_workflow_context``.

    Args:
        correlation_id: of the workflow, a UUID or its text.

    Returns:
        None if the record has nothing of it.

    Raises:
        NotAUuidError: the id is none.
    """
    return (yield from first(workflow_context(uuid_of(correlation_id, "correlation_id"))))


def recovery_patterns(min_confidence: float = 0.7, limit: int = MANY) -> Steps[list[RecoveryCount]]:
    """Count what made errors of each type recover, the most frequent first; each error counts once.

    Source: ``debug_error_success_correlation``.

    Args:
        min_confidence: from 0 to 1; recoveries below do not count.
        limit: rows at most.

    Raises:
        RefusedValueError: the confidence is not from 0 to 1.
    """
    least = share_of(min_confidence, "min_confidence")
    return (yield from fetch(recovery_counts(float(least or 0), limit)))


def flaky_tests(
    context: Context, project: str | None = None, limit: int = 50, *, everything: bool = False
) -> Steps[list[FlakyTest]]:
    """Rank flaky tests, the most certain first, as ``debugloop flaky`` does.

    Source: ``debug_flaky_tests``; docs/formulas.md defines each number.

    Args:
        context: of the connection.
        project: whose tests; None for the project of the checkout, or in an embedded record for all.
        limit: tests at most.
        everything: whether to give all tests that ever failed.
    """
    name = yield from asked_project(context.of_project(project))
    return (yield from fetch(asked_flaky_tests(name, limit, only_flaky=not everything)))


def failures(
    context: Context,
    project: str | None = None,
    limit: int = 50,
    *,
    is_open: bool = False,
    branch: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    by_cause: bool = True,
) -> Steps[list[FailureGroup]]:
    """Group failures, the most frequent first, as ``debugloop failures`` does.

    Args:
        context: of the connection.
        project: whose failures; None for the project of the checkout, or in an embedded record for all.
        limit: groups at most.
        is_open: whether to leave out failures that were followed by a pass.
        branch: only of runs on this branch of git.
        since: not earlier than this.
        until: earlier than this.
        by_cause: whether to group by cause; else by fingerprint, which includes message and traceback.
    """
    typed = TypedFilters(branch=branch, since=since, until=until)
    answer = yield from listed_failures(typed, context.of_project(project), limit, is_open=is_open)
    return (yield from fetch(answer.by_cause if by_cause else answer.by_fingerprint))


def history(context: Context, test: str, project: str | None = None, limit: int = 100) -> Steps[list[PastAttempt]]:
    """List the attempts of a test, the latest first, as ``debugloop history`` does.

    Args:
        context: of the connection.
        test: its node id or a part of it, its id, or the id of one of its failures.
        project: whose test; None for the project of the checkout, or in an embedded record for all.
        limit: attempts at most.

    Raises:
        NotFoundError: nothing is called so.
        AmbiguousError: several tests are.
        WrongKindError: what is called so is no test.
    """
    answer = yield from history_of(TypedFilters(), context.of_project(project), test, limit)
    return (yield from fetch(answer.attempts))


def compare(
    context: Context, head: str | None = None, base: str | None = None, project: str | None = None
) -> Steps[RunsCompared]:
    """Compare the tests of two runs, branches, commits, changes or sessions, as ``debugloop compare`` does.

    Args:
        context: of the connection.
        head: what is asked about, such as ``branch:my-feature``; None for the last run of this checkout.
        base: what it is compared with; None for the branch that it is to be merged into, or what was run before.
        project: whose runs; None for the project of the checkout, or in an embedded record for all.

    Raises:
        NotFoundError: nothing is called so.
        AmbiguousError: several things are.
        NoBaseError: the base has no runs.
    """
    location = context.of_project(project)
    name = yield from asked_project(location)
    return (yield from compare_runs(head, base, name, here(location)))
