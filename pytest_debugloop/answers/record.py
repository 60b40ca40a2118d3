"""Asks the record: a question is run as it is, several are run step by step; with a connection of either kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeVar

import psycopg
from psycopg.rows import kwargs_row

from pytest_debugloop.queries.question import Question, Row, Steps, first_of, no_row

T = TypeVar("T")

_PAGE_ROWS = 200


def _is_short(question: Question[Any]) -> bool:
    """Tell whether the answer is one page at most, which needs no cursor on the server."""
    limit = question.parameters.get("limit")
    return isinstance(limit, int) and limit <= _PAGE_ROWS


class Record:
    """The record, as a connection sees it.

    All methods raise what the driver raises where the server cannot answer.

    Args:
        connection: in a transaction, its search path leads to the record.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection

    def cursor(self, row: Callable[..., Row]) -> psycopg.Cursor[Row]:
        """Give a cursor for one question.

        Args:
            row: makes a row of its columns.
        """
        return self.connection.cursor(row_factory=kwargs_row(row))

    def fetch(self, question: Question[Row]) -> list[Row]:
        """Give all rows of an answer.

        Args:
            question: which one.
        """
        with self.cursor(question.row) as cursor:
            cursor.execute(question.sql, question.parameters)
            return [] if question.row is no_row else cursor.fetchall()

    def first(self, question: Question[Row]) -> Row | None:
        """Give the first row of an answer; None where it has none.

        Args:
            question: which one.
        """
        return next(iter(self.fetch(question)), None)

    def one(self, question: Question[Row]) -> Row:
        """Give the first row of an answer.

        Args:
            question: which one.

        Raises:
            LookupError: it has none.
        """
        return first_of(question, self.fetch(question))

    def stream(self, question: Question[Row]) -> Iterator[Row]:
        """Give the rows of a long answer, page by page as they are read.

        Args:
            question: which one.
        """
        if _is_short(question):
            yield from self.fetch(question)
            return
        name = f"debugloop_{question.name}"
        with self.connection.cursor(name=name, row_factory=kwargs_row(question.row)) as cursor:
            cursor.itersize = _PAGE_ROWS
            yield from cursor.execute(question.sql, question.parameters)

    def answer(self, steps: Steps[T]) -> T:
        """Ask one question after the other.

        Args:
            steps: which ones.

        Returns:
            What the steps return.
        """
        try:
            question = next(steps)
            while True:
                question = steps.send(self.fetch(question))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what it returns has no type


class AsyncRecord:
    """The record, for programs that must not wait; the same questions and steps as of :class:`Record`.

    Args:
        connection: in a transaction, its search path leads to the record.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection

    def cursor(self, row: Callable[..., Row]) -> psycopg.AsyncCursor[Row]:
        """Give a cursor for one question.

        Args:
            row: makes a row of its columns.
        """
        return self.connection.cursor(row_factory=kwargs_row(row))

    async def fetch(self, question: Question[Row]) -> list[Row]:
        """Give all rows of an answer.

        Args:
            question: which one.
        """
        async with self.cursor(question.row) as cursor:
            await cursor.execute(question.sql, question.parameters)
            return [] if question.row is no_row else await cursor.fetchall()

    async def first(self, question: Question[Row]) -> Row | None:
        """Give the first row of an answer; None where it has none.

        Args:
            question: which one.
        """
        return next(iter(await self.fetch(question)), None)

    async def one(self, question: Question[Row]) -> Row:
        """Give the first row of an answer.

        Args:
            question: which one.

        Raises:
            LookupError: it has none.
        """
        return first_of(question, await self.fetch(question))

    async def stream(self, question: Question[Row]) -> AsyncIterator[Row]:
        """Give the rows of a long answer, page by page as they are read.

        Args:
            question: which one.
        """
        if _is_short(question):
            for row in await self.fetch(question):
                yield row
            return
        name = f"debugloop_{question.name}"
        async with self.connection.cursor(name=name, row_factory=kwargs_row(question.row)) as cursor:
            cursor.itersize = _PAGE_ROWS
            await cursor.execute(question.sql, question.parameters)
            async for row in cursor:
                yield row

    async def answer(self, steps: Steps[T]) -> T:
        """Ask one question after the other.

        Args:
            steps: which ones.

        Returns:
            What the steps return.
        """
        try:
            question = next(steps)
            while True:
                question = steps.send(await self.fetch(question))
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what it returns has no type
