"""How values are read from the server: also those that Python's types do not hold."""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from typing import Any, TypeAlias, cast

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format
from psycopg.types.json import set_json_loads

Reader: TypeAlias = (
    "psycopg.Connection[Any] | psycopg.AsyncConnection[Any] | psycopg.Cursor[Any] | psycopg.AsyncCursor[Any]"
)

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]')
_DEEPEST = 100
_TOO_DEEP = '{"$cut": "too deep"}'
_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


def register_lenient_loaders(connection: Reader) -> None:
    """Let a connection read times and JSON that others may have stored and Python has no value for.

    A moment beyond the years 1 to 9999 is read as the nearest of them, a date without a zone as text. A whole number
    of JSON with more digits than Python reads is a text, and what is too deep is cut.

    Args:
        connection: open, of which every cursor made from now on reads so; or a cursor, which alone reads so.
    """
    for name in ("timestamptz", "timestamp", "date"):
        connection.adapters.register_loader(name, _tolerant(connection, name))
    set_json_loads(_loads, connection)


def _tolerant(connection: Reader, name: str) -> type[Loader]:
    usual = cast(type[Loader], connection.adapters.get_loader(connection.adapters.types[name].oid, Format.TEXT))

    class Tolerant(Loader):
        """Asks the loader of psycopg first, which is fast."""

        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._usual = usual(oid, context)

        def load(self, data: Buffer) -> Any:
            try:
                return self._usual.load(data)
            except psycopg.DataError:
                text = bytes(data).decode()
                if name != "timestamptz":
                    return text
                return _FIRST if text.startswith("-") or text.endswith("BC") else _LAST

    return Tolerant


def _loads(data: str | bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:  # a number of thousands of digits; the server has made sure that it is JSON
        pass
    except RecursionError:
        data = _cut(data if isinstance(data, str) else data.decode())
    return json.loads(data, parse_int=_number)


def _number(digits: str) -> int | str:
    try:
        return int(digits)
    except ValueError:
        return digits


def _cut(text: str) -> str:
    """Leave out of JSON what is deeper than anybody reads."""
    kept, begin, depth = [], 0, 0
    for match in _TOKEN.finditer(text):
        if match[0] in ("[", "{"):
            depth += 1
            if depth == _DEEPEST + 1:
                kept.append(text[begin : match.start()])
        elif match[0] in ("]", "}"):
            depth -= 1
            if depth == _DEEPEST:
                kept.append(_TOO_DEEP)
                begin = match.end()
    return "".join((*kept, text[begin:]))
