"""What stands in a class or a module beside functions, as it was: assignments, imports, and the heads of classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pytest_debugloop.sources.editing import (
    CannotUndoError,
    Piece,
    class_node,
    end_of,
    indent_of,
    indented,
    parsed,
    parsed_rest,
    replaced,
    texts_of,
)
from pytest_debugloop.sources.units import MODULE

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_MAX_NAMED = 3
_IMPORT = ("import",)


class _Statement(NamedTuple):
    """A statement of a class or a module that defines no function and no class.

    Attributes:
        names: that it assigns; of an import one name for all.
        shape: its syntax tree as text.
        first: its first line in the text that it was read from.
        last: its last.
        lines: its source, as it is indented there.
    """

    names: tuple[str, ...]
    shape: str
    first: int
    last: int
    lines: tuple[str, ...]


def with_statements(lines: list[str], owner: str, names: tuple[str, ...], there: Sequence[Piece]) -> list[str]:
    """Have the statements that assign some names as they were.

    Args:
        lines: of the file.
        owner: the class that they stand in; empty for the module.
        names: that they assign, the first of them.
        there: the file's units on the other side.

    Raises:
        CannotUndoError: there are none.
    """
    wanted = _statements_there(owner, there)
    known = _statements_here(lines, owner)
    keys = {one.names for one in (*wanted, *known) if one.names[:_MAX_NAMED] == names}
    keys = keys or {one.names for one in (*wanted, *known) if set(names) & set(one.names)}
    if not keys:
        raise CannotUndoError(f"nothing assigns {', '.join(names)}")
    for key in sorted(keys):
        lines = _with_key(lines, owner, key, wanted)
    return lines


def changed_statements(owner: str, here: Sequence[Piece], there: Sequence[Piece]) -> list[str]:
    """Name what differs in a class or a module beside functions: assigned names, or it as a whole.

    Args:
        owner: the class, or ``<module>``.
        here: the units of one side of a file.
        there: of the other.

    Raises:
        CannotUndoError: one of them is no Python.
    """
    inner, prefix = ("", "") if owner == MODULE else (owner, f"{owner}.")
    sides = [_statements_there(inner, pieces) for pieces in (here, there)]
    keys = sorted({one.names for side in sides for one in side})
    shapes = [[[one.shape for one in side if one.names == key] for side in sides] for key in keys]
    differing = [key for key, (mine, theirs) in zip(keys, shapes, strict=True) if mine != theirs]
    if not differing or any(not key or key == _IMPORT for key in differing):
        return [owner]
    if inner and len({_head_of(texts_of(pieces, inner)[0]) for pieces in (here, there)}) > 1:
        return [owner]
    return [prefix + ", ".join(key[:_MAX_NAMED]) for key in differing]


def with_rest(lines: list[str], owner: str, there: Sequence[Piece]) -> list[str]:
    """Have all that stands in a class or a module beside functions as it was.

    Args:
        lines: of the file.
        owner: the class, or ``<module>``.
        there: the file's units on the other side.

    Raises:
        CannotUndoError: it cannot be distinguished.
    """
    owner = "" if owner == MODULE else owner
    wanted = _statements_there(owner, there)
    for key in sorted({one.names for one in (*wanted, *_statements_here(lines, owner))}):
        lines = _with_key(lines, owner, key, wanted)
    return lines


def with_head(lines: Sequence[str], owner: str, text: str) -> list[str]:
    """Have the decorators, the name and the bases of a class as they were.

    Args:
        lines: of the file.
        owner: the class.
        text: its unit.

    Raises:
        CannotUndoError: the class is written on one line.
    """
    wanted = next(one for one in parsed_rest(text).body if isinstance(one, ast.ClassDef))
    head = text.split("\n")
    head = head[: _head_end(head, wanted)]
    node = class_node(lines, owner)
    first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
    new = indented("\n".join(head), indent_of(lines[first - 1]))
    return [*lines[: first - 1], *new, *lines[_head_end(lines, node) :]]


def _with_key(lines: list[str], owner: str, key: tuple[str, ...], wanted: Sequence[_Statement]) -> list[str]:
    """Have statements of one key as they were: in place of those that are there, or where they stood."""
    new = [one for one in wanted if one.names == key]
    old = [one for one in _statements_here(lines, owner) if one.names == key]
    if [one.shape for one in new] == [one.shape for one in old]:
        return lines
    text = "\n".join(line for one in new for line in one.lines) if new else None
    if not old:
        return _statement_inserted(lines, owner, new, wanted)
    for one in reversed(old[1:]):
        lines = replaced(lines, one.first, one.last, None)
    return replaced(lines, old[0].first, old[0].last, text)


def _statement_inserted(
    lines: list[str], owner: str, new: Sequence[_Statement], wanted: Sequence[_Statement]
) -> list[str]:
    indent, _ = end_of(lines, owner)
    now = {one.names: one for one in _statements_here(lines, owner)}
    place = list(wanted).index(new[0])
    before = next((now[one.names].last for one in reversed(wanted[:place]) if one.names in now), None)
    behind = next((now[one.names].first - 1 for one in wanted[place + 1 :] if one.names in now), None)
    at = before if before is not None else behind
    if at is None:
        at = class_node(lines, owner).body[0].lineno - 1 if owner else _after_imports(lines)
    text = "\n".join(line for one in new for line in one.lines)
    return [*lines[:at], *indented(text, indent), *lines[at:]]


def _after_imports(lines: Sequence[str]) -> int:
    ends = [n.end_lineno or 0 for n in parsed("\n".join(lines)).body if _is_import(n) or _is_text(n)]
    return max(ends, default=0)


def _head_of(text: str) -> str:
    nodes = [one for one in parsed_rest(text).body if isinstance(one, ast.ClassDef)]
    return " ".join(ast.dump(part) for node in nodes for part in (*node.decorator_list, *node.bases, *node.keywords))


def _head_end(lines: Sequence[str], node: ast.ClassDef) -> int:
    """Give the line on which the head of a class ends, with its colon."""
    ends = [
        node.lineno,
        *(one.end_lineno or 0 for one in node.bases),
        *(one.value.end_lineno or 0 for one in node.keywords),
    ]
    line = max(ends)
    while line < len(lines) and not lines[line - 1].split("#")[0].rstrip().endswith(":"):
        line += 1
    if node.body and node.body[0].lineno == line:
        raise CannotUndoError(f"class {node.name} is written on one line")
    return line


def _statements_there(owner: str, there: Sequence[Piece]) -> list[_Statement]:
    texts = texts_of(there, owner or MODULE)
    if not texts:
        return []
    body = parsed_rest(texts[0]).body
    if owner:
        body = next((one.body for one in body if isinstance(one, ast.ClassDef)), [])
    return list(_statements(body, texts[0].split("\n")))


def _statements_here(lines: Sequence[str], owner: str) -> list[_Statement]:
    try:
        body = class_node(lines, owner).body if owner else parsed("\n".join(lines)).body
    except CannotUndoError:
        return []
    return list(_statements(body, lines))


def _statements(body: Sequence[ast.stmt], lines: Sequence[str]) -> Iterator[_Statement]:
    end = 0
    for node in body:
        if node.lineno <= end:
            raise CannotUndoError(f"line {node.lineno} has two statements")
        end = node.end_lineno or node.lineno
        if isinstance(node, _DEFINITIONS) or _is_text(node) or isinstance(node, ast.Pass):
            continue
        if any(isinstance(one, _DEFINITIONS) for one in ast.walk(node)):
            continue  # functions below a condition: what is left without them is no statement
        names = _IMPORT if _is_import(node) else tuple(sorted(_assigned(node)))
        yield _Statement(names, ast.dump(node), node.lineno, end, tuple(_dedented(lines[node.lineno - 1 : end])))


def _dedented(lines: Sequence[str]) -> Iterator[str]:
    indent = indent_of(lines[0])
    yield from (line.removeprefix(indent) for line in lines)


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Import, ast.ImportFrom))


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and type(node.value.value) is str


def _assigned(node: ast.AST) -> set[str]:
    """Name what a statement assigns: names, and of an attribute or an item what has it."""
    found = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, (ast.Store, ast.Del)):
            found.add(one.id)
        elif isinstance(one, (ast.Attribute, ast.Subscript)) and isinstance(one.ctx, (ast.Store, ast.Del)):
            root = one.value
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                root = root.value
            if isinstance(root, ast.Name):
                found.add(root.id)
    return found
