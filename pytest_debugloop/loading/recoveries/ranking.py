"""Which of the changes that a test may reach are the likeliest reason: those first that it was seen to run."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from pytest_debugloop.loading.recoveries.changed_lines import ChangedLines, changed_lines
from pytest_debugloop.loading.recoveries.code_changes import Change, Reach, Reached, Unit, by_likelihood
from pytest_debugloop.loading.recoveries.facts import CodeDifference, Facts
from pytest_debugloop.loading.recoveries.failure_words import share_of_words, words_of
from pytest_debugloop.loading.recoveries.flakes import Failure
from pytest_debugloop.loading.recoveries.refining import parsed
from pytest_debugloop.loading.recoveries.traces import Sides, Trace
from pytest_debugloop.sources.units import MODULE

LINES, ENTERED = "lines", "entered"
BY_TRACE = "trace"
"""The role of a function that no name leads to, and that was entered all the same."""

_FARTHEST = 7
_CLASS = re.compile(r"^class\b", re.MULTILINE)
_MAX_PARSED = 100
# What a class statement calls: of the metaclass, which may be that of a base, and of the bases.
_OF_METACLASS = frozenset({"__new__", "__init__", "__call__", "__prepare__"})
_OF_BASE = frozenset({"__init_subclass__"})
# Set-up that is run once for many tests, and hooks around tests and not in them.
_ONCE = re.compile(r"class|module|testdata", re.IGNORECASE)
Place = tuple[str, str]
Start = tuple[str, Place]


class Ranked(NamedTuple):
    """Changes, the likeliest first.

    Attributes:
        reached: those that may be the reason.
        ran: of these, which were run: with changed lines, or at least entered.
        not_run: those that names lead to, and that the test was seen not to run.
    """

    reached: list[Reached]
    ran: Mapping[Change, str]
    not_run: list[Reached]


class Ranking:
    """Sorts the changes between the two sides of one recovery.

    Args:
        difference: of their code.
        sides: their traces.
        facts: knows sources.
        failure: what it looks like.
    """

    def __init__(self, difference: CodeDifference, sides: Sides, facts: Facts, failure: Failure) -> None:
        self._words = words_of(failure)
        self._difference = difference
        self._sides = sides
        self._facts = facts
        self._units = [
            {unit.id: unit for units in known.values() for unit in units}
            for known in (difference.failing, difference.passing)
        ]

        self._entered = {
            (file, name) for trace in sides.known for file, found in trace.functions.items() for name, _ in found
        }
        self._near: dict[Change, Reached | None] = {}

    def of(self, reached: Sequence[Reached], starts: Sequence[Start], frames: Collection[Place]) -> Ranked:
        """Sort changes by what the traces tell of them.

        Args:
            reached: those that names lead to.
            starts: role and place of what they were reached from.
            frames: the functions in which the failure stood.
        """
        near = {one.change: one for one in reached}
        entered: dict[Change, int] = {}
        for change in self._difference.changes:
            count = sum(self._has_entered(side, change) for side in (0, 1))
            is_frame = change in near and (change.file, change.function) in frames
            if (count or is_frame) and not self._is_rest(change):
                entered[change] = count
                near.setdefault(change, Reached(change, BY_TRACE, _FARTHEST))
        ran = {change: LINES if self._has_run(change) else ENTERED for change in entered}
        kept, not_run = self._told_apart(near, ran, starts)
        named = self._named_by_what_ran(starts)
        by_failure = self._named_by_failure([change for change in entered if ran[change] == LINES])
        first = sorted(
            (near[change] for change in entered),
            key=lambda one: (
                ran[one.change] != LINES,
                -entered[one.change],
                -by_failure.get(one.change, 0.0),
                by_likelihood(one),
            ),
        )
        middle = len([one for one in first if ran[one.change] == LINES])
        direct = [one for one in named if one.distance <= 1]
        others = sorted([*kept, *(one for one in named if one.distance > 1)], key=by_likelihood)
        return Ranked([*first[:middle], *direct, *first[middle:], *others], ran, not_run)

    def _is_rest(self, change: Change) -> bool:
        """Tell whether a change is of a class or a module without its functions."""
        if change.rest_of or change.function == MODULE:
            return True
        sources = self._facts.sources([change], self._difference.changes)
        return any(_CLASS.search(sources.get(side, "")) for side in (change.before, change.after) if side)

    def _has_entered(self, side: int, change: Change) -> bool:
        trace, unit = self._sides[side], self._unit(side, change)
        return trace is not None and trace.has_entered(change.file, change.function, unit)

    def _unit(self, side: int, change: Change) -> Unit | None:
        return self._units[side].get((change.before, change.after)[side] or "")

    def _has_run(self, change: Change) -> bool:
        """Tell whether a changed line of a function was run on a side on which that is known."""
        known = [
            (trace, unit, lines)
            for side, (trace, lines) in enumerate(zip(self._sides, self._lines(change), strict=True))
            if trace is not None and (unit := self._unit(side, change)) is not None
        ]
        return any(
            trace.has_entered(change.file, change.function, unit)
            and (lines.is_head or trace.has_run(change.file, unit.first, lines.lines))
            for trace, unit, lines in known
        )

    def _lines(self, change: Change) -> tuple[ChangedLines, ChangedLines]:
        return changed_lines(*self._texts(change))

    def _texts(self, change: Change) -> tuple[str, str]:
        sources = self._facts.sources([change], self._difference.changes)
        before, after = (sources.get(side, "") if side else "" for side in (change.before, change.after))
        return before, after

    def _named_by_failure(self, changes: Sequence[Change]) -> Mapping[Change, float]:
        """Say of which changes of those whose lines were run the failure speaks."""
        if len(changes) < 2:
            return {}
        return share_of_words(self._words, {change: self._texts(change) for change in changes})

    # -- what was not entered -----------------------------------------------------------------------------------------

    def _told_apart(
        self, near: Mapping[Change, Reached], ran: Collection[Change], starts: Sequence[Start]
    ) -> tuple[list[Reached], list[Reached]]:
        """Tell what may have been run where no trace sees it from what was not run."""
        kept: list[Reached] = []
        not_run: list[Reached] = []
        elsewhere = self._reached_elsewhere(starts)
        # No name of the test leads to what only a process runs that it starts.
        kept += [one for change, one in elsewhere.items() if one.role == "process" and change not in near]
        for change, one in near.items():
            if change in ran:
                continue
            if not self._is_decided(change):
                kept.append(one)
            elif change in elsewhere:
                kept.append(elsewhere[change])
            elif change.is_import:
                kept.append(one)
            elif self._is_rest(change):
                if self._near_what_ran(change, starts) is None:
                    not_run.append(one)
            elif self._is_run_at_import(change):
                kept.append(one._replace(distance=one.distance + 1))
            elif one.role != "module":
                not_run.append(one)
        return kept, sorted(not_run, key=by_likelihood)

    def _is_decided(self, change: Change) -> bool:
        """Tell whether a side that has the change was seen whole."""
        there = (change.before or change.rest_of, change.after or change.rest_of)
        return any(trace is not None and trace.is_whole and has for trace, has in zip(self._sides, there, strict=True))

    def _reached_elsewhere(self, starts: Sequence[Start]) -> Mapping[Change, Reached]:
        """Give what set-up that another test did, or processes, may have run."""
        known = self._sides.known
        elsewhere = [
            (role, (file, function))
            for role, (file, function) in starts
            if _may_be_shared(role, function) and not any(trace.has_entered(file, function, None) for trace in known)
        ]
        files = {file for trace in known for file in (*trace.files, *self._files_of(trace))}
        elsewhere += [("process", (file, MODULE)) for file in sorted(files)]
        found = {one.change: one for one in self._difference.reach.of(elsewhere)} if elsewhere else {}
        for change in self._difference.changes:
            if change.file in files:
                found.setdefault(change, Reached(change, "process", 1))
        return found

    def _files_of(self, trace: Trace) -> Iterable[str]:
        """Give the files of the modules that processes were to run."""
        ends = [
            f"{module.replace('.', '/')}{end}"
            for module in trace.modules
            for end in (".py", "/__main__.py", "/__init__.py")
        ]
        return [
            file for file in self._difference.passing if any(file == end or file.endswith(f"/{end}") for end in ends)
        ]

    def _named_by_what_ran(self, starts: Sequence[Start]) -> list[Reached]:
        """List the changes of classes and modules that something names which was run, the nearest first."""
        rest = [change for change in self._difference.changes if self._is_rest(change) and not change.is_import]
        found = [self._near_what_ran(change, starts) for change in rest if self._is_decided(change)]
        return sorted((one for one in found if one is not None), key=by_likelihood)

    def _near_what_ran(self, change: Change, starts: Sequence[Start]) -> Reached | None:
        """Give a change of a class or a module with how far it is from what ran; None where none of that names it."""
        if change not in self._near:
            roles = {place: role for role, place in starts if role != "module"}
            distances = self._difference.reach.through(
                change, lambda unit: unit.is_of_import or unit.place in self._entered
            )
            near = [(distance, place) for place, distance in distances.items() if place in self._entered]
            distance, place = min(near, default=(0, None))
            self._near[change] = None if place is None else Reached(change, roles.get(place, BY_TRACE), distance)
        return self._near[change]

    def _is_run_at_import(self, change: Change) -> bool:
        """Tell whether a class or a module calls a function, or another that names it, while it is imported."""
        reach: Reach = self._difference.reach
        users = reach.users(change.provides)
        names = set(change.provides)
        for unit in users:
            if not unit.is_of_import:
                names.update(unit.provides)
        # What is only decorated with it is run at import too.
        ids = sorted({unit.id for unit in (*users, *reach.users(sorted(names)))})[:_MAX_PARSED]
        sources = self._facts.sources_of(ids)
        special = change.function.rpartition(".")[2]
        return any(_calls(sources.get(one, ""), names, special) for one in ids)


def _may_be_shared(role: str, function: str) -> bool:
    """Tell whether another test may have run a start of a test, or nobody in the time of any."""
    name = function.rpartition(".")[2]
    if role == "setup":
        return _ONCE.search(name) is not None
    return role == "fixture" or (role == "hook" and not name.startswith("pytest_runtest_"))


def _calls(text: str, names: Collection[str], special: str) -> bool:
    """Tell whether a text calls one of some names, or decorates with it, other than in the body of a function.

    A class statement calls methods of its metaclass, and of its bases the one that is made for it.
    """
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        called = [node.func] if isinstance(node, ast.Call) else list(getattr(node, "decorator_list", []))
        if isinstance(node, ast.ClassDef):
            called += [keyword.value for keyword in node.keywords if special in _OF_METACLASS]
            called += node.bases if special in _OF_BASE else []
        for one in called:
            if (one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "")) in names:
                return True
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        body: set[int] = {id(part) for part in _list(getattr(node, "body", None))} if is_function else set()
        waiting += [child for child in ast.iter_child_nodes(node) if id(child) not in body]
    return False


def _list(body: object) -> list[object]:
    return body if isinstance(body, list) else [body]
