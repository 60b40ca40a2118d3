"""Which runs two sides of a comparison are, and which of their tests they tell apart."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from pytest_debugloop.queries.filters import EVERYTHING, Filters
from pytest_debugloop.queries.question import Question

SCORED = 200
"""How many tests that fail are looked at for whether they are flaky."""

_ID = re.compile(r"[0-9a-f-]{4,36}")


@dataclass(frozen=True, slots=True)
class Here:
    """Where a command was typed, as runs know it.

    Attributes:
        session_id: of the CI run; None outside of one, and where the user has named none.
        leg: which of those that run the same tests; empty where nothing tells.
        checkout_id: of the checkout; None where nothing was recorded in it.
        rootdir: pytest's rootdir.
        branches: names of the branch that others are merged into, the likeliest first.
    """

    session_id: str | None
    leg: str
    checkout_id: str | None
    rootdir: str
    branches: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A run of one side; columns of ``debug_runs``.

    Attributes:
        errors_outside: how many of its errors are of no test, such as a file that could not be collected.
        job_url: the address of the CI's run; None outside of CI.
        default_branch: of the repository, if the CI names it.
    """

    id: uuid.UUID
    leg: str
    status: str
    exit_status: int | None
    started_at: datetime
    finished_at: datetime | None
    project: str
    git_branch: str | None
    git_commit: str | None
    change_id: str | None
    target_branch: str | None
    errors_outside: int
    job_url: str | None = None
    default_branch: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What a name may stand for.

    Attributes:
        kind: ``branch``, ``change``, ``run``, ``session`` or ``commit``.
        key: its whole name.
        last_at: when its last run began.
    """

    kind: str
    key: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of which there are runs."""

    name: str


@dataclass(frozen=True, slots=True)
class ComparedTest:
    """A test that fails, or that two sides tell apart.

    Attributes:
        change: ``new_failure``, ``fails_otherwise`` (red on the base too, with another failure), ``still_failing``,
            ``known_flake`` (fails, and is known to be flaky), ``flaked`` (passed when it was tried again), ``fixed``,
            ``new_test``, ``removed`` (its code is gone) or ``not_run``. ``same`` is no test: it counts the others.
        tests: how many tests the row stands for.
        failed_in: the legs in which it fails on the first side.
        base_failed_in: those in which it fails on the base.
        is_new_test: whether the base never ran it.
        flaked_before: whether before the first side it passed when tried again, or in a later run of the same code.
        flakes: how many of its ``tries`` failed as a flake; None where that was not asked.
        error_id: its last failure on the first side.
        cause: what failures of one cause share.
        error_file: with ``error_line`` and ``error_function``, the innermost place in the project where it failed.
        base_error_id: on the base.
        failing_since: when it began to fail on the base.
        evidence: what differs from its last pass; None where that is not known.
        last_pass_run: the run of that pass.
        recovery_strategy: why it passes again, where the record has linked that.
    """

    change: str
    task_id: uuid.UUID | None
    project: str | None
    node_id: str | None
    file: str | None
    name: str | None
    tests: int
    failed_in: list[str]
    base_failed_in: list[str]
    is_new_test: bool
    is_flaky: bool
    flaked_before: bool
    flakes: int | None
    tries: int | None
    error_id: uuid.UUID | None
    error_type: str | None
    error_code: str | None
    error_message: str | None
    cause: str | None
    error_file: str | None
    error_line: int | None
    error_function: str | None
    base_error_id: uuid.UUID | None
    failing_since: datetime | None
    failing_since_run: uuid.UUID | None
    failing_since_commit: str | None
    evidence: Any = field(repr=False)
    last_pass_run: uuid.UUID | None
    recovery_strategy: str | None
    confidence_score: Decimal | None
    recovery_evidence: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class SlowerTest:
    """A test whose call took longer.

    Attributes:
        ms: milliseconds on the first side.
        base_ms: on the base.
        longest_ms: of its last passes before in that leg.
    """

    task_id: uuid.UUID
    node_id: str
    leg: str
    ms: int
    base_ms: int
    longest_ms: int


def named(text: str, project: str | None, kind: str | None = None) -> Question[Named]:
    """Ask what a name stands for, the most exact first.

    Args:
        text: a branch; a change, as ``12``, ``#12`` or ``!12``; the id of a run or a session, or the first or last
            characters of one; the first seven characters of a commit, or more.
        project: only of this one; None for all.
        kind: only this one; see :class:`Named`.
    """
    is_id = _ID.fullmatch(text.lower()) is not None
    parameters = {"text": text, "project": project, "kind": kind, "is_id": is_id, "id": text.lower()}
    return Question("compare_named", Named, parameters)


def runs_of_side(
    kind: str, key: str, project: str | None, before: datetime | None = None, filters: Filters = EVERYTHING
) -> Question[ComparedRun]:
    """Ask for the runs of one side: the last of each leg.

    Args:
        kind: see :class:`Named`; ``last`` for a run with what its session ran before in its leg, ``line`` for what
            was run on the line of a run.
        key: of it.
        project: only of this one; None for all.
        before: only runs that began before.
        filters: only such runs.
    """
    parameters = {**filters.parameters(), "kind": kind, "key": key, "project": project, "before": before}
    return Question("compare_runs", ComparedRun, parameters)


def last_run_here(project: str | None, here: Here, filters: Filters = EVERYTHING) -> Question[ComparedRun]:
    """Ask for the last run that was made here.

    Args:
        project: only of this one; None for all.
        here: in this run of the CI, else in this checkout.
        filters: only such runs.
    """
    parameters = {
        **filters.parameters(),
        "project": project,
        "session_id": here.session_id,
        "leg_here": here.leg,
        "checkout_id": here.checkout_id,
        "rootdir": here.rootdir,
    }
    return Question("compare_last", ComparedRun, parameters)


def branch_of(names: Sequence[str], project: str | None) -> Question[Branch]:
    """Ask which of some branches has runs, the first of them.

    Args:
        names: of branches.
        project: only of this one; None for all.
    """
    return Question("compare_branches", Branch, {"names": list(names), "project": project})


def compared_tests(
    head: Sequence[uuid.UUID],
    base: Sequence[uuid.UUID],
    base_branch: str | None,
    before: datetime | None,
    filters: Filters = EVERYTHING,
) -> Question[ComparedTest]:
    """Ask which tests fail, and which differ.

    Args:
        head: the runs of the first side.
        base: those of the base.
        base_branch: where to look for a test that these did not run; None for nowhere.
        before: only runs that began before.
        filters: only such tests.
    """
    parameters = {
        "task_ids": filters.parameters()["task_ids"],
        "head": list(head),
        "base": list(base),
        "base_branch": base_branch,
        "before": before,
        "scored": SCORED,
    }
    return Question("compare_tests", ComparedTest, parameters)


def slower_tests(
    head: Sequence[uuid.UUID], base: Sequence[uuid.UUID], limit: int = 50, filters: Filters = EVERYTHING
) -> Question[SlowerTest]:
    """Ask which calls took at least half as long again, 100 ms at least, and longer than in their last 20 passes.

    Args:
        head: the runs of the first side.
        base: those of the base.
        limit: how many at most, the greatest difference first.
        filters: only such tests.
    """
    parameters = {
        "task_ids": filters.parameters()["task_ids"],
        "head": list(head),
        "base": list(base),
        "ratio": 1.5,
        "least_ms": 100,
        "looked_at": 200,
        "limit": limit,
    }
    return Question("compare_slower", SlowerTest, parameters)
