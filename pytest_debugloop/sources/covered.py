"""Which lines tests ran, as coverage's data file has it: by the contexts of pytest-cov, or by those of coverage itself.

Read by coverage's own means, and only where it is installed. It knows lines; a function was entered where a line of its
body was run.
"""

from __future__ import annotations

import ast
import os
import re
import sqlite3
import warnings
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pytest_debugloop.sources.units import MODULE, statements_within

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_PHASES = ("setup", "run", "teardown")
_LARGEST_DATA = 512 * 1024 * 1024
_LARGEST_SOURCE = 2 * 1024 * 1024
_MAX_LINES = 20_000


class Covered(NamedTuple):
    """What a test ran.

    Attributes:
        files: by name, ``functions`` and ``lines``, as a trace has them.
        has_call: whether anything is known of the test's call: it is not where a test is marked ``no_cover``.
    """

    files: dict[str, dict[str, list[Any]]]
    has_call: bool


class Coverage(NamedTuple):
    """What was read of a data file.

    Attributes:
        tests: what each did, by name; those alone of which something is known.
        measured: the names of all files that coverage looked at.
    """

    tests: dict[str, Covered]
    measured: frozenset[str]


NOTHING = Coverage({}, frozenset())


def covered(
    data_file: Path, folder: Path, tests: Collection[str], names: Mapping[str, str], *, by_function: bool
) -> Coverage:
    """Read what tests ran.

    Args:
        data_file: of coverage.
        folder: that relative names in it are from.
        tests: node ids.
        names: of the project's files, by their whole paths without links; others are passed over.
        by_function: whether contexts are called like the test's function, and not by node id.
    """
    try:
        from coverage import CoverageData
        from coverage.exceptions import CoverageException
    except ImportError:
        return NOTHING
    if not data_file.is_file() or data_file.stat().st_size > _LARGEST_DATA:
        return NOTHING
    data = CoverageData(str(data_file))
    try:
        data.read()
        contexts = data.measured_contexts()
        chosen = _by_function(contexts, tests) if by_function else _by_node_id(contexts, tests)
        if not chosen:
            return NOTHING
        outside = {context for context in contexts if "|" not in context and context not in chosen}
        data.set_query_contexts([f"^{re.escape(context)}$" for context in (*chosen, *outside)])
        files = {path: names.get(os.path.realpath(folder / path)) for path in data.measured_files()}
        found: dict[str, dict[str, dict[str, list[Any]]]] = defaultdict(dict)
        for path, name in files.items():
            if name is not None:
                _add(found, name, folder / path, data.contexts_by_lineno(path), chosen, outside)
    except (CoverageException, sqlite3.Error):
        return NOTHING
    finally:
        data.close()
    called = {test for test, phase in chosen.values() if phase == "run"}
    by_test = {test: Covered(_cut(files), test in called) for test, files in found.items()}
    return Coverage(by_test, frozenset(name for name in files.values() if name is not None))


def _by_node_id(contexts: Iterable[str], tests: Collection[str]) -> dict[str, tuple[str, str]]:
    """Give test and phase of each context ``node_id|phase``; a static context stands in front of it."""
    found: dict[str, tuple[str, str]] = {}
    for context in contexts:
        name, _, phase = context.rpartition("|")
        if phase not in _PHASES:
            continue
        # xdist appends the group of a test.
        ways = (name, name.rpartition("@")[0], name.partition("|")[2], name.partition("|")[2].rpartition("@")[0])
        test = next((one for one in ways if one in tests), None)
        if test is not None:
            found[context] = (test, phase)
    return found


def _by_function(contexts: Iterable[str], tests: Collection[str]) -> dict[str, tuple[str, str]]:
    """Give the test of each context ``module.function``; none where it is of several, as of parametrized ones."""
    found: dict[str, tuple[str, str]] = {}
    dotted: dict[str, set[str]] = defaultdict(set)
    for test in tests:
        file, _, rest = test.partition("::")
        name = f"{file.removesuffix('.py').replace('/', '.')}.{rest.partition('[')[0].replace('::', '.')}"
        for start in [0, *(place.end() for place in re.finditer(r"\.", name))]:
            dotted[name[start:]].add(test)
    for context in contexts:
        name = context.rpartition("|")[2]
        if "." in name and len(dotted.get(name, ())) == 1:
            found[context] = (next(iter(dotted[name])), "run")
    return found


def _add(
    found: dict[str, dict[str, dict[str, list[Any]]]],
    name: str,
    path: Path,
    contexts: Mapping[int, Iterable[str]],
    chosen: Mapping[str, tuple[str, str]],
    outside: Collection[str],
) -> None:
    """Add what tests ran of one file."""
    lines: dict[str, set[int]] = defaultdict(set)
    imported: set[int] = set()
    for line, of_line in contexts.items():
        for context in of_line:
            if context in chosen:
                lines[chosen[context][0]].add(line)
            elif context in outside:
                imported.add(line)
    if not lines:
        return
    functions = _functions(path)
    inside = {line for one in functions or () for line in range(one.first, one.last + 1)}
    for test, run in lines.items():
        entered = [[one.name, one.first] for one in functions or () if one.is_entered(run, imported)]
        if functions is not None and not run <= inside:
            entered.insert(0, [MODULE, 1])
        found[test][name] = {"functions": entered, "lines": sorted(run)}


class _Function(NamedTuple):
    name: str
    first: int
    begin: int  # of its body
    last: int
    head: int  # the last line of what is run where it is defined

    def is_entered(self, run: Collection[int], imported: Collection[int]) -> bool:
        """Tell whether a line was run that is not run by the definition alone."""
        return any(line in run and (line > self.head or line in imported) for line in range(self.begin, self.last + 1))


def _functions(path: Path) -> list[_Function] | None:
    """List the functions of a file; None where it cannot be read as Python."""
    try:
        if path.stat().st_size > _LARGEST_SOURCE:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return list(_within(ast.parse(path.read_bytes()).body, ""))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _within(body: list[ast.stmt], prefix: str) -> Iterator[_Function]:
    for node in statements_within(body):
        if isinstance(node, ast.ClassDef):
            yield from _within(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, _FUNCTIONS):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            parts = [*ast.walk(node.args), *([node.returns] if node.returns else [])]
            head = max([node.lineno, *(getattr(part, "end_lineno", None) or 0 for part in parts)])
            yield _Function(prefix + node.name, first, node.body[0].lineno, node.end_lineno or node.lineno, head)


def _cut(files: dict[str, dict[str, list[Any]]]) -> dict[str, dict[str, list[Any]]]:
    left = _MAX_LINES
    for found in files.values():
        found["lines"] = found["lines"][: max(left, 0)]
        left -= len(found["lines"])
    return files
