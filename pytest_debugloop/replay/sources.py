"""The source that a failure ran: of a whole file where it is known, else of what the record has of it.

Lines that are not known are blank, and are said to be unknown by whoever lists them.
"""

from __future__ import annotations

import ast
import linecache
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pytest_debugloop.sources.stored import StoredUnit
from pytest_debugloop.text.printable import printable

MODULE = "<module>"
_MAX_LINES = 1_000_000
_LONGEST_UNIT = 20_000  # of which the rest is not recorded
_INDENT = 4
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NAMELESS: dict[str, Any] = {
    "<lambda>": ast.Lambda,
    "<genexpr>": ast.GeneratorExp,
    "<listcomp>": ast.ListComp,
    "<setcomp>": ast.SetComp,
    "<dictcomp>": ast.DictComp,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Where a function is in its file.

    Attributes:
        first: its first line, with decorators.
        last: its last line.
        arguments: names of its arguments in the order of ``co_varnames``; None where they are not known.
    """

    first: int
    last: int
    arguments: tuple[str, ...] | None = None


@dataclass(slots=True)
class Source:
    """What is known of one file.

    Attributes:
        lines: by their number, from 1.
        last: number of the last line of the file, as far as it is known.
        units: its functions.
        is_whole: whether all its lines are known.
    """

    lines: dict[int, str] = field(default_factory=dict)
    last: int = 0
    units: tuple[StoredUnit, ...] = ()
    is_whole: bool = False
    _trees: dict[int, ast.Module | None] = field(default_factory=dict)

    def unknown(self, first: int, last: int) -> list[tuple[int, int]]:
        """List the ranges of lines that are not known.

        Args:
            first: where to begin.
            last: where to end, that line included.
        """
        found: list[tuple[int, int]] = []
        for number in range(first, min(last, self.last) + 1):
            if number in self.lines:
                continue
            if found and found[-1][1] == number - 1:
                found[-1] = (found[-1][0], number)
            else:
                found.append((number, number))
        return found

    def function_at(self, line: int, name: str) -> Span | None:
        """Find the function that a frame is in.

        Args:
            line: where the frame stands.
            name: its qualified name, or its last part.

        Returns:
            None where its source is not recorded.
        """
        short = name.rpartition(".")[2]
        if short == MODULE:
            return Span(1, self.last, ()) if self.last else None
        unit = self._unit_at(line, name)
        # Where the whole file is known, that is looked through: a function may be defined in a loop.
        offset, tree = (0, self._tree(0)) if self.is_whole else (unit.first - 1 if unit else 0, self._tree_of(unit))
        found = None if tree is None else _innermost(tree, line - offset, short)
        if found is not None:
            return Span(found.first + offset, found.last + offset, found.arguments)
        return None if unit is None else Span(unit.first, unit.last)

    def unit_named(self, name: str) -> StoredUnit | None:
        """Find a function or class by its name.

        Args:
            name: qualified.
        """
        return next((unit for unit in self.units if unit.function == name != MODULE), None)

    def _unit_at(self, line: int, name: str) -> StoredUnit | None:
        outer = name.partition(".<locals>")[0].rpartition(".")[2]
        around = [unit for unit in self.units if unit.first <= line <= unit.last and unit.function != MODULE]
        unit = min(around, key=lambda unit: unit.last - unit.first, default=None)
        if unit is None or not (outer.startswith("<") or unit.function.rpartition(".")[2] == outer):
            return None
        return unit

    def _tree_of(self, unit: StoredUnit | None) -> ast.Module | None:
        return None if unit is None else self._tree(self.units.index(unit) + 1)

    def _tree(self, place: int) -> ast.Module | None:
        """Parse the whole file, or a unit of it, once."""
        if place not in self._trees:
            text = (
                "\n".join(self.lines[n] for n in range(1, self.last + 1)) if place == 0 else self.units[place - 1].text
            )
            self._trees[place] = _parsed(text)
        return self._trees[place]


def whole(text: str, units: Iterable[StoredUnit] = ()) -> Source:
    """Give the source of a file that is known as a whole.

    Args:
        text: of the file.
        units: its functions, where they are recorded.
    """
    lines = _split(text)
    return Source(dict(enumerate(lines, 1)), len(lines), tuple(units), is_whole=True)


def assembled(units: Iterable[StoredUnit], contexts: Iterable[tuple[int, list[str]]]) -> Source:
    """Put together what the record has of a file.

    Args:
        units: its functions.
        contexts: number of the first line, and lines, of what was kept around frames.
    """
    known = tuple(units)
    around: dict[int, str] = {}
    for first, lines in contexts:
        around |= {number: line for number, line in enumerate(lines, first) if 0 < number <= _MAX_LINES}
    found: dict[int, str] = {}
    for unit in known:
        found |= _lines_of(unit, known, around)
    last = max([*(unit.last for unit in known if unit.last <= _MAX_LINES), *around, *found], default=0)
    return Source(found | around, last, known)


@contextmanager
def listed(sources: Mapping[str, Source]) -> Iterator[None]:
    """Give the source to every debugger, by ``linecache``, and take it away again.

    Args:
        sources: by the path that code objects name.
    """
    before = {path: linecache.cache.get(path) for path in sources}
    for path, source in sources.items():
        lines = [printable(source.lines.get(n, ""), lines=True) + "\n" for n in range(1, source.last + 1)]
        # Without a time of change, it is not looked for on the disk.
        linecache.cache[path] = (sum(map(len, lines)), None, lines, path)
    try:
        yield
    finally:
        for path, entry in before.items():
            if entry is None:
                linecache.cache.pop(path, None)
            else:
                linecache.cache[path] = entry


def _split(text: str) -> list[str]:
    # Not splitlines(): a form feed, or a separator of Unicode in a text, ends no line of Python.
    text = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return text.split("\n")[:_MAX_LINES] if text else []


def _lines_of(unit: StoredUnit, units: tuple[StoredUnit, ...], around: dict[int, str]) -> dict[int, str]:
    """Place the lines of a unit: of those that others were taken out of, it is not known where each line was."""
    lines = _split(unit.text)
    size = unit.last - unit.first + 1
    is_parted = any(unit.first <= other.first and other.last <= unit.last for other in units if other is not unit)
    if is_parted or not 0 < unit.first <= _MAX_LINES or len(lines) > size:
        return {}
    if unit.function == MODULE and len(lines) != size:
        return {}
    if len(unit.text) >= _LONGEST_UNIT:
        lines = lines[:-1]
    indent = _indent_of(unit, lines, around)
    return {number: indent + line if line else "" for number, line in enumerate(lines, unit.first)}


def _indent_of(unit: StoredUnit, lines: list[str], around: dict[int, str]) -> str:
    """Find how deep a function was indented: by a line that is known as it was, else by its name."""
    for number, line in enumerate(lines, unit.first):
        seen = around.get(number, "")
        if line.strip() and seen.endswith(line) and not seen[: len(seen) - len(line)].strip():
            return seen[: len(seen) - len(line)]
    return " " * _INDENT * unit.function.count(".")


def _parsed(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _innermost(tree: ast.Module, line: int, name: str) -> Span | None:
    found: Span | None = None
    nodes: Iterator[Any] = ast.walk(tree)
    for node in nodes:
        if _is_named(node, name):
            first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
            last = node.end_lineno or node.lineno
            if first <= line <= last and (found is None or last - first <= found.last - found.first):
                found = Span(first, last, _arguments(node))
    return found


def _is_named(node: Any, name: str) -> bool:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return bool(node.name == name)
    return isinstance(node, _NAMELESS.get(name, ()))


def _arguments(node: Any) -> tuple[str, ...]:
    """Name the arguments of a function, in the order of ``co_varnames``."""
    if isinstance(node, ast.ClassDef):
        return ()
    if not isinstance(node, (*_FUNCTIONS, ast.Lambda)):
        return (".0",)
    found = node.args
    named = [*found.posonlyargs, *found.args, *found.kwonlyargs]
    return tuple(one.arg for one in [*named, *(one for one in (found.vararg, found.kwarg) if one is not None)])
