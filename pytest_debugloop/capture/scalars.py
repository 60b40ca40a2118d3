"""Numbers, texts, bytes and keys: what is written at once, and what fits PostgreSQL's ``jsonb``."""

from __future__ import annotations

from itertools import islice
from math import isfinite
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from pytest_debugloop.capture.secret_marks import is_odd
from pytest_debugloop.capture.storage import type_name
from pytest_debugloop.journal.records import clean_text

_LONGEST_INT_BITS = 1_024
_LARGEST_SORTED_SET = 1_000
_type, _len, _id, _repr, _all = type, len, id, repr, all

NEVER_SECRET = frozenset(
    _id(t) for t in (type(None), bool, type, FunctionType, BuiltinFunctionType, MethodType, ModuleType)
)
"""Types, by identity, of which no value is a secret, whatever its name says."""
PLAIN = frozenset(_id(t) for t in (str, bytes, bytearray, int, float, list, tuple, dict, set, frozenset))
"""Types, by identity, of plain data."""


def clean(text: str) -> str:
    """Make a text fit for PostgreSQL, which nearly all are already.

    Args:
        text: any text.
    """
    return text if text.isascii() and "\0" not in text else clean_text(text)


def integer(number: int, _: int = 0) -> Any:
    """Write an integer; a very long one by the number of its bits, for to write it out costs more than it says.

    Args:
        number: of class int or derived from it.
    """
    bits = int.bit_length(number)
    return int.__index__(number) if bits <= _LONGEST_INT_BITS else {"$type": "int", "$bits": bits}


def number(value: float, _: int = 0) -> Any:
    """Write a float; JSON has no word for what is not finite.

    Args:
        value: of class float or derived from it.
    """
    value = float.__float__(value)
    return value if isfinite(value) else {"$float": float.__repr__(value)}


def bytes_head(value: Any, limit: int) -> bytes:
    """Give the first bytes.

    Args:
        value: bytes, or of a class derived from it.
        limit: how many.
    """
    return bytes.__getitem__(value, slice(limit))


def bytearray_head(value: Any, limit: int) -> bytes:
    """Give the first bytes.

    Args:
        value: a bytearray, or of a class derived from it.
        limit: how many.
    """
    return bytes(bytearray.__getitem__(value, slice(limit)))


def bytes_text(head: bytes) -> str:
    r"""Write bytes as Python does, without the quotes: ``GET /\r\n\xff``.

    Args:
        head: bytes.
    """
    return _repr(head)[2:-1]


def sorted_alike(base: Any, value: Any, size: int, limit: int) -> tuple[Any, ...] | None:
    """Give the items of a set in an order that is the same in every process, where that can be had.

    Args:
        base: ``set`` or ``frozenset``.
        value: the set.
        size: of it.
        limit: how many items.

    Returns:
        None where they are not all texts or all integers, or are too many.
    """
    if size > _LARGEST_SORTED_SET:
        return None
    found = tuple(base.__iter__(value))
    for kind in (str, int):
        if _all([_type(item) is kind for item in found]):
            return tuple(sorted(found)[:limit])
    return None


def key_text(key: object, limit: int) -> str:
    """Write a key of a mapping.

    Args:
        key: anything.
        limit: characters.

    Returns:
        A text that begins with ``$`` only as ``$$``; objects of other types give their type's name alone.
    """
    cls = _type(key)
    if cls is str:
        text = clean(key[:limit])  # type: ignore[index]
        return "$" + text if text.startswith("$") else text
    if cls is int:
        found = integer(key)  # type: ignore[arg-type]
        return _repr(found) if _type(found) is int else "<int>"
    if cls is float or key is None or cls is bool:
        return _repr(key)
    if cls is bytes:
        return "b'" + bytes_text(key[:limit]) + "'"  # type: ignore[index]
    if cls is tuple:
        parts: tuple[object, ...] = key[:8]  # type: ignore[index]
        return "(" + ", ".join("(...)" if _type(part) is tuple else key_text(part, limit) for part in parts) + ")"
    return f"<{type_name(cls)}>"


def key_parts(key: object, limit: int) -> list[str]:
    """List the texts that a key is written of, where that is not one of them alone.

    Args:
        key: anything.
        limit: characters of each.
    """
    cls = _type(key)
    if cls is str:
        return [key[:limit]] if key.startswith("$") else []  # type: ignore[index, attr-defined]
    if cls is bytes:
        return [bytes_text(key[:limit])]  # type: ignore[index]
    if cls is tuple:
        parts: tuple[object, ...] = key[:8]  # type: ignore[index]
        texts = [clean(part[:limit]) for part in parts if _type(part) is str]  # type: ignore[index]
        return texts + [text for part in parts if _type(part) is not tuple for text in key_parts(part, limit)]
    return []


def secrets_in(value: Any, cls: type) -> list[tuple[str, object]]:
    """List the texts under the name of a secret that are long and odd enough to be looked for elsewhere.

    Args:
        value: what stands under the name.
        cls: its type.

    Returns:
        Each with the value that it is of, for a long one is cut.
    """
    found: list[object]
    if cls is str or cls is bytes:
        found = [value]
    elif cls is list or cls is tuple:
        found = [item for item in value[:20] if _type(item) is str]
    elif cls is dict:
        found = [item for item in islice(dict.values(value), 20) if _type(item) is str]
    else:
        found = []
    texts = [(bytes_text(item[:500]) if _type(item) is bytes else item[:500], item) for item in found]  # type: ignore[index]
    return [(text, item) for text, item in texts if is_odd(text)]
