"""Makes what a program hands in fit for the record: ids, scores, and values as JSON that PostgreSQL takes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import uuid
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any

from pytest_debugloop.errors import NotAUuidError, NotStorableError, RefusedValueError
from pytest_debugloop.journal.records import clean_text

_DEEPEST = 100
_DIGITS = 4_000
"""Of a whole number: more of them Python does not write, and no column of PostgreSQL has."""


def uuid_of(value: uuid.UUID | str, name: str) -> uuid.UUID:
    """Read an id.

    Args:
        value: it, or its text.
        name: of the argument, for people.

    Raises:
        NotAUuidError: it is none.
    """
    if isinstance(value, uuid.UUID):
        return value
    try:
        return uuid.UUID(value)
    except (ValueError, AttributeError, TypeError):
        shown = value if isinstance(value, str) else type(value).__name__
        raise NotAUuidError(name=name, value=repr(shown[:100])) from None


def uuid_or_none(value: uuid.UUID | str | None, name: str) -> uuid.UUID | None:
    """Read an id that may be left out.

    Args:
        value: see :func:`uuid_of`, as for the other.
        name: the same.
    """
    return None if value is None else uuid_of(value, name)


def share_of(value: float | Decimal | None, name: str) -> Decimal | None:
    """Read a number from 0 to 1.

    Args:
        value: it.
        name: of the argument, for people.

    Raises:
        RefusedValueError: it is less or more, or no number.
    """
    if value is None:
        return None
    try:
        if 0 <= value <= 1:
            return Decimal(str(value))
    except (TypeError, ArithmeticError):
        pass
    raise RefusedValueError(reason=f"{name} is {clean_text(str(value))[:50]}, but it must be from 0 to 1")


def mapping_text(value: Mapping[str, Any] | None, name: str) -> str | None:
    """Write a mapping as JSON; None stays None.

    Args:
        value: with texts as keys, see :func:`json_of` for the values.
        name: of the argument, for people.

    Raises:
        NotStorableError: it is no mapping, or something in it has no JSON.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise NotStorableError(where=name, reason=f"it is a {type(value).__name__} and not a mapping")
    return json.dumps(json_of(value, name), ensure_ascii=True, allow_nan=False)


def json_of(value: Any, where: str, depth: int = 0) -> Any:
    """Turn a value into what JSON has.

    Texts become as PostgreSQL takes them (``\\x00`` for NUL). Ids, paths, decimals, dates and times become texts,
    dataclasses objects, members of enumerations their values, tuples and sets lists.

    Args:
        value: any.
        where: what it is, as an expression that leads to it.
        depth: how deep it is.

    Raises:
        NotStorableError: JSON has nothing for it, or it is too deep, or contains itself.
    """
    if depth > _DEEPEST:
        raise NotStorableError(where=where[:200], reason=f"it is more than {_DEEPEST} levels deep, or contains itself")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return json_of(value.value, where, depth + 1)
    if isinstance(value, str):
        return clean_text(str.__str__(value))
    if isinstance(value, int):
        if value.bit_length() > _DIGITS * 3:
            raise NotStorableError(where=where, reason="the number has too many digits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotStorableError(where=where, reason=f"JSON has no {value}")
        return float(value)
    if isinstance(value, (uuid.UUID, PurePath, Decimal, dt.date, dt.time, dt.timedelta)):
        return clean_text(value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {one.name: json_of(getattr(value, one.name), f"{where}.{one.name}", depth + 1) for one in fields}
    if isinstance(value, Mapping):
        return {_key(key, where): json_of(item, f"{where}[{key!r}]", depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_of(item, f"{where}[{number}]", depth + 1) for number, item in enumerate(value)]
    if isinstance(value, (set, frozenset)):
        return [json_of(item, f"{where}{{...}}", depth + 1) for item in sorted(value, key=repr)]
    raise NotStorableError(where=where, reason=f"there is no JSON for a {type(value).__name__}")


def _key(key: Any, where: str) -> str:
    if isinstance(key, Enum):
        key = key.value
    if isinstance(key, str):
        return clean_text(str.__str__(key))
    if isinstance(key, (int, uuid.UUID)):
        return str(key)
    raise NotStorableError(where=where, reason=f"a key is a {type(key).__name__} and not a text")
