"""Which files of a project the file of a test imports, and over how many others."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

from pytest_debugloop.loading.recoveries.code_changes import Unit
from pytest_debugloop.loading.recoveries.facts import Facts
from pytest_debugloop.loading.recoveries.refining import parsed
from pytest_debugloop.sources.units import MODULE

_FARTHEST = 12
_MAX_FILES = 2_000
_INIT = "/__init__"


def import_distances(
    units: Mapping[str, Sequence[Unit]], begin: Iterable[str], wanted: Collection[str], facts: Facts
) -> Mapping[str, int]:
    """Say how far files are from those of a test, by the imports at the top of files, and by all in the test's own.

    Args:
        units: of all files, by file.
        begin: the files of the test.
        wanted: the files that are asked for: where these are found, nothing more is looked for.
        facts: knows sources.

    Returns:
        Of each file that is found, over how many imports, 0 for those of the test themselves.
    """
    by_end: Mapping[str, list[str]] = facts.remembered(("files by name", id(units)), lambda: _by_end(units))
    found = {file: 0 for file in begin if file in units}
    waiting = list(found)
    for distance in range(1, _FARTHEST):
        if not waiting or found.keys() >= set(wanted):
            break
        read = [unit for file in waiting for unit in units[file] if unit.function == MODULE or distance == 1]
        sources = facts.sources_of([unit.id for unit in read])
        coming: set[str] = set()
        for unit in read:
            find = partial(_imported, sources.get(unit.id, ""), unit.file)
            names = facts.remembered(("imports", unit.id), find)
            coming.update(file for name in names for file in _files(name, by_end))
        waiting = [file for file in sorted(coming) if file not in found][: max(_MAX_FILES - len(found), 0)]
        found |= dict.fromkeys(waiting, distance)
    return found


def _by_end(files: Collection[str]) -> Mapping[str, list[str]]:
    """Give files by the last part of their names; of a package, the folder's."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in files:
        found[_module(file).rpartition("/")[2]].append(file)
    return found


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix(_INIT)


def _files(name: str, by_end: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Give the files that a dotted name may be of, wherever the project's packages begin."""
    path = name.replace(".", "/")
    for file in by_end.get(path.rpartition("/")[2], ()):
        if f"/{_module(file)}".endswith(f"/{path}"):
            yield file


def _imported(text: str, file: str) -> set[str]:
    """Give the dotted names that a module imports, and the packages around them, whose code is run first."""
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, file)
            imported = [f"{base}.{alias.name}" if base else alias.name for alias in node.names] + [base]
        else:
            continue
        for name in filter(None, imported):
            parts = name.split(".")
            found.update(".".join(parts[:count]) for count in range(1, len(parts) + 1))
    return found


def _base(node: ast.ImportFrom, file: str) -> str:
    if not node.level:
        return node.module or ""
    package = file.removesuffix(".py").split("/")[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])
