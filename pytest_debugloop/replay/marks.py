"""What the marks of a snapshot say: docs/snapshots.md tells them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_debugloop.capture.scalars import key_text
from pytest_debugloop.text.printable import printable

_LONGEST_KEY = 200


def names_of(node: dict[str, Any]) -> dict[str, Any]:
    """Give what the program itself stored by name.

    Args:
        node: recorded JSON of an object or a mapping.

    Returns:
        The JSON of each value by the name that it had: without marks, and without the sign that was put before a name
        with a ``$`` of its own.
    """
    found: dict[str, Any] = {}
    part: Any = node
    while type(part) is dict:
        found |= {(key[1:] if key[:1] == "$" else key): value for key, value in part.items() if is_name(key)}
        part = part.get("$attributes")
    return found


def is_name(key: str) -> bool:
    """Tell a name of the program from a mark of the snapshot.

    Args:
        key: of recorded JSON.
    """
    return key[:1] != "$" or key[:2] == "$$"


def spelt(key: object) -> str:
    """Write a key as snapshots do.

    Args:
        key: anything.
    """
    text = key_text(key, _LONGEST_KEY)
    return text[1:] if text[:2] == "$$" else text


def marks_of(node: dict[str, Any]) -> Iterator[str]:
    """Say what is missing of an object.

    Args:
        node: recorded JSON of it.
    """
    if type(node.get("$bits")) is int:
        yield f"of {node['$bits']:,} bits"
    if "$failed" in node:
        yield f"could not be shown: {printable(str(node['$failed']))}"
    for one in (node, node.get("$attributes")):
        if type(one) is dict and "$cut" in one:
            cut = printable(str(one["$cut"]))
            yield f"and {cut}" if " more of " in cut else cut
