"""What is known of the failures of flaky tests: the most frequent one, and on what each attempt ran."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from pytest_debugloop.queries.question import Question

LOOKED_AT = 200
"""How many attempts of a test are compared, its latest."""

MAX_STEPS = 20_000
"""How many steps are read to find what ran before the attempts of a test."""

MAX_STEPS_TOGETHER = 50_000
"""How many are read for all tests that are asked about."""


@dataclass(frozen=True, slots=True)
class FrequentFailure:
    """How a test fails most often.

    Attributes:
        times: number of attempts that failed in this way, of ``failures``.
        last_error_id: its last failure of this kind.
    """

    task_id: uuid.UUID
    times: int
    failures: int
    error_type: str
    error_code: str | None
    error_message: str
    last_error_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class AttemptConditions:
    """A first attempt of a test, and what it ran on; None where that is not known.

    Attributes:
        leg: of its run.
        hour: of the day in UTC, when its run began.
        hash_seed: what PYTHONHASHSEED was set to.
        machine: the first characters of the id of its start (of the machine's).
        is_parallel: whether a worker of pytest-xdist ran it.
        previous: the test directly before it in its process; empty for none.
        step_number: of its call, so that fewer steps of its run were before it; None if it is not known.
    """

    task_id: uuid.UUID
    failed: bool
    leg: str
    hour: int
    hash_seed: str | None
    machine: str | None
    platform: str | None
    is_parallel: bool
    previous: str | None
    correlation_id: uuid.UUID
    agent_name: str
    operation_name: str
    step_number: int | None


@dataclass(frozen=True, slots=True)
class EarlierTest:
    """A test that ran before some attempts of another in their process, and not before all.

    Attributes:
        failures: how many of the ``attempts`` after it failed.
        other_failures: how many of the ``other_attempts`` did.
    """

    task_id: uuid.UUID
    earlier: str
    failures: int
    attempts: int
    other_failures: int
    other_attempts: int


@dataclass(frozen=True, slots=True)
class NamedTest:
    """A test, by its id alone."""

    task_id: uuid.UUID


def failed_tests(project: str | None = None) -> Question[NamedTest]:
    """Name the tests that ever failed.

    Args:
        project: only of this one; None for all.
    """
    return Question("flaky_failed", NamedTest, {"project": project})


def likely_tests(task_ids: Sequence[uuid.UUID]) -> Question[NamedTest]:
    """Put those tests first that recovered most often without a change.

    Args:
        task_ids: of the tests.
    """
    return Question("flaky_likely", NamedTest, {"task_ids": list(task_ids)})


def tests_by_score(task_ids: Sequence[uuid.UUID], latest: int, *, only_flaky: bool) -> Question[NamedTest]:
    """Order tests by their score, the highest first.

    Args:
        task_ids: of the tests.
        latest: of how many attempts of each, its latest.
        only_flaky: whether all that are not flaky come last.
    """
    return Question("flaky_order", NamedTest, {"task_ids": list(task_ids), "latest": latest, "only_flaky": only_flaky})


def frequent_failures(task_ids: Sequence[uuid.UUID]) -> Question[FrequentFailure]:
    """Ask how tests fail most often.

    Args:
        task_ids: of the tests.
    """
    return Question("flaky_failures", FrequentFailure, {"task_ids": list(task_ids)})


def conditions_of_attempts(task_ids: Sequence[uuid.UUID]) -> Question[AttemptConditions]:
    """Ask on what the latest attempts of tests ran; without those that failed until the code was changed.

    Args:
        task_ids: of the tests.
    """
    return Question("flaky_attempts", AttemptConditions, {"task_ids": list(task_ids), "looked_at": LOOKED_AT})


def earlier_tests(attempts: Sequence[AttemptConditions], least: int) -> Question[EarlierTest]:
    """Ask which tests ran before some attempts and not before others.

    Args:
        attempts: of any tests.
        least: how many attempts of a test there must be with the earlier one, and without it.
    """
    known = [one for one in attempts if one.step_number is not None]
    parameters = {
        "task_ids": [one.task_id for one in known],
        "correlation_ids": [one.correlation_id for one in known],
        "agents": [one.agent_name for one in known],
        "operations": [one.operation_name for one in known],
        "steps": [one.step_number for one in known],
        "failed": [one.failed for one in known],
        "least": least,
    }
    return Question("flaky_earlier_tests", EarlierTest, parameters)
