"""Runs a question of this room: its SQL lies beside it, its rows are value objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from psycopg import Connection
from psycopg.rows import class_row

from pytest_debugloop.database.sql_files import sql_text
from pytest_debugloop.journal.records import clean_text

T = TypeVar("T")

MANY = 1_000_000_000
"""A limit that is none."""

_PAGE_ROWS = 200


def _stored(values: dict[str, object]) -> dict[str, object]:
    """Write texts as the record has them: no NUL and no half of a surrogate pair, as argv gives for odd bytes."""
    return {name: clean_text(value) if isinstance(value, str) else value for name, value in values.items()}


def rows(connection: Connection[Any], row: type[T], name: str, **values: object) -> list[T]:
    """Ask a question, and give all of the answer.

    Args:
        connection: its search path leads to the record.
        row: the class of a row; its attributes are named as the columns.
        name: of the statement.
        **values: of its parameters.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(sql_text("pytest_debugloop.queries", name), _stored(values)).fetchall()


def first(connection: Connection[Any], row: type[T], name: str, **values: object) -> T | None:
    """Ask a question that has one answer or none.

    Args:
        connection: its search path leads to the record.
        row: the class of a row.
        name: of the statement.
        **values: of its parameters.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    return next(iter(rows(connection, row, name, **values)), None)


def one(connection: Connection[Any], row: type[T], name: str, **values: object) -> T:
    """Ask a question that must have an answer.

    Args:
        connection: its search path leads to the record.
        row: the class of a row.
        name: of the statement.
        **values: of its parameters.

    Raises:
        LookupError: there is none.
        psycopg.Error: the database cannot answer.
    """
    found = first(connection, row, name, **values)
    if found is None:
        raise LookupError(f"{name} of {values}")
    return found


def stream(connection: Connection[Any], row: type[T], name: str, **values: object) -> Iterator[T]:
    """Ask a question with a long answer, and give it page by page as it is read.

    Args:
        connection: in a transaction, its search path leads to the record.
        row: the class of a row.
        name: of the statement.
        **values: of its parameters.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    with connection.cursor(name=f"debugloop_{name}", row_factory=class_row(row)) as cursor:
        cursor.itersize = _PAGE_ROWS
        yield from cursor.execute(sql_text("pytest_debugloop.queries", name), _stored(values))
