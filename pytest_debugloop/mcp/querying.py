"""One statement of SQL on the record, which can only read, with a limit for its rows and its time."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from pytest_debugloop.answers.record import Record
from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.mcp.models import QueryAnswer
from pytest_debugloop.mcp.room import Room, size_of
from pytest_debugloop.mcp.texts import recorded_list
from pytest_debugloop.text.json_room import in_room
from pytest_debugloop.text.json_values import json_text, plain
from pytest_debugloop.text.printable import printable

SECONDS = 10
"""How long a statement may take."""


class StatementError(DebugloopError):
    """The statement was refused: {reason}."""


def query(record: Record, statement: str, limit: int, budget: int) -> QueryAnswer:
    """Run a statement in the read-only transaction of the record.

    Args:
        record: to ask.
        statement: one SELECT, or what else gives rows and changes nothing.
        limit: rows at most.
        budget: bytes of the answer.

    Raises:
        StatementError: the server refused it, it took too long, or it gives no rows.
    """
    connection = record.connection
    try:
        connection.execute("SELECT set_config('statement_timeout', %s, TRUE)", [f"{SECONDS}s"])
        with connection.cursor(row_factory=tuple_row) as cursor:
            # Row by row as they come, and one statement alone: a second one could leave the read-only transaction.
            rows = cursor.stream(statement.encode("utf-8", "backslashreplace"))
            found: list[tuple[Any, ...]] = []
            for row in rows:
                found.append(row)
                if len(found) > limit:
                    break
            names = [column.name for column in cursor.description or ()]
            rows.close()  # type: ignore[attr-defined]  # it is a generator
    except psycopg.Error as error:
        connection.close()  # whatever state it left
        raise StatementError(reason=" ".join(printable(str(error)).split()).rstrip(".") or "it gives no rows") from None
    return _answer(names, found, limit, budget)


def _answer(names: list[str], found: list[tuple[Any, ...]], limit: int, budget: int) -> QueryAnswer:
    answer = QueryAnswer(columns=recorded_list("names of the columns", names[:200], 100), has_more=len(found) > limit)
    left = Room(budget, answer).left
    for row in found[:limit]:
        cells = [_cut(_cell(value), max(budget // 2, 200)) for value in row[:200]]
        size = len(json_text(cells).encode()) + 2
        if size > left:
            if not answer.rows:
                answer.rows.append([in_room(cell, max(left // max(len(cells), 1) - 4, 40)) for cell in cells])
                if size_of(answer) > budget:
                    answer.rows.clear()
            answer.has_more = True
            break
        left -= size
        answer.rows.append(cells)
    return answer


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else f"{value[:longest]}… ({len(value) - longest:,} more characters)"
    return in_room(plain(value), longest)


def _cell(value: Any) -> Any:
    """Give a value as JSON has it, its control characters spelt out."""
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).hex()
    if isinstance(value, str):
        return printable(value, lines=True)
    if isinstance(value, dict):
        return {printable(str(key)): _cell(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cell(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    shown = plain(value)
    return shown if isinstance(shown, (str, int, float)) else printable(str(value))
