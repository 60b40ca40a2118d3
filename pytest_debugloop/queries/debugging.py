"""What a session on recorded frames needs: a failure with its state, and the source that its run loaded."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from psycopg import Connection

from pytest_debugloop.errors import NeverFailedError, NotFoundError
from pytest_debugloop.queries.rerunning import last_failure_of
from pytest_debugloop.queries.statements import find, first, rows
from pytest_debugloop.replay.sources import Unit
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.text.printable import printable


@dataclass(frozen=True, slots=True)
class FailureToDebug:
    """A failure with its state; the columns of ``debug_error_events`` and of its run.

    Attributes:
        state: ``agent_state`` of its snapshot; None where none was captured.
        code_version: of the run; None where its code is not known.
    """

    id: uuid.UUID
    node_id: str
    error_type: str
    error_code: str | None
    error_message: str
    occurred_at: datetime
    agent_name: str
    phase: str | None
    attempt: int | None
    snapshot_id: uuid.UUID | None
    run_id: uuid.UUID | None
    rootdir: str | None
    git_commit: str | None
    git_branch: str | None
    python_version: str | None
    code_version: str | None
    state: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class FileOfRun:
    """A source file as a run loaded it.

    Attributes:
        file: its path from the run's rootdir.
        file_hash: of what was in it, as git makes it.
        units: its functions, where they are recorded.
    """

    file: str
    file_hash: str
    units: tuple[Unit, ...]


@dataclass(frozen=True, slots=True)
class _Id:
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    file_hash: str
    function: str | None
    first: int | None
    last: int | None
    source: str | None


def failure_to_debug(connection: Connection[Any], text: str | None, project: str | None = None) -> FailureToDebug:
    """Find the failure that somebody means.

    Args:
        connection: its search path leads to the record.
        text: an error's id or the first or last characters of it; or a test, of which it is the last failure with a
            state; None for the last failure of all with a state.
        project: only of this one; None for all.

    Raises:
        NotFoundError: there is none.
        NeverFailedError: the test has not failed.
        AmbiguousError: several tests or errors are called so.
        psycopg.Error: the database cannot answer.
    """
    found = None if text is None else find(connection, text, project, kinds=("error", "test"))
    if found is not None and found.kind == "error":
        failure = _failure(connection, found.id)
        if failure is not None:
            return failure
    task_id = None if found is None else found.id
    last = first(connection, _Id, "debug_last_failure", task_id=task_id, project=project if found is None else None)
    failure = None if last is None else _failure(connection, last.id)
    if failure is None:
        if text is not None and task_id is not None and last_failure_of(connection, task_id) is None:
            raise NeverFailedError(text=printable(text))
        what = "a failure" if text is None else f"a failure of {printable(text)}"
        raise NotFoundError(text=what, hint="none whose state was captured is in the record")
    return failure


def _failure(connection: Connection[Any], id: uuid.UUID) -> FailureToDebug | None:  # noqa: A002
    found = first(connection, FailureToDebug, "debug_failure", id=id)
    return None if found is None else replace(found, state=recorded_state(found.state))


def files_of_run(connection: Connection[Any], code_version: str | None, files: list[str]) -> list[FileOfRun]:
    """Give what is recorded of source files.

    Args:
        connection: its search path leads to the record.
        code_version: of the run; None where its code is not known.
        files: paths from its rootdir.

    Returns:
        Those whose content at that run is known, with the functions where these were recorded.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    if code_version is None or not files:
        return []
    found = rows(connection, _Row, "debug_sources", code_version=code_version, files=files)
    return [
        FileOfRun(file, file_hash, tuple(unit for row in group if (unit := _unit(row)) is not None))
        for (file, file_hash), group in groupby(found, key=lambda row: (row.file, row.file_hash))
    ]


def _unit(row: _Row) -> Unit | None:
    if row.function is None or row.first is None or row.last is None or row.source is None:
        return None
    return Unit(row.function, row.first, row.last, row.source)
