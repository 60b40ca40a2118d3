"""What a proof begins with: a failure, the pass before or after it, and what both were run on."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection

from pytest_debugloop.errors import RerunImpossibleError
from pytest_debugloop.queries.debugging import files_of_run
from pytest_debugloop.queries.rerunning import recorded_failure
from pytest_debugloop.queries.statements import find, first, one
from pytest_debugloop.rerunning.recorded import RecordedFailure
from pytest_debugloop.rerunning.sides import Recorded, RecordedFile
from pytest_debugloop.sources.editing import Piece
from pytest_debugloop.text.printable import printable


@dataclass(frozen=True, slots=True)
class Recovered:
    """The pass that recovered a failure; columns of ``debug_error_success_correlation`` and of both sides."""

    id: uuid.UUID
    strategy: str | None
    evidence: Any
    success_id: uuid.UUID
    run_id: uuid.UUID
    passed_at: datetime
    test: str
    error_id: uuid.UUID
    error_run: uuid.UUID


@dataclass(frozen=True, slots=True)
class LastPass:
    """The last pass before a failure on its line, else on its base branch; columns of ``debug_success_events``."""

    success_id: uuid.UUID
    run_id: uuid.UUID
    passed_at: datetime
    test: str


@dataclass(frozen=True, slots=True)
class Case:
    """A failure, and the pass that it is held against.

    Attributes:
        recovery: None where nothing has passed since: then the pass is the last one before it on its line.
        success_id: of the pass.
        passed_at: when that was.
        failing: what the failure was run on.
        passing: what the pass was run on.
    """

    failure: RecordedFailure
    recovery: Recovered | None
    success_id: uuid.UUID
    passed_at: datetime
    failing: Recorded
    passing: Recorded


def case_of(connection: Connection[Any], text: str, project: str | None = None) -> Case:
    """Find the failure that somebody means, and the pass to hold it against.

    Args:
        connection: its search path leads to the record.
        text: a test, of which it is the last failure; an error; or a recovery.
        project: tests only of this one; None for all.

    Raises:
        NotFoundError: there is none, or the record of its run is not there.
        NeverFailedError: the test has not failed.
        AmbiguousError: several are called so.
        RerunImpossibleError: it never passed on its line in another run, or passed in the run that it failed in.
        psycopg.Error: the database cannot answer.
    """
    found = find(connection, text, project, kinds=("error", "test", "recovery"))
    recovery: Recovered | None = None
    if found.kind == "recovery":
        recovery = one(connection, Recovered, "why_recovery", recovery_id=found.id, error_id=None)
        failure = recorded_failure(connection, str(recovery.error_id), project)
    else:
        failure = recorded_failure(connection, text, project)
        recovery = first(connection, Recovered, "why_recovery", recovery_id=None, error_id=failure.id)
    if recovery is not None and recovery.run_id == recovery.error_run:
        raise RerunImpossibleError(
            reason="it failed and passed in one run, so nothing was changed in between: `debugloop reproduce --vary` "
            "looks for what makes it fail"
        )
    other = recovery or first(connection, LastPass, "why_last_pass", error_id=failure.id)
    if other is None:
        raise RerunImpossibleError(
            reason=f"{printable(failure.test)} has not passed before in another run that is recorded of its line "
            "(its leg, and its branch or a commit that it comes from), nor of its base branch"
        )
    sides = [one(connection, Recorded, "why_side", run_id=run) for run in (failure.run_id, other.run_id)]
    return Case(failure, recovery, other.success_id, other.passed_at, *sides)


def files_of(connection: Connection[Any], side: Recorded, files: Iterable[str]) -> dict[str, RecordedFile]:
    """Give what the record has of source files as a run had them.

    Args:
        connection: its search path leads to the record.
        side: the run.
        files: their paths from its rootdir.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    found = files_of_run(connection, side.code_version, sorted(set(files)))
    return {
        one.file: RecordedFile(one.file_hash, tuple(Piece(unit.function, unit.text) for unit in one.units))
        for one in found
    }
