"""Lines of source that are found, put in and taken out: for whoever puts a file together from parts of it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple


class CannotUndoError(Exception):
    """A change cannot be undone in a text: its message says why."""


class Piece(NamedTuple):
    """A unit of the other side, in the order of its file.

    Attributes:
        function: its qualified name, ``<module>`` for what is in no function and no class.
        text: its source, dedented.
    """

    function: str
    text: str


def split_lines(text: str) -> list[str]:
    """Split source into its lines as :func:`units_of` counts them.

    Args:
        text: of a file.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n") if text else []


def texts_of(pieces: Sequence[Piece], function: str) -> list[str]:
    """Give the texts of all units of a name.

    Args:
        pieces: of a file.
        function: its qualified name.
    """
    return [one.text for one in pieces if one.function == function]


def parsed(text: str) -> ast.Module:
    """Parse source.

    Args:
        text: of it.

    Raises:
        CannotUndoError: it is no Python.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the file says
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotUndoError("what it would be is no Python") from error


def parsed_rest(text: str) -> ast.Module:
    """Parse a unit, which may be a class that is left without any of its methods.

    Args:
        text: of the unit.

    Raises:
        CannotUndoError: it is no Python.
    """
    try:
        return parsed(text)
    except CannotUndoError:
        return parsed(f"{text}\n    pass\n")  # a class of which nothing but methods was left out


def indent_of(line: str) -> str:
    """Give the white space that a line begins with.

    Args:
        line: of source.
    """
    return line[: len(line) - len(line.lstrip())]


def indented(text: str, indent: str) -> list[str]:
    """Give the lines of a unit as they stand in a file.

    Args:
        text: of the unit, dedented.
        indent: of its first line.
    """
    lines = text.split("\n")
    # A text in it that begins at the first column has kept the whole from being dedented.
    more = indent.removeprefix(indent_of(lines[0]))
    return [f"{more}{line}" if line.strip() else line for line in lines]


def replaced(lines: Sequence[str], first: int, last: int, text: str | None) -> list[str]:
    """Give lines with some of them replaced; where nothing comes in their place, by what does nothing."""
    indent = indent_of(lines[first - 1])
    new = [f"{indent}pass"] if text is None else indented(text, indent)
    return [*lines[: first - 1], *new, *lines[last:]]


def class_node(lines: Sequence[str], name: str) -> ast.ClassDef:
    """Find a class.

    Args:
        lines: of the file.
        name: its qualified name.

    Raises:
        CannotUndoError: there is none, or the file is no Python.
    """
    body: Sequence[ast.stmt] = parsed("\n".join(lines)).body
    found: ast.ClassDef | None = None
    for part in name.split("."):
        found = next((n for n in _flat(body) if isinstance(n, ast.ClassDef) and n.name == part), None)
        if found is None:
            raise CannotUndoError(f"there is no class {name}")
        body = found.body
    if found is None:
        raise CannotUndoError("there is no class without a name")
    return found


def end_of(lines: Sequence[str], owner: str) -> tuple[str, int]:
    """Give the indentation of what is in a class or a module, and its last line."""
    if not owner:
        return "", len(lines)
    node = class_node(lines, owner)
    return indent_of(lines[node.body[0].lineno - 1]) or "    ", node.end_lineno or len(lines)


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            for name in ("body", "orelse", "finalbody", "handlers"):
                for inner in getattr(node, name, ()):
                    yield from _flat(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])
