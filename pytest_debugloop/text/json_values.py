"""Value objects as JSON that is safe to print."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import json
import math
import uuid
from typing import Any

from pytest_debugloop.text.ci_log import harmless

JSON_VERSION = 1
"""Of the shape of what ``--json`` writes: higher where a key goes away or means something else."""

_DEEPEST = 120
_NO_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def json_name(name: str) -> dict[str, str]:
    """Give the metadata of a field that has another name in JSON than in Python.

    Args:
        name: the key.
    """
    return {"json": name}


def key_of(field: dataclasses.Field[Any]) -> str:
    """Name the key of a value object's field in JSON: without the underscore that keeps it off keywords.

    Args:
        field: of a dataclass.
    """
    name: str = field.metadata.get("json", field.name.rstrip("_"))
    return name


def plain(value: Any, depth: int = 0) -> Any:
    """Turn a value object into what JSON knows.

    Args:
        value: a dataclass, a collection, a scalar, an id, a time.
        depth: how deep it is in what is written; what is too deep is cut, as in a snapshot.

    Returns:
        Basic types: ids as text, times in ISO 8601, attributes by their :func:`key_of`, numbers that JSON does not have
        as PostgreSQL writes them: "NaN", "Infinity", "-Infinity".
    """
    if isinstance(value, (str, int)) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NO_NUMBERS[str(value)]
    if depth > _DEEPEST:
        return {"$cut": "too deep"}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {key_of(f): plain(getattr(value, f.name), depth + 1) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, dt.datetime):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        number = float(value)
        return number if math.isfinite(number) else str(value)
    return str(value) if isinstance(value, uuid.UUID) else value


def json_text(value: Any) -> str:
    """Write JSON of which nothing can act on a terminal, nor on a CI that reads it as a log; it means the same.

    Args:
        value: of basic types.
    """
    return harmless(json.dumps(value, ensure_ascii=True, default=str), "\\u{:04x}")
