"""Which pieces of source differ between two versions, and a version in which one piece is undone.

Written without the product's own splitter, for it judges what that finds.
"""

from __future__ import annotations

import ast
import difflib
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

MODULE = "<module>"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Piece(NamedTuple):
    """A part of a unit: one unit may have several, as a getter and its setter have one name.

    Attributes:
        name: qualified name of the function or class; that of a name that is assigned, with ``=`` behind it; or
            ``<module>`` for other statements of a module.
        tree: its syntax tree as text, without docstrings.
        first: its first line, from 0.
        end: the line behind its last.
    """

    name: str
    tree: str
    first: int
    end: int


def pieces_of(source: str) -> list[Piece]:
    """Split a source file into functions, methods, statements of classes and assignments of the module.

    Args:
        source: the file's text; imports are in no piece.
    """
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if (
            isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Module))
            and ast.get_docstring(node, clean=False) is not None
        ):
            node.body = node.body[1:]
    return list(_pieces(tree.body, ""))


def _pieces(body: list[ast.stmt], prefix: str) -> Iterator[Piece]:
    for node in body:
        if isinstance(node, _FUNCTIONS):
            yield _piece(prefix + node.name, node, ast.dump(node))
        elif isinstance(node, ast.ClassDef):
            head = [*node.bases, *node.keywords, *node.decorator_list]
            last = max(
                [node.lineno, *(one.end_lineno or 0 for one in [*node.bases, *(k.value for k in node.keywords)])]
            )
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield Piece(prefix + node.name, " ".join(map(ast.dump, head)), first - 1, last)
            yield from _pieces(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            yield from _of_block(node, prefix)
        elif not isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            name = _assigned(node)
            yield _piece(f"{prefix}{name}=" if name else prefix[:-1] or MODULE, node, ast.dump(node))


def _of_block(node: ast.If | ast.Try | ast.With, prefix: str) -> Iterator[Piece]:
    yield from _pieces(node.body, prefix)
    if isinstance(node, ast.If):
        yield Piece(prefix[:-1] or MODULE, ast.dump(node.test), node.lineno - 1, node.test.end_lineno or node.lineno)
    if isinstance(node, ast.Try):
        for handler in node.handlers:
            yield from _pieces(handler.body, prefix)
        yield from _pieces(node.finalbody, prefix)
    if not isinstance(node, ast.With):
        yield from _pieces(node.orelse, prefix)


def _piece(name: str, node: ast.stmt, tree: str) -> Piece:
    decorators = node.decorator_list if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) else []
    first = min([node.lineno, *(one.lineno for one in decorators)])
    return Piece(name, tree, first - 1, node.end_lineno or node.lineno)


def _assigned(node: ast.stmt) -> str:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return next((target.id for target in targets if isinstance(target, ast.Name)), "")


def changed_units(before: str, after: str) -> list[str]:
    """Name the units whose syntax trees differ.

    Args:
        before: text of the file, empty where there was none.
        after: the same, later.
    """
    old, new = _trees(before), _trees(after)
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def _trees(source: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for piece in pieces_of(source):
        found[piece.name].append(piece.tree)
    return found


def without_change(before: str, after: str, unit: str) -> str:
    """Give the later text of a file with the change of one unit undone.

    Lines that differ and touch the unit, in either text, are as they were: where they touch another one too, the change
    of that is undone as well.

    Args:
        before: text of the file.
        after: the same, later.
        unit: one of :func:`changed_units`.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    spans = [[(p.first, p.end) for p in pieces_of(text) if p.name == unit] for text in (before, after)]
    kept: list[str] = []
    for kind, a1, a2, b1, b2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        is_of_unit = any(a1 < end and first < a2 for first, end in spans[0]) or any(
            b1 < end and first < b2 for first, end in spans[1]
        )
        kept += old[a1:a2] if kind != "equal" and is_of_unit else new[b1:b2]
    return "".join(kept)


def names(said: str, unit: str) -> bool:
    """Tell whether what was named stands for a unit.

    Args:
        said: the function that evidence names; ``<module>`` and a class stand for what is assigned in them.
        unit: name of a unit.
    """
    bare = unit.removesuffix("=")
    return said == bare or (bare != unit and said == (bare.rpartition(".")[0] or MODULE))
