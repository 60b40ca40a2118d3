"""Lists of runs, failures, recoveries and attempts, each as one value.

What may be long is a question of which each row is complete: whoever shows it streams or fetches it.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_debugloop.answers.filters import TypedFilters, asked_project, filters_of, scope_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.lookup import named_test, only_test
from pytest_debugloop.queries import recoveries
from pytest_debugloop.queries.failures import FailureGroup, failure_groups
from pytest_debugloop.queries.lookup import Test, test_of
from pytest_debugloop.queries.question import MANY, Question, Steps, fetch, one
from pytest_debugloop.queries.recoveries import FixCause, PastAttempt, Recovery, RecoveryPattern, StrategyPattern
from pytest_debugloop.queries.runs import Run, runs


@dataclass(frozen=True, slots=True)
class ListedRuns:
    """Runs.

    Attributes:
        runs: asks for them, the latest first.
        project: whose they are; None for all.
        is_narrowed: whether others were left out.
    """

    runs: Question[Run]
    project: str | None
    is_narrowed: bool


def listed_runs(
    typed: TypedFilters,
    location: RecordLocation,
    limit: int = MANY,
    *,
    commit: str | None = None,
    status: str | None = None,
) -> Steps[ListedRuns]:
    """List runs.

    Args:
        typed: the options that narrow the list.
        location: where the command was typed.
        limit: how many at most.
        commit: only of this one, by its first characters.
        status: only with this result, see :func:`~pytest_debugloop.queries.runs.runs`.

    Raises:
        NotFoundError: there is no such session, or no such test.
    """
    scope = yield from scope_of(typed, location)
    asked = runs(limit=limit, filters=scope.filters, project=scope.project, commit=commit, status=status)
    return ListedRuns(asked, scope.project, bool(typed or commit or status))


@dataclass(frozen=True, slots=True)
class ListedFailures:
    """Failures in groups, the most frequent first.

    Attributes:
        by_cause: asks for groups of one cause.
        by_fingerprint: asks for groups that also have the same message and traceback.
    """

    by_cause: Question[FailureGroup]
    by_fingerprint: Question[FailureGroup]


def listed_failures(
    typed: TypedFilters, location: RecordLocation, limit: int = MANY, *, is_open: bool = False
) -> Steps[ListedFailures]:
    """Group failures.

    Args:
        typed: the options that narrow the list.
        location: where the command was typed.
        limit: groups at most.
        is_open: whether to leave out failures that were followed by a pass.

    Raises:
        NotFoundError: there is no such session, or no such test.
    """
    scope = yield from scope_of(typed, location)
    by_cause, by_fingerprint = (
        failure_groups(limit=limit, filters=scope.filters, project=scope.project, is_open=is_open, by_cause=by_cause)
        for by_cause in (True, False)
    )
    return ListedFailures(by_cause, by_fingerprint)


@dataclass(frozen=True, slots=True)
class ListedRecoveries:
    """Recoveries; ``recoveries`` asks for them, the latest first."""

    recoveries: Question[Recovery]


def listed_recoveries(
    typed: TypedFilters,
    location: RecordLocation,
    limit: int = MANY,
    *,
    test: str | None = None,
    strategy: str | None = None,
) -> Steps[ListedRecoveries]:
    """List what made failed tests pass again.

    Args:
        typed: the options that narrow the list.
        location: where the command was typed.
        limit: how many at most.
        test: only of this one: its name, its id, or the id of one of its failures.
        strategy: only with this one.

    Raises:
        NotFoundError: there is no such session or test.
        WrongKindError: what was named is no test.
        AmbiguousError: several tests are called so.
    """
    project = yield from asked_project(location)
    named = (yield from named_test(test, project, location.checkout_project())) if test else None
    filters = yield from filters_of(typed, project, location)
    task_id = named.id if named else None
    return ListedRecoveries(
        recoveries.recoveries(limit=limit, filters=filters, task_id=task_id, project=project, strategy=strategy)
    )


@dataclass(frozen=True, slots=True)
class RecoveryPatterns:
    """What recoveries have in common: by type of error, by failure, and the changes that came with them."""

    by_strategy: list[StrategyPattern]
    by_failure: list[RecoveryPattern]
    causes: list[FixCause]


def recovery_patterns(limit: int = MANY) -> Steps[RecoveryPatterns]:
    """Count what recoveries have in common, the most frequent first.

    Args:
        limit: rows of each kind at most.
    """
    by_strategy = yield from fetch(recoveries.strategy_patterns(limit))
    by_failure = yield from fetch(recoveries.recovery_patterns(limit))
    return RecoveryPatterns(by_strategy, by_failure, (yield from fetch(recoveries.fix_causes(limit))))


@dataclass(frozen=True, slots=True)
class TestHistory:
    """A test; ``attempts`` asks for all times that it was run to its end, the latest first."""

    __test__ = False

    test: Test
    attempts: Question[PastAttempt]


def history_of(
    typed: TypedFilters, location: RecordLocation, text: str | None = None, limit: int = MANY
) -> Steps[TestHistory]:
    """Give the history of a test.

    Args:
        typed: the options that narrow it; they name the test if ``text`` does not.
        location: where the command was typed.
        text: the test: its name, its id, or the id of one of its failures.
        limit: attempts at most.

    Raises:
        NotFoundError: there is no such session or test.
        WrongKindError: what was named is no test.
        AmbiguousError: several tests are called so.
    """
    project = (yield from asked_project(location)) if typed else None
    filters = yield from filters_of(typed, project, location)
    if text is None:
        named = yield from only_test(typed.test.text if typed.test else "", filters.task_ids or ())
    else:
        named = yield from named_test(text, location.asked_project(), location.checkout_project())
    test = named.test or (yield from one(test_of(named.id)))
    return TestHistory(test, recoveries.history_of_test(test.id, limit, filters))
