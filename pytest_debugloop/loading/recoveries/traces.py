"""What a test ran when it failed and when it passed, as far as that was traced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pytest_debugloop.loading.recoveries.code_changes import Unit
from pytest_debugloop.sources.units import MODULE

_WITH_LINES = ("monitoring", "coverage")


class Trace(NamedTuple):
    """What one attempt ran.

    Attributes:
        functions: by file, name and first line of what was entered, in pairs.
        lines: by file, those that were run; None where lines are not known.
        is_whole: whether it ran nothing else in its process.
        files: of the project that processes which it started ran, as far as known.
        modules: the same, by their dotted names.
        opened: files of the project that it read.
    """

    functions: Mapping[str, Sequence[tuple[str, int]]]
    lines: Mapping[str, frozenset[int]] | None
    is_whole: bool
    files: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        traced_by: str,
        files: Mapping[str, Any],
        children: Sequence[Any],
        cut: Sequence[str],
        opened: Sequence[str] = (),
    ) -> Trace | None:
        """Read a trace as ``debug_test_traces`` has it.

        Returns:
            None where nothing could be watched.
        """
        if traced_by == "none":
            return None
        return cls(
            {file: [(str(name), int(line)) for name, line in found["functions"]] for file, found in files.items()},
            {file: frozenset(found.get("lines", ())) for file, found in files.items()}
            if traced_by in _WITH_LINES
            else None,
            not cut,
            frozenset(file for child in children for file in child["files"]),
            frozenset(module for child in children for module in child["modules"]),
            frozenset(opened),
        )

    def has_entered(self, file: str, function: str, unit: Unit | None) -> bool:
        """Tell whether a function was entered.

        Args:
            file: that it is in.
            function: its qualified name.
            unit: where it is, on this side; None where that is not known.
        """
        entered = self.functions.get(file, ())
        if unit is None:
            return any(name == function for name, _ in entered)
        # A module that is imported by the test is entered at its first line, whatever stands there.
        return any(unit.first <= line <= unit.last for name, line in entered if name != MODULE)

    def has_run(self, file: str, first: int, lines: frozenset[int]) -> bool:
        """Tell whether one of some lines was run.

        Args:
            file: that they are in.
            first: the line of the file at which their text begins.
            lines: of that text, from 1.
        """
        ran = self.lines.get(file, frozenset()) if self.lines is not None else frozenset()
        return any(first + line - 1 in ran for line in lines)


class Sides(NamedTuple):
    """The traces of a recovery's two sides, None for one that was not traced."""

    failing: Trace | None
    passing: Trace | None

    @property
    def known(self) -> list[Trace]:
        """Those that there are."""
        return [trace for trace in self if trace is not None]


UNTRACED = Sides(None, None)
