"""What a rerun is planned from: a failure with its run, what began before it, and what is suspected."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from pytest_debugloop.errors import NeverFailedError, NotFoundError
from pytest_debugloop.queries.statements import find, first, rows
from pytest_debugloop.rerunning.recorded import RecordedFailure, RecordedStep
from pytest_debugloop.text.printable import printable


@dataclass(frozen=True, slots=True)
class _Id:
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class _Name:
    name: str


def recorded_failure(connection: Connection[Any], text: str, project: str | None = None) -> RecordedFailure:
    """Find the failure that somebody means.

    Args:
        connection: its search path leads to the record.
        text: an error's id or the first or last characters of it; or a test, of which it is the last failure.
        project: tests only of this one; None for all.

    Raises:
        NotFoundError: there is none, or the record of its run is not there.
        NeverFailedError: the test has not failed.
        AmbiguousError: several tests or errors are called so.
        psycopg.Error: the database cannot answer.
    """
    found = find(connection, text, project, kinds=("error", "test"))
    id_ = found.id
    if found.kind == "test":
        last = last_failure_of(connection, found.id)
        if last is None:
            raise NeverFailedError(text=printable(text))
        id_ = last
    failure = first(connection, RecordedFailure, "rerun_failure", id=id_)
    if failure is None:
        raise NotFoundError(text=printable(text), hint="the record of its run is not there")
    return failure


def last_failure_of(connection: Connection[Any], task_id: uuid.UUID) -> uuid.UUID | None:
    """Give the last failure of a test.

    Args:
        connection: its search path leads to the record.
        task_id: of the test.

    Returns:
        The id of the error; None where the test has not failed.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    last = first(connection, _Id, "rerun_last_failure", task_id=task_id)
    return None if last is None else last.id


def steps_until(connection: Connection[Any], failure: RecordedFailure) -> list[RecordedStep]:
    """List what the processes of a run began until a failure happened, in the order in which they did.

    Args:
        connection: its search path leads to the record.
        failure: which one.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return rows(
        connection,
        RecordedStep,
        "rerun_steps",
        run_id=failure.run_id,
        correlation_id=failure.correlation_id,
        until=failure.occurred_at,
    )


def suspected_polluters(connection: Connection[Any], failure: RecordedFailure) -> list[str]:
    """List the tests that the record holds responsible for failures of a test.

    Args:
        connection: its search path leads to the record.
        failure: of the test.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return [one.name for one in rows(connection, _Name, "rerun_suspects", task_id=failure.task_id)]
