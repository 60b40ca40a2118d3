"""A value over several lines, as ``pprint`` does it, stand-ins and what was cut included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_debugloop.replay.partial import CUT, RecordedDict
from pytest_debugloop.replay.standins import Recorded, recorded_name
from pytest_debugloop.text.printable import printable

_DEEPEST = 20
_STEP = 4
_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}")}
_BASE_OF_CUT = {cut: base for base, cut in CUT.items()}


def laid_out(value: Any, width: int) -> str:
    """Write a value: on one line where it fits, else each of its parts on a line of its own.

    Args:
        value: anything.
        width: characters of a line, where that is possible.
    """
    return "\n".join(_lines(value, "", "", max(width, 20), 0, set()))


def _lines(value: Any, head: str, tail: str, width: int, depth: int, above: set[int]) -> Iterator[str]:
    text = f"{' ' * depth * _STEP}{head}{value!r}{tail}"
    parts = _parts(value) if len(text) > width and depth < _DEEPEST and id(value) not in above else None
    if parts is None:
        yield text
        return
    begin, inner, end = parts
    yield f"{' ' * depth * _STEP}{head}{begin}"
    for name, part in inner:
        yield from _lines(part, name, "," if end != ">" else "", width, depth + 1, above | {id(value)})
    yield f"{' ' * depth * _STEP}{end}{tail}"


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]], str] | None:
    """Take a value apart: how it begins, its parts with what stands before each, and how it ends."""
    kind = _BASE_OF_CUT.get(type(value), type(value))
    cut = [("and ", _Words(value.cut))] if type(value) in _BASE_OF_CUT else []
    if kind in (dict, RecordedDict):
        return "{", [(f"{key!r}: ", item) for key, item in value.items()] + cut, "}"
    if kind in _BRACKETS and value:
        begin, end = _BRACKETS[kind]
        return begin, [("", item) for item in value] + cut, end
    if isinstance(value, Recorded):
        inner = [(f"{printable(name)}=", part) for name, part in value.__dict__.items()]
        if inner:
            return f"<recorded {recorded_name(type(value))}", inner, ">"
    return None


class _Words:
    """Words that are shown as they are."""

    def __init__(self, text: str) -> None:
        self._text = printable(text)

    def __repr__(self) -> str:
        return self._text
