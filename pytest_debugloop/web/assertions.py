"""The diff that pytest explains a failed comparison with, as two columns."""

from __future__ import annotations

from itertools import zip_longest
from typing import NamedTuple

_SIGNS = ("- ", "+ ", "? ", "  ")
_MANY = 400


class SidesRow(NamedTuple):
    """A line of both sides; one of them is empty where only the other has it."""

    left: str
    right: str
    is_same: bool


def assertion_sides(message: str) -> list[SidesRow]:
    """Find the diff in the message of a failed assertion.

    pytest marks lines of the left side with ``+``, those of the right side with ``-``, and explains with ``?``.

    Args:
        message: of the exception.

    Returns:
        Nothing where it has none.
    """
    lines = [line.removeprefix("  ") for line in message.split("\n")]
    start = next((place + 1 for place, line in enumerate(lines) if line.startswith("Full diff:")), None)
    if start is None:
        start = next((place for place, line in enumerate(lines) if place and line[:2] in ("- ", "+ ")), len(lines))
    rows: list[SidesRow] = []
    left: list[str] = []
    right: list[str] = []

    def flush() -> None:
        rows.extend(SidesRow(one, other, is_same=False) for one, other in zip_longest(left, right, fillvalue=""))
        left.clear()
        right.clear()

    for line in lines[start : start + _MANY]:
        sign, text = (line + "  ")[:2], line[2:]
        if sign not in _SIGNS:
            break
        if sign == "+ ":
            left.append(text)
        elif sign == "- ":
            right.append(text)
        elif sign == "  " and text.strip():
            flush()
            rows.append(SidesRow(text, text, is_same=True))
    flush()
    return rows if any(not row.is_same for row in rows) else []
