"""Deletes old runs with all that is only theirs, and leaves the history of the others true."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import ClientCursor, sql
from psycopg import errors as server_errors
from psycopg.rows import class_row

from pytest_debugloop.database.sql_files import sql_text
from pytest_debugloop.errors import RecordBusyError
from pytest_debugloop.journal.records import clean_text

_TRIES = 20
# Longer than the server waits before it looks for a deadlock, and before it stops an autovacuum that is in the way.
_PATIENCE = sql.SQL("SET LOCAL lock_timeout = '3s'")
_NO_PATIENCE = sql.SQL("SET LOCAL lock_timeout = '60s'")
_ENTER = sql.SQL("SET LOCAL search_path TO {}, public; SET LOCAL datestyle TO ISO; SET LOCAL lock_timeout TO '10s'")
# Name of what a statement deletes, in the order that takes the least work: a step refers to events, they to states.
_DELETES = {
    "recoveries": "recoveries",
    "traces": "traces",
    "onsets": "",
    "hosts": "",
    "artifacts": "",
    "steps": "steps",
    "failures": "failures",
    "successes": "successes",
    "captures": "",
    "states": "snapshots",
    "rejected": "rejected_lines",
    "graph": "",
    "runs": "runs",
    "workflows": "",
}
_CODE = {"versions": "", "files": "", "functions": "functions", "commits": "", "installations": ""}


class Cutoffs(NamedTuple):
    """The moments before which passes, failures and recoveries go; None for what stays."""

    passes: datetime | None
    failures: datetime | None
    recoveries: datetime | None


@dataclass(frozen=True, slots=True)
class Choice:
    """Which runs are to go.

    Attributes:
        before: those that began before; None for all.
        keep: but not the last of each branch of each project, so many; None for none.
        project: only of this one; None for all.
        branch: only of this one; None for all.
        only: only of these, as they were chosen before; None for all.
        cutoffs: instead of ``before`` and ``keep``, what each kind has to be older than, and what is of no run too;
            None for a kind that stays.
        most: of what the cutoffs choose the runs of so many workflows, and so many workflows of no run; None for all.
    """

    before: datetime | None = None
    keep: int | None = None
    project: str | None = None
    branch: str | None = None
    only: list[uuid.UUID] | None = None
    cutoffs: Cutoffs | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes with the runs that are chosen.

    Attributes:
        runs: how many go, of ``runs_in_all``.
        running: how many have not ended, and stay.
        pinned: how many are pinned, and stay.
        workflows: how many that are of no run go.
        first_at: when the first of those that go began; None where none goes.
        ids: of the runs.
    """

    runs: int
    runs_in_all: int
    running: int
    pinned: int
    workflows: int
    steps: int
    failures: int
    successes: int
    first_at: datetime | None
    last_at: datetime | None
    ids: list[uuid.UUID] | None = field(repr=False)


def _statement(part: str) -> str:
    return sql_text("pytest_debugloop.loading", "prune", part)


def plan(connection: psycopg.Connection[Any], schema: str, choice: Choice) -> Plan:
    """Say what would go.

    Args:
        connection: in autocommit mode.
        schema: of the record.
        choice: of the runs.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    with _entered(connection, schema) as cursor:
        _choose(cursor, choice)
        plans = cursor.connection.cursor(row_factory=class_row(Plan))
        return plans.execute(_statement("plan")).fetchall()[0]


def prune(connection: psycopg.Connection[Any], schema: str, choice: Choice, *, tries: int = _TRIES) -> dict[str, int]:
    """Delete runs, in one transaction.

    Args:
        connection: in autocommit mode.
        schema: of the record.
        choice: of the runs.
        tries: how often to wait for others who write.

    Returns:
        How many rows of each kind went.

    Raises:
        RecordBusyError: others write without a pause.
        psycopg.Error: the database refused; nothing has changed.
    """
    with _locked(connection, schema, tries) as cursor:
        _choose(cursor, choice)
        cursor.execute(_statement("collect"))
        gone = {}
        for name, what in _DELETES.items():
            count = cursor.execute(_statement(name)).rowcount
            if what:
                gone[what] = count
        cursor.execute(_statement("retype"))
        cursor.execute(_statement("states_first"))
        gone["tests"] = 0
        cursor.execute(_statement("tasks_seen"))
        while cursor.nextset():
            pass
        if (cursor.fetchone() or (0,))[0]:
            gone["tests"] = cursor.execute(_statement("tasks")).rowcount
        for name, what in _CODE.items():
            count = cursor.execute(_statement(name)).rowcount
            if what:
                gone[what] = count
        if choice.cutoffs is not None:
            cursor.execute(_statement("strays"), choice.cutoffs._asdict())
        return gone


def size(connection: psycopg.Connection[Any], schema: str) -> int:
    """Give the bytes of the record on the disk of its server.

    Args:
        connection: in autocommit mode.
        schema: of the record.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    with _entered(connection, schema) as cursor:
        return int((cursor.execute(_statement("size")).fetchone() or (0,))[0])


def vacuum(connection: psycopg.Connection[Any], schema: str, *, full: bool) -> None:
    """Make the room of deleted rows free again, and of the log that deleting them took.

    Args:
        connection: in autocommit mode.
        schema: of the record.
        full: give it back to the disk, which writes all that stays anew; else later runs fill it.

    Raises:
        psycopg.Error: the database cannot do it, or somebody else holds a table for long.
    """
    how = sql.SQL("VACUUM (FULL, ANALYZE) {}.{}") if full else sql.SQL("VACUUM (ANALYZE) {}.{}")
    # Who reads in a pager holds a table for as long as that is open.
    connection.execute("SET lock_timeout TO '10s'")
    with _entered(connection, schema) as cursor:
        tables = [str(name) for (name,) in cursor.execute(_statement("tables")).fetchall()]
    for table in tables:
        connection.execute(how.format(sql.Identifier(schema), sql.Identifier(table)))
    # The files of tables that were written anew, and the segments of the log, are removed at a checkpoint.
    connection.execute("CHECKPOINT")


def _choose(cursor: ClientCursor[Any], choice: Choice) -> None:
    values = {
        "before": choice.before,
        "keep": choice.keep,
        "project": None if choice.project is None else clean_text(choice.project),
        "branch": None if choice.branch is None else clean_text(choice.branch),
        "only": choice.only,
        "most": choice.most,
    }
    if choice.cutoffs is None:
        cursor.execute(_statement("choose"), values)
    else:
        cursor.execute(_statement("expired"), values | choice.cutoffs._asdict())


@contextmanager
def _entered(connection: psycopg.Connection[Any], schema: str) -> Iterator[ClientCursor[Any]]:
    with connection.transaction(), ClientCursor(connection) as cursor:
        cursor.execute(_ENTER.format(sql.Identifier(schema)))
        yield cursor


@contextmanager
def _locked(connection: psycopg.Connection[Any], schema: str, tries: int) -> Iterator[ClientCursor[Any]]:
    """Enter a transaction in which nobody else writes; where a loader is in the way, let it go first."""
    for _ in range(tries):
        with _entered(connection, schema) as cursor:
            cursor.execute(_PATIENCE)
            try:
                with connection.transaction():
                    cursor.execute(_statement("lock"))
            except (server_errors.LockNotAvailable, server_errors.DeadlockDetected):
                continue
            cursor.execute(_NO_PATIENCE)
            yield cursor
            return
    raise RecordBusyError(schema=schema)
