"""Items that are all of one built-in type, looked at together: each look is one step in C, however many there are."""

from __future__ import annotations

from math import isfinite
from typing import Any

_type, _id, _map, _max, _min, _all, _len = type, id, map, max, min, all, len

CARDS = 10**12
"""Below it, no integer is the number of a card."""
_TEXT, _INTEGER, _NUMBER = _id(str), _id(int), _id(float)
_CONSTANTS = frozenset({_id(bool), _id(type(None))})


def common_type(items: tuple[Any, ...]) -> int | None:
    """Give the identity of the type that all items are of: no metaclass is asked whether two types are equal.

    Args:
        items: anything, at least one.

    Returns:
        None where they are of several.
    """
    found = {*_map(_id, _map(_type, items))}
    return found.pop() if _len(found) == 1 else None


def cost_as_they_are(items: tuple[Any, ...], kind: int, longest: int) -> int | None:
    """Tell what items cost that can be written as they are.

    Args:
        items: all of one type.
        kind: its identity.
        longest: how long a text is at most that is written at once, in characters.

    Returns:
        Bytes in the journal; None where one of them, at least, is to be looked at by itself.
    """
    count = _len(items)
    if kind == _TEXT:
        if _max(_map(_len, items)) > longest:
            return None
        return _len("".join(items)) + 3 * count
    if kind == _INTEGER:
        return 8 * count if _min(items) > -CARDS and _max(items) < CARDS else None
    if kind == _NUMBER:
        return 12 * count if _all(_map(isfinite, items)) else None
    return 5 * count if kind in _CONSTANTS else None
