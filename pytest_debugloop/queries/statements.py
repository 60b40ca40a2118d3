"""Asks on a connection, for those that still take one: they become questions, and this module goes."""

from __future__ import annotations

from typing import Any, TypeVar

from psycopg import Connection
from psycopg.rows import kwargs_row

from pytest_debugloop.queries import lookup
from pytest_debugloop.queries.question import Question

T = TypeVar("T")


def rows(connection: Connection[Any], row: type[T], name: str, **values: object) -> list[T]:
    """Give all rows of an answer."""
    return _fetch(connection, Question(name, row, values))


def first(connection: Connection[Any], row: type[T], name: str, **values: object) -> T | None:
    """Give the first row of an answer; None where it has none."""
    return next(iter(rows(connection, row, name, **values)), None)


def one(connection: Connection[Any], row: type[T], name: str, **values: object) -> T:
    """Give the first row of an answer, or raise LookupError."""
    found = first(connection, row, name, **values)
    if found is None:
        raise LookupError(f"{name} of {values}")
    return found


def find(connection: Connection[Any], text: str, project: str | None, kinds: tuple[str, ...]) -> lookup.Found:
    """Find what a text means."""
    steps = lookup.find(text, project, kinds)
    try:
        question = next(steps)
        while True:
            question = steps.send(_fetch(connection, question))
    except StopIteration as end:
        found: lookup.Found = end.value
        return found


def _fetch(connection: Connection[Any], question: Question[T]) -> list[T]:
    with connection.cursor(row_factory=kwargs_row(question.row)) as cursor:
        return cursor.execute(question.sql, question.parameters).fetchall()
