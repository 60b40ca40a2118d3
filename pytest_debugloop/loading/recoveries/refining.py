"""What of a changed unit is a change of code, by its syntax tree.

Comments, docstrings and layout are none. What is left of a class or a module without its functions is identified by
the names that are assigned there, and not as one: whoever uses another name of it is not concerned.
"""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pytest_debugloop.loading.recoveries.code_changes import Change
from pytest_debugloop.sources.units import MODULE

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MAX_NAMED = 3


class _Statement(NamedTuple):
    """A statement of a class or a module.

    Attributes:
        names: that are assigned in it.
        shape: its syntax tree as text; two that are equal are the same code.
        text: its source.
        is_import: whether it does nothing but make names of other modules known.
        uses: the names that it reads.
        bound: what it imports, as the name here and where that is from.
    """

    names: tuple[str, ...]
    shape: str
    text: str
    is_import: bool
    uses: frozenset[str]
    bound: frozenset[tuple[str, str]] = frozenset()


def refined(changes: Iterable[Change], sources: Mapping[str, str]) -> list[Change]:
    """Leave out what is no change of code, and tell what is left of classes and modules by its assignments.

    Args:
        changes: of units.
        sources: of these, by their ids in ``debug_code_pointers``. What cannot be parsed stays one change.
    """
    return [part for change in changes for part in _parts(change, sources)]


def _parts(change: Change, sources: Mapping[str, str]) -> Sequence[Change]:
    texts = [sources.get(side, "") if side else "" for side in (change.before, change.after)]
    try:
        before, after = (parsed(text) for text in texts)
        if change.kind == "changed" and _shape(before) == _shape(after):
            return []
        is_function = any(isinstance(node, _FUNCTIONS) for tree in (before, after) for node in tree.body[:1])
        if is_function and change.function != MODULE:
            return [change]
        return _of_rest(change, before, after, texts)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [change]


def parsed(text: str) -> ast.Module:
    """Parse the source of a unit; docstrings and what else does nothing are left out.

    Args:
        text: as the record has it.

    Raises:
        SyntaxError: it is no Python.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text)
        except SyntaxError:
            # A class of which nothing but methods was left out.
            tree = ast.parse(f"{text}\n    pass\n")
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            statements = getattr(node, name, None)
            if isinstance(statements, list):
                setattr(node, name, [one for one in statements if not _is_nothing(one)])
    return tree


def _is_nothing(node: ast.AST) -> bool:
    """Tell a statement that does nothing, such as a docstring."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and type(node.value.value) is str
    return is_text or isinstance(node, ast.Pass)


def _shape(node: ast.AST) -> str:
    return ast.dump(node)


def _of_rest(change: Change, before: ast.Module, after: ast.Module, texts: Sequence[str]) -> Sequence[Change]:
    """Tell what is different in a class or a module without its functions."""
    if change.function == MODULE:
        sides = [_statements(tree.body, text) for tree, text in zip((before, after), texts, strict=True)]
        return list(_by_name(change, *sides, prefix=""))
    classes = [next((one for one in tree.body if isinstance(one, ast.ClassDef)), None) for tree in (before, after)]
    found = list(
        _by_name(
            change,
            *(_statements(one.body if one else [], text) for one, text in zip(classes, texts, strict=True)),
            prefix=f"{change.function}.",
        )
    )
    heads = [_head(one) if one else "" for one in classes]
    return [change] if heads[0] != heads[1] else found


def _head(node: ast.ClassDef) -> str:
    """Give a class without what is in it."""
    return " ".join(map(ast.dump, (*node.decorator_list, *node.bases, *node.keywords)))


def _statements(body: Iterable[ast.stmt], text: str) -> dict[tuple[str, ...], list[_Statement]]:
    """Give statements by the names that they assign; those that assign none have the empty name."""
    lines = text.split("\n")
    found: dict[tuple[str, ...], list[_Statement]] = defaultdict(list)
    for node in body:
        is_import = all(isinstance(one, (ast.Import, ast.ImportFrom)) for one in _leaves(node))
        names = ("import",) if is_import else tuple(sorted(_assigned(node)))
        is_import = is_import or names == ("__all__",)
        source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        uses = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        found[names].append(
            _Statement(names, _shape(node), source, is_import, frozenset(uses), frozenset(_imported(node)))
        )
    return found


def _imported(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """Give what a statement imports: the name by which it is known, and its origin."""
    for one in ast.walk(node):
        if isinstance(one, ast.ImportFrom):
            origin = "." * one.level + (one.module or "")
            yield from ((alias.asname or alias.name, f"{origin}:{alias.name}") for alias in one.names)
        elif isinstance(one, ast.Import):
            yield from ((alias.asname, alias.name) for alias in one.names if alias.asname)


def _leaves(node: ast.stmt) -> Iterator[ast.stmt]:
    """Give the statements that a conditional one comes to."""
    inner = [
        one
        for name in ("body", "orelse", "finalbody", "handlers")
        if isinstance(node, (ast.If, ast.Try))
        for part in getattr(node, name, ())
        for one in (part.body if isinstance(part, ast.ExceptHandler) else [part])
    ]
    if not inner:
        yield node
    for one in inner:
        yield from _leaves(one)


def _assigned(node: ast.stmt) -> set[str]:
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


def _by_name(
    change: Change,
    before: dict[tuple[str, ...], list[_Statement]],
    after: dict[tuple[str, ...], list[_Statement]],
    *,
    prefix: str,
) -> Iterator[Change]:
    for names in sorted(before.keys() | after.keys()):
        old, new = before.get(names, []), after.get(names, [])
        if [one.shape for one in old] == [one.shape for one in new]:
            continue
        if sorted(one.shape for one in old) == sorted(one.shape for one in new) and (old or new)[0].is_import:
            continue  # in another order
        is_import = all(one.is_import for one in (*old, *new))
        provides: Sequence[str] = change.provides
        function = change.function
        is_opaque = False
        moved = _imported_from_elsewhere(old, new) if is_import else []
        if moved:
            function, provides = prefix + ", ".join(moved[:_MAX_NAMED]), moved
        elif names and not is_import:
            function = prefix + ", ".join(names[:_MAX_NAMED])
            provides = sorted({*names, *change.provides})
            if not prefix:
                found = _derived(names, after)
                is_opaque = found is None
                provides = provides if found is None else found
        yield change._replace(
            function=function,
            kind="changed" if old and new else "added" if new else "removed",
            provides=tuple(provides),
            is_import=is_import,
            texts=("\n".join(one.text for one in old), "\n".join(one.text for one in new)),
            rest_of=change.function,
            is_opaque=is_opaque,
            is_from_elsewhere=bool(moved),
        )


def _imported_from_elsewhere(before: Sequence[_Statement], after: Sequence[_Statement]) -> list[str]:
    """Give the names that stand for something else now: they were imported before, too, and not from there."""
    old, new = (frozenset(pair for one in side for pair in one.bound) for side in (before, after))
    return sorted({name for name, _ in old ^ new} & {name for name, _ in old} & {name for name, _ in new} - {"*"})


def _derived(names: Iterable[str], statements: Mapping[tuple[str, ...], Sequence[_Statement]]) -> list[str] | None:
    """Give names of a module, and those that it makes of them; None where that is not to be seen."""
    found = set(names)
    waiting = True
    while waiting:
        users = [one for part in statements.values() for one in part if one.uses & found and not one.is_import]
        if any(not one.names for one in users):  # something is done with them: nobody knows to what
            return None
        made = {name for one in users for name in one.names}
        waiting = not made <= found
        found |= made
    return sorted(found)
