"""Recorded values in the notation of Python, on one line or as a tree; docs/snapshots.md tells what is recorded.

No value is rebuilt: texts are written from the JSON, within the room that there is, however large or cyclic it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pytest_debugloop.text.pointers import value_at
from pytest_debugloop.text.printable import printable

_BRACKETS = {"tuple": ("(", ")"), "set": ("{", "}"), "list": ("[", "]")}
_MARKS = frozenset(
    {"$type", "$value", "$items", "$attributes", "$cut", "$repr", "$float", "$bytes", "$bits", "$failed"}
)
_DEEPEST = 40
_NAME = re.compile(r"[A-Za-z_]\w*")


class Line(NamedTuple):
    """A line of a tree.

    Attributes:
        depth: how many levels below the top.
        name: what the value is called there, as Python writes it; empty for a remark.
        text: the value, or what begins it.
    """

    depth: int
    name: str
    text: str


class Values:
    """Writes the values of one snapshot.

    Args:
        state: the snapshot's ``agent_state``, in which references are looked up.
    """

    def __init__(self, state: Mapping[str, object]) -> None:
        self._state = state

    def one_line(self, value: object, room: int = 200, pointer: str = "") -> str:
        """Write a value on one line.

        Args:
            value: JSON of the snapshot.
            room: characters that there are; what does not fit is cut, and ends with ``…``.
            pointer: where in the snapshot it is, by which it is known again inside of itself.
        """
        return self._one_line(value, room, (pointer,))

    def parts_line(self, value: object, room: int, part_room: int, pointer: str = "") -> str:
        """Write a long value on one line so that each of its parts has some of the room, the shortest ones first.

        Args:
            value: JSON of the snapshot.
            room: characters that there are.
            part_room: of these, for each part.
            pointer: where in the snapshot it is.
        """
        followed, above = self._followed(value, (pointer,))
        parts = [(name, inner) for name, inner in self._parts(followed) if name.startswith((".", "['"))]
        if not isinstance(followed, dict) or not parts or "$items" in followed:
            return self._one_line(value, room, (pointer,))
        written = [(name.lstrip("."), self._one_line(inner, part_room, above)) for name, inner in parts]
        written.sort(key=lambda part: part[1].endswith("…"))
        head, end = (f"{short_type(followed)}(", ")") if "$type" in followed else ("{", "}")
        sign = "=" if "$type" in followed else ": "
        line = head + ", ".join(f"{name.strip('[]')}{sign}{text}" for name, text in written) + end
        return line if len(line) <= room else line[: room - 1] + "…"

    def _one_line(self, value: object, room: int, above: tuple[str, ...]) -> str:
        text = ""
        for piece in self._pieces(value, above, ""):
            text += piece
            if len(text) > room:
                return text[: max(room - 1, 0)] + "…"
        return text

    def tree(
        self, name: str, value: object, room: int, *, pointer: str = "", most: int = 20, levels: int = 4
    ) -> Iterator[Line]:
        """Write a named value as a tree: what fits stands on one line, else its parts below it.

        Args:
            name: of the value.
            value: JSON of the snapshot.
            room: characters of a line.
            pointer: where in the snapshot it is, by which it is known again inside of itself.
            most: parts of one value that are written.
            levels: of the tree; what is deeper is cut to a line.
        """
        yield from self._tree(name, value, room, most, levels, 0, (pointer,))

    def _tree(
        self, name: str, value: object, room: int, most: int, levels: int, depth: int, above: tuple[str, ...]
    ) -> Iterator[Line]:
        here = max(room - 2 * depth - len(name) - 3, 20)
        text = self._one_line(value, here, above)
        value, above = self._followed(value, above)
        parts = list(self._parts(value)) if text.endswith("…") and depth < levels else []
        if not any(name and isinstance(inner, (dict, list)) for name, inner in parts) and len(parts) != len(
            _fields(value)
        ):
            parts = []  # a long row of plain items says most on one line
        if not parts:
            yield Line(depth, name, text)
            return
        yield Line(depth, name, _head(value))
        for part, inner in parts[:most]:
            yield from self._tree(part, inner, room, most, levels, depth + 1, above)
        if len(parts) > most:
            yield Line(depth + 1, "", f"… {len(parts) - most:,} more")
        if cut := _cut_of(value):
            yield Line(depth + 1, "", f"… {cut}")

    def _pieces(self, value: object, above: tuple[str, ...], path: str) -> Iterator[str]:
        value, above = self._followed(value, above)
        if value is _CYCLE or len(above) + path.count("/") > _DEEPEST:
            yield "…"
        elif isinstance(value, list):
            yield "["
            yield from self._joined(value, above, path)
            yield "]"
        elif isinstance(value, dict):
            yield from self._object_pieces(value, above, path)
        else:
            yield _scalar(value)

    def _object_pieces(self, value: dict[str, Any], above: tuple[str, ...], path: str) -> Iterator[str]:
        simple = _simple(value)
        kind = short_type(value)
        if simple is not None:
            yield simple
        elif "$value" in value:
            yield f"{kind}("
            yield from self._pieces(value["$value"], above, path + "/")
            yield ")"
        elif isinstance(value.get("$items"), list):
            begin, end = _BRACKETS.get(kind, (f"{kind}([", "])"))
            if kind == "set" and not value["$items"]:
                begin, end = "set(", ")"
            yield begin
            yield from self._joined(value["$items"], above, path)
            yield ",)" if kind == "tuple" and len(value["$items"]) == 1 else end
        elif "$type" in value:
            yield f"{kind}("
            for number, (name, inner) in enumerate(_names(value)):
                yield (", " if number else "") + f"{name}="
                yield from self._pieces(inner, above, path + "/")
            yield (", … " + cut if (cut := _cut_of(value)) else "") + ")"
        else:
            yield "{"
            for number, (name, inner) in enumerate(_names(value)):
                yield (", " if number else "") + f"{name!r}: "
                yield from self._pieces(inner, above, path + "/")
            yield (", … " + cut if (cut := _cut_of(value)) else "") + "}"

    def _joined(self, values: Iterable[object], above: tuple[str, ...], path: str) -> Iterator[str]:
        for number, inner in enumerate(values):
            if number:
                yield ", "
            yield from self._pieces(inner, above, path + "/")

    def _parts(self, value: object) -> Iterator[tuple[str, object]]:
        """Give what a value is made of, by the name that leads to it."""
        if isinstance(value, dict) and _simple(value) is not None:
            return
        items = value.get("$items") if isinstance(value, dict) else value
        for number, inner in enumerate(items if isinstance(items, list) else ()):
            if isinstance(inner, dict) and set(inner) == {"$cut"}:
                yield "", inner
            else:
                yield f"[{number}]", inner
        is_dict = isinstance(value, dict) and "$type" not in value
        for name, inner in _fields(value):
            yield (f"[{name!r}]" if is_dict else f".{name}"), inner

    def _followed(self, value: object, above: tuple[str, ...]) -> tuple[object, tuple[str, ...]]:
        """Go from a reference to what it means, once for each on the way down."""
        while isinstance(value, dict) and "$ref" in value:
            pointer = str(value["$ref"])
            if pointer in above:
                return _CYCLE, above
            above = (*above, pointer)
            value = value_at(self._state, pointer, {"$cut": f"what was at {pointer}"})
        return value, above


_CYCLE = object()


def short_type(value: dict[str, Any]) -> str:
    """Name the class of a recorded object without its module.

    Args:
        value: JSON of the snapshot.
    """
    return printable(str(value.get("$type", "dict")).rpartition(".")[2])


def own_name(name: str) -> str:
    """Give a recorded name as the program has it.

    Args:
        name: a key of the snapshot; one that begins with ``$`` in the program has one more.
    """
    return name[1:] if name.startswith("$$") else name


def _names(value: dict[str, Any]) -> Iterator[tuple[str, object]]:
    for name, inner in value.items():
        if name not in _MARKS and name != "$ref":
            yield printable(own_name(name)), inner
    attributes = value.get("$attributes")
    if isinstance(attributes, dict):
        yield from _names(attributes)


def _fields(value: object) -> list[tuple[str, object]]:
    return list(_names(value)) if isinstance(value, dict) else []


def _scalar(value: object) -> str:
    if isinstance(value, str):
        return value if value.startswith("[redacted") and value.endswith("]") else printable(repr(value))
    return repr(value)


def _simple(value: dict[str, Any]) -> str | None:
    """Write what has no parts."""
    if "$float" in value:
        return printable(str(value["$float"]))
    if "$bytes" in value:
        quote = '"' if "'" in str(value["$bytes"]) else "'"
        return printable(f"b{quote}{value['$bytes']}{quote}")
    if "$bits" in value:
        return f"<int of {printable(str(value['$bits']))} bits>"
    if "$failed" in value:
        return printable(f"<{short_type(value)}, not shown: {value['$failed']}>")
    if "$repr" in value:
        return printable(str(value["$repr"]))
    if value.get("$type") == "str" and "head" in value:
        return f"{_scalar(str(value['head']))} … {_cut_of(value)}"
    if "$cut" in value and not set(value) - {"$cut", "$type"}:
        kind = f"{short_type(value)}: " if "$type" in value else ""
        return f"<{kind}{_cut_of(value)}>" if kind else f"… {_cut_of(value)}"
    if value.get("$type") in ("function", "builtin_function_or_method", "method", "type") and "name" in value:
        return printable(f"<{value['$type']} {value['name']}>")
    plain = value.get("$value")
    if isinstance(plain, str) and _NAME.match(plain) and plain.startswith(f"{short_type(value)}("):
        return printable(plain)  # a range, say, is its own notation
    return None


def _cut_of(value: object) -> str:
    return printable(str(value["$cut"])) if isinstance(value, dict) and "$cut" in value else ""


def _head(value: object) -> str:
    """Say what the parts below are parts of."""
    if isinstance(value, list):
        return "list" if value and _cut_of(value[-1]) else f"list of {len(value):,}"
    if isinstance(value, dict):
        if isinstance(value.get("$items"), list):
            return f"{short_type(value)} {_head(value['$items'])[5:]}".rstrip()
        return short_type(value) if "$type" in value else f"dict of {sum(1 for _ in _names(value)):,}"
    return ""
