"""Which lines of a function changed, by its statements: what only moved, a comment and an annotation are no change."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator
from typing import NamedTuple

from pytest_debugloop.loading.recoveries.refining import parsed

_BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MAX_STATEMENTS = 3_000


class ChangedLines(NamedTuple):
    """The lines of one side that are not as on the other.

    Attributes:
        lines: from 1, of the function's text.
        is_head: whether its name, parameters or decorators are among them: who enters it has them all.
        of: how many lines the function has.
    """

    lines: frozenset[int]
    is_head: bool
    of: int


class _Statement(NamedTuple):
    key: tuple[int, str]
    first: int
    last: int


def changed_lines(before: str, after: str) -> tuple[ChangedLines, ChangedLines]:
    """Compare a function's text on both sides.

    Args:
        before: its source when it failed; empty where it was not there.
        after: its source when it passed.

    Returns:
        What changed of each. Where something was only added, or only removed, the statement before that place stands
        for it on the side that has none.
    """
    sides = [_statements(text) for text in (before, after)]
    matcher = difflib.SequenceMatcher(a=[one.key for one in sides[0]], b=[one.key for one in sides[1]], autojunk=False)
    changed: tuple[set[int], set[int]] = set(), set()
    for tag, *places in matcher.get_opcodes():
        if tag == "equal":
            continue
        for found, statements, first, last in zip(changed, sides, places[::2], places[1::2], strict=True):
            found.update(range(first, last) if first < last else range(max(first - 1, 0), min(first, len(statements))))
    return (_of(sides[0], changed[0], before), _of(sides[1], changed[1], after))


def _of(statements: list[_Statement], changed: set[int], text: str) -> ChangedLines:
    lines = frozenset(n for one in changed for n in range(statements[one].first, statements[one].last + 1))
    return ChangedLines(lines, 0 in changed, text.count("\n") + 1)


def _statements(text: str) -> list[_Statement]:
    try:
        found = list(_flat(parsed(text), 0, is_function=False))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = []
    if not found or len(found) > _MAX_STATEMENTS:
        return [_Statement((0, line.strip()), n, n) for n, line in enumerate(text.split("\n"), 1)] if text else []
    return found


def _flat(node: ast.AST, depth: int, *, is_function: bool) -> Iterator[_Statement]:
    """Give statements in order, each without those that it holds."""
    for name in _BODIES:
        inner = getattr(node, name, None)
        for one in inner if isinstance(inner, list) else ():
            yield _Statement((depth, _head(one, is_function=is_function)), *_span(one))
            is_inside = isinstance(one, _FUNCTIONS) or (is_function and not isinstance(one, ast.ClassDef))
            yield from _flat(one, depth + 1, is_function=is_inside)


def _head(node: ast.AST, *, is_function: bool) -> str:
    """Give a statement without those that it holds, and without annotations that nothing is made of when it is run."""
    left_out = {*_BODIES}
    if isinstance(node, _FUNCTIONS):
        left_out.add("returns")
        for one in ast.walk(node.args):
            if isinstance(one, ast.arg):
                one.annotation = None
    elif isinstance(node, ast.AnnAssign) and is_function:
        if node.value is not None:
            node = ast.Assign([node.target], node.value, lineno=node.lineno)
        else:
            return "annotation"
    fields = ((name, value) for name, value in ast.iter_fields(node) if name not in left_out)
    return f"{type(node).__name__} " + " ".join(f"{name}={_dumped(value)}" for name, value in fields)


def _dumped(value: object) -> str:
    if isinstance(value, ast.AST):
        return ast.dump(value)
    return " ".join(map(_dumped, value)) if isinstance(value, list) else repr(value)


def _span(node: ast.AST) -> tuple[int, int]:
    placed = node.pattern if isinstance(node, ast.match_case) else node
    first, last = placed.lineno, placed.end_lineno or placed.lineno  # type: ignore[attr-defined]
    inner = [one for name in _BODIES for one in getattr(node, name, None) or () if isinstance(one, ast.AST)]
    if inner:
        begin = min(_span(one)[0] for one in inner)
        last = max(first, min(last, begin - 1))
    decorators = [one.lineno for one in getattr(node, "decorator_list", ())]
    return min([first, *decorators]), last
