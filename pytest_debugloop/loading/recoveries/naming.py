"""Which code names something that is no code, a file, a variable or a distribution, and how far a test is from it."""

from __future__ import annotations

import ast
import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pytest_debugloop.loading.recoveries.code_changes import Change, Unit
from pytest_debugloop.loading.recoveries.facts import Facts, Pending, RunFacts
from pytest_debugloop.loading.recoveries.starts import starts_of
from pytest_debugloop.sources.units import MODULE

MAX_WANTED = 60
"""Things that are looked for at once."""
_MAX_MENTIONS = 60


class Mentions(NamedTuple):
    """What stands in a piece of code.

    Attributes:
        texts: its string literals, docstrings left out.
        names: its identifiers.
        imports: the modules that it imports, by their whole names.
    """

    texts: frozenset[str]
    names: frozenset[str]
    imports: frozenset[str]


class Wanted(NamedTuple):
    """Something that code may name.

    Attributes:
        key: tells it from others.
        words: regular expression, as PostgreSQL and Python know it, of what must stand in code that names it.
        degree: says how surely code names it, by what stands in it: 0 for not at all, the greatest is the surest.
    """

    key: str
    words: str
    degree: Callable[[Mentions], int]


class Named(NamedTuple):
    """How near to a test something is named.

    Attributes:
        degree: how surely it is named there, from 1.
        distance: of the test from the code that names it, in names; None where the test does not reach it.
    """

    degree: int
    distance: int | None


class _Mention(NamedTuple):
    key: str
    degree: int
    change: Change


def nearest_namings(
    wanted: Sequence[Wanted], one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts
) -> dict[str, Named]:
    """Find where things are named: nearest to a test, and surest.

    Args:
        wanted: the things, the likeliest first: of very many the first are looked for.
        one: the recovery.
        failing: the run of its failure.
        passing: the run of its success; its code is looked at.
        facts: what the database knows.

    Returns:
        By key; things that no code names are left out.
    """
    wanted = wanted[:MAX_WANTED]
    if not wanted or passing.files is None:
        return {}
    mentions = facts.remembered(
        ("mentions", passing.code_version, tuple(sorted(thing.key for thing in wanted))),
        lambda: _mentions(wanted, passing, facts),
    )
    reach = facts.remembered(
        ("reach", passing.code_version, tuple(mention.change for mention in mentions)),
        lambda: facts.reach(passing, list(dict.fromkeys(mention.change for mention in mentions))),
    )
    distances = {found.change: found.distance for found in reach.of(starts_of(one, failing, passing, facts))}
    found: dict[str, Named] = {}
    for key, degree, change in mentions:
        named = Named(degree, distances.get(change))
        if key not in found or _rank(named) > _rank(found[key]):
            found[key] = named
    return found


def _rank(named: Named) -> tuple[bool, int, int]:
    return named.distance is not None, named.degree, -(named.distance or 0)


def _mentions(wanted: Sequence[Wanted], run: RunFacts, facts: Facts) -> list[_Mention]:
    found = []
    for unit, source in facts.units_with(run, "|".join(f"({thing.words})" for thing in wanted)):
        parts = list(parts_of(unit, source))
        for thing in wanted:
            for provides, mentioned in parts:
                degree = thing.degree(mentioned)
                if degree:
                    change = Change(unit.file, unit.function, "changed", unit.id, unit.id, provides)
                    found.append(_Mention(thing.key, degree, change))
    found.sort(key=lambda mention: -mention.degree)
    return found[:_MAX_MENTIONS]


def parts_of(unit: Unit, source: str) -> Iterator[tuple[tuple[str, ...], Mentions]]:
    """Give what stands in a unit, with the names by which others reach that: of a module, statement by statement.

    Args:
        unit: of a file.
        source: of it; what is no Python names nothing.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parsed(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    if unit.function != MODULE:
        yield tuple(unit.provides), _mentioned(tree)
        return
    by_names: dict[tuple[str, ...], list[ast.stmt]] = defaultdict(list)
    for statement in tree.body:
        by_names[tuple(sorted(_bound(statement))) or tuple(unit.provides)].append(statement)
    for names, statements in by_names.items():
        yield names, _mentioned(ast.Module(statements, []))


def _parsed(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # a class of which nothing but methods was left out
        return ast.parse(f"{source}\n    pass\n")


def _bound(statement: ast.stmt) -> set[str]:
    """Name what a statement of a module makes known."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
    return found


def _mentioned(tree: ast.Module) -> Mentions:
    texts: set[str] = set()
    names: set[str] = set()
    imports: set[str] = set()
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) is str and id(node) not in docstrings:
            texts.add(node.value)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Import):
            imports.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            imports.update(f"{node.module}.{alias.name}" for alias in node.names)
    return Mentions(frozenset(texts), frozenset(names), frozenset(imports))


def escaped(words: Iterable[str]) -> str:
    """Write words as alternatives of a regular expression that PostgreSQL and Python know.

    Args:
        words: as they stand in code.
    """
    return "|".join(re.sub(r"([^A-Za-z0-9_])", r"\\\1", word) for word in words)


def by_key(named: Mapping[str, Named], key: str) -> Named:
    """Give where something is named: nowhere, as degree 0, where no code names it.

    Args:
        named: what :func:`nearest_namings` gave.
        key: of the thing.
    """
    return named.get(key, Named(0, None))
