"""What a change does beyond its own function: on what names it leaves something behind, or takes it away."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pytest_debugloop.loading.recoveries.refining import parsed

_UNDONE = frozenset({"monkeypatch", "mocker", "self", "cls"})


def changed_effects(before: str, after: str) -> frozenset[str]:
    """Name what statements act on that stand on one side of a change alone.

    A statement acts on what it assigns an attribute or an item of, on a name that it declares ``global``, and on what
    it calls a method of for nothing else. What pytest undoes by itself does not count.

    Args:
        before: source of a function, or of statements, when a test failed.
        after: the same when it passed.
    """
    sides = [dict(_effects(text)) for text in (before, after)]
    return frozenset(name for one in sides[0].keys() ^ sides[1].keys() for side in sides for name in side.get(one, ()))


def _effects(text: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Give each statement that acts on something: its syntax tree as text, and the names."""
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    shared = {name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names}
    for node in ast.walk(tree):
        targets = [
            *(getattr(node, "targets", ()) if isinstance(node, (ast.Assign, ast.Delete)) else ()),
            *([node.target] if isinstance(node, (ast.AugAssign, ast.AnnAssign)) else ()),
        ]
        names = {name for target in targets for name in _acted_on(target, shared)}
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            names |= _called_on(node.value.func)
        if names - _UNDONE:
            yield ast.dump(node), frozenset(names - _UNDONE)


def _acted_on(target: ast.expr, shared: set[str]) -> set[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return {name for one in target.elts for name in _acted_on(one, shared)}
    if isinstance(target, ast.Name):
        return {target.id} & shared
    if isinstance(target, ast.Attribute):
        return set() if _root(target) in _UNDONE else {target.attr}
    if isinstance(target, ast.Subscript):
        return set() if _root(target) in _UNDONE else _last_name(target.value)
    return set()


def _called_on(function: ast.expr) -> set[str]:
    """Name the object whose method is called, and not the method: of ``shop.STATE.append`` it is ``STATE``."""
    if not isinstance(function, ast.Attribute) or _root(function) in _UNDONE:
        return set()
    return _last_name(function.value)


def _last_name(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    if isinstance(node, ast.Attribute):
        return {node.attr}
    return {node.id} if isinstance(node, ast.Name) else set()


def _root(node: ast.expr) -> str:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
