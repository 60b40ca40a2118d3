"""What failed in a run, by its causes: one failure of each whole, the others by name."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from pytest_debugloop.queries.failure_row import Failure
from pytest_debugloop.queries.failures import DetailedFailure
from pytest_debugloop.text.causes import cause_title
from pytest_debugloop.text.strategies import RETRY


@dataclass(frozen=True, slots=True)
class CausedFailure:
    """A failure that is only named.

    Attributes:
        error_id: its id.
    """

    error_id: uuid.UUID
    node_id: str
    phase: str | None
    subtest: str | None


@dataclass(frozen=True, slots=True)
class Cause:
    """What failures of a run have in common: exception, innermost function of the project, comparison.

    Attributes:
        cause: equal for all failures of this cause, in all runs.
        failures: number of failures of the run with this cause.
        is_retried: whether they are those that a retry in the run fixed, which are listed apart.
        file: with ``line`` and ``function``, the innermost place in the project where the example failed.
        title: all this in a few words.
        example_error_id: the failure that was the first of them, with ``example_node_id`` and ``error_message``.
        others: the other failures, by name.
    """

    cause: str | None
    failures: int
    is_retried: bool
    error_type: str
    error_code: str | None
    error_message: str
    file: str | None
    line: int | None
    function: str | None
    title: str
    example_error_id: uuid.UUID
    example_node_id: str
    others: list[CausedFailure]


@dataclass(frozen=True, slots=True)
class CausedFailures:
    """Failures of one cause.

    Attributes:
        failures: how many there are.
        example: the first of them.
        others: so many others as were asked for.
    """

    failures: int
    example: DetailedFailure
    others: list[Failure]

    @property
    def title(self) -> str:
        """How many there are, what was raised, and where."""
        one = self.example.failure
        return cause_title(self.failures, one.error_code or one.error_type, one.file, one.line, one.function)


def grouped(failures: Iterable[DetailedFailure]) -> Iterator[CausedFailures]:
    """Put failures of one cause together.

    Args:
        failures: as :func:`~pytest_debugloop.queries.failures.failures_by_cause` lists them.
    """
    for _, members in groupby(failures, lambda known: (known.failure.recovery_strategy == RETRY, known.failure.cause)):
        example, *others = members
        yield CausedFailures(example.of_cause, example, [known.failure for known in others])


def causes(failures: Iterable[DetailedFailure]) -> Iterator[Cause]:
    """Tell the causes of failures for programs.

    Args:
        failures: as :func:`~pytest_debugloop.queries.failures.failures_by_cause` lists them.
    """
    for group in grouped(failures):
        one = group.example.failure
        yield Cause(
            cause=one.cause,
            failures=group.failures,
            is_retried=one.recovery_strategy == RETRY,
            error_type=one.error_type,
            error_code=one.error_code,
            error_message=one.error_message,
            file=one.file,
            line=one.line,
            function=one.function,
            title=group.title,
            example_error_id=one.id,
            example_node_id=one.node_id,
            others=[CausedFailure(other.id, other.node_id, other.phase, other.subtest) for other in group.others],
        )
