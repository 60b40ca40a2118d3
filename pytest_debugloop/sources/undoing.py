"""Source with one change undone: the text of today, and in it one function, class or assignment as it was.

What was is known by units alone (:mod:`pytest_debugloop.sources.units`), so a file is put together from the text that
is there and the unit's. A function that was not there is taken out, and one that is gone comes back after the one that
it stood after.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from pytest_debugloop.sources.editing import (
    CannotUndoError,
    Piece,
    class_node,
    end_of,
    indented,
    parsed,
    parsed_rest,
    replaced,
    split_lines,
    texts_of,
)
from pytest_debugloop.sources.statements import changed_statements, with_head, with_rest, with_statements
from pytest_debugloop.sources.units import MODULE, units_of


def undone(text: str, function: str, there: Sequence[Piece]) -> str:
    """Undo one change.

    Args:
        text: of the file now.
        function: what changed, as evidence names it: a function, a class, names that are assigned in a class or a
            module, such as ``Shop.rate`` or ``LOW, HIGH``, or ``<module>`` for all of it that is in no function.
        there: the file's units on the other side.

    Raises:
        CannotUndoError: the text has no place for it, or is no Python.
    """
    lines = split_lines(text)
    here = [Piece(unit.function, unit.text) for unit in units_of(text)[0]]
    if function == MODULE:
        lines = with_rest(lines, MODULE, there)
    elif any(one.function == function and not _is_class(one.text) for one in (*here, *there)):
        lines = _with_functions(lines, function, here, there)
    elif any(one.function == function for one in (*here, *there)):
        lines = _with_class(lines, function, there)
    else:
        owner, names = _owner_and_names(function, (*here, *there))
        lines = with_statements(lines, owner, names, there)
    found = "\n".join(lines) + "\n"
    parsed(found)
    return found


def changed_names(here: Sequence[Piece], there: Sequence[Piece]) -> list[str]:
    """Name what differs between two sides of a file, as :func:`undone` takes it.

    Args:
        here: the units of one.
        there: of the other.

    Raises:
        CannotUndoError: one of them is no Python.
    """
    found = []
    gone: set[str] = set()
    for name in dict.fromkeys(one.function for one in (*here, *there)):
        mine, theirs = texts_of(here, name), texts_of(there, name)
        if mine == theirs or any(name.startswith(f"{other}.") for other in gone):
            continue
        is_class = name != MODULE and any(_is_class(text) for text in (*mine, *theirs))
        if is_class and not (mine and theirs):
            gone.add(name)  # it takes its methods with it
            found.append(name)
        elif name == MODULE or is_class:
            found += changed_statements(name, here, there)
        else:
            found.append(name)
    return found


def all_undone(text: str, there: Sequence[Piece]) -> str:
    """Undo all changes of a file, as far as units tell.

    Args:
        text: of the file now.
        there: its units on the other side.

    Raises:
        CannotUndoError: there is no place for one of them.
    """
    here = [Piece(unit.function, unit.text) for unit in units_of(text)[0]]
    differing = [name for name in dict.fromkeys(one.function for one in (*here, *there)) if name != MODULE]
    differing = [name for name in differing if texts_of(here, name) != texts_of(there, name)]
    gone = [name for name in differing if not texts_of(there, name)]
    for name in (*(one for one in differing if one not in gone), *gone):
        if not any(name.startswith(f"{other}.") for other in gone):  # a class takes its methods with it
            text = undone(text, name, there)
    return undone(text, MODULE, there) if texts_of(here, MODULE) != texts_of(there, MODULE) else text


def _is_class(text: str) -> bool:
    try:
        return any(isinstance(node, ast.ClassDef) for node in parsed_rest(text).body[:1])
    except CannotUndoError:
        return False


def _with_functions(lines: list[str], function: str, here: Sequence[Piece], there: Sequence[Piece]) -> list[str]:
    """Put each function of a name, of which there may be several as of a getter and its setter, into its place."""
    wanted, known = texts_of(there, function), texts_of(here, function)
    for index in range(max(len(wanted), len(known)) - 1, -1, -1):
        old, new = (texts[index] if index < len(texts) else None for texts in (known, wanted))
        if old == new:
            continue
        if old is None:
            lines = _inserted(lines, function, str(new), there)
        else:
            first, last = _spans(lines, function)[index]
            lines = replaced(lines, first, last, new)
    return lines


def _spans(lines: Sequence[str], function: str) -> list[tuple[int, int]]:
    found = [(unit.first, unit.last) for unit in units_of("\n".join(lines))[0] if unit.function == function]
    if not found:
        raise CannotUndoError(f"there is no {function}")
    return found


def _inserted(lines: list[str], function: str, text: str, there: Sequence[Piece]) -> list[str]:
    owner = function.rpartition(".")[0]
    indent, end = end_of(lines, owner)
    siblings = list(dict.fromkeys(one.function for one in there if _owner(one.function) == owner))
    place = siblings.index(function)
    now = {unit.function: unit for unit in units_of("\n".join(lines))[0]}
    before = next((now[name].last for name in reversed(siblings[:place]) if name in now), None)
    behind = next((now[name].first - 1 for name in siblings[place + 1 :] if name in now), end)
    at = behind if before is None else before
    return [*lines[:at], "", *indented(text, indent), "", *lines[at:]]


def _owner(function: str) -> str | None:
    return None if function == MODULE else function.rpartition(".")[0]


def _with_class(lines: list[str], name: str, there: Sequence[Piece]) -> list[str]:
    """Have a class as it was, but for its methods: they are changes of their own, unless the class came or went."""
    texts = texts_of(there, name)
    try:
        node = class_node(lines, name)
    except CannotUndoError:
        return _with_whole_class(lines, name, texts[0], there)
    if not texts:
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        return replaced(lines, first, node.end_lineno or node.lineno, None)
    return with_head(with_rest(lines, name, there), name, texts[0])


def _with_whole_class(lines: list[str], name: str, text: str, there: Sequence[Piece]) -> list[str]:
    lines = _inserted(lines, name, text if _has_body(text) else f"{text}\n    pass", there)
    for one in there:
        if one.function.startswith(f"{name}."):
            lines = _inserted(lines, one.function, one.text, there)
    return lines


def _has_body(text: str) -> bool:
    try:
        parsed(text)
    except CannotUndoError:
        return False
    return True


def _owner_and_names(function: str, pieces: Sequence[Piece]) -> tuple[str, tuple[str, ...]]:
    """Take ``Shop.low, high`` apart: the class, empty for the module, and the names that are assigned in it."""
    first, *others = function.split(", ")
    owner, _, name = first.rpartition(".")
    if owner and not any(one.function == owner for one in pieces):
        raise CannotUndoError(f"there is no class {owner}")
    return owner, (name, *others)
