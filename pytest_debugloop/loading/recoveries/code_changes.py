"""Which functions have other code now, and whether a test reaches them.

A test reaches a function where its own function, one of its fixtures or a frame of its failure names it, or names what
names it, and so on: by names alone, as they stand in the source, so a name that several functions have stands for all
of them. That is more than what is really called, and it needs no tracing of any test.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from pytest_debugloop.sources.units import MODULE, is_test_file

_FARTHEST = 6
_MAX_FOLLOWED = 60
_LONGEST_DIFF = 8_000
# What is called where an object is made of its class.
_MAKING = frozenset({"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__", "__class_getitem__"})


class Unit(NamedTuple):
    """A function, or the rest of a class or a module, in one state of its code.

    Attributes:
        id: in ``debug_code_pointers``.
        file: from rootdir.
        function: its qualified name.
        first: its first line.
        last: its last.
        provides: names by which others reach it.
        uses: names that stand in it.
    """

    id: str
    file: str
    function: str
    first: int
    last: int
    provides: Sequence[str]
    uses: Sequence[str]

    @property
    def place(self) -> tuple[str, str]:
        """What it is, whatever its code."""
        return self.file, self.function

    @property
    def is_of_import(self) -> bool:
        """Whether it is run when its file is imported: of a module, or, by its name, of a class."""
        return self.function == MODULE or self.function.rpartition(".")[2].lstrip("_")[:1].isupper()


class Change(NamedTuple):
    """A function that has other code, or a name that is assigned otherwise in a class or a module.

    Attributes:
        file: from rootdir.
        function: its qualified name.
        kind: ``changed``, ``added`` or ``removed``.
        before: its id in ``debug_code_pointers``, None for one that was added.
        after: the same, None for one that was removed.
        provides: names by which others reach it.
        is_import: whether nothing changed but which names of other modules are known.
        texts: what changed, before and after, where that is a part of what the ids stand for.
        rest_of: the class or module that it is a part of, and no function; empty for a function.
        is_opaque: whether its module does something with it that makes names which nobody sees, as ``exec`` does.
        is_from_elsewhere: whether it is a name that is imported from elsewhere now.
    """

    file: str
    function: str
    kind: str
    before: str | None
    after: str | None
    provides: tuple[str, ...]
    is_import: bool = False
    texts: tuple[str, str] | None = None
    rest_of: str = ""
    is_opaque: bool = False
    is_from_elsewhere: bool = False

    @property
    def is_special(self) -> bool:
        """Whether Python calls it by itself, for a sign or a function of its own: the class's name alone does not."""
        name = self.function.rpartition(".")[2]
        return name.startswith("__") and name.endswith("__") and name not in _MAKING and "." in self.function


class Reached(NamedTuple):
    """A change that a test reaches.

    Attributes:
        change: what changed.
        role: of the function that it was reached from: ``frame``, ``test`` or ``fixture``.
        distance: 0 where that function itself changed, else how many names lead to it.
    """

    change: Change
    role: str
    distance: int


def changes_between(before: Iterable[Unit], after: Iterable[Unit]) -> list[Change]:
    """Compare the files that differ between two versions.

    Args:
        before: all units of these files, as they were.
        after: as they are.
    """
    old, new = _by_place(before), _by_place(after)
    found = []
    for place in sorted(old.keys() | new.keys()):
        # A getter and its setter have one name: the first of them that differs is named.
        pairs = zip_longest(old.get(place, ()), new.get(place, ()))
        was, now = next(((a, b) for a, b in pairs if a is None or b is None or a.id != b.id), (None, None))
        if was is None and now is None:
            continue
        kind = "changed" if place in old and place in new else "added" if place in new else "removed"
        names = {name for unit in (was, now) if unit for name in unit.provides}
        found.append(Change(*place, kind, was and was.id, now and now.id, tuple(sorted(names))))
    return found


def _by_place(units: Iterable[Unit]) -> dict[tuple[str, str], list[Unit]]:
    found: dict[tuple[str, str], list[Unit]] = defaultdict(list)
    for unit in units:
        found[unit.place].append(unit)
    return found


def unit_at(units: Iterable[Unit], line: int) -> Unit | None:
    """Give the innermost unit of a file that holds a line.

    Args:
        units: of the file.
        line: from 1.
    """
    holding = [unit for unit in units if unit.first <= line <= unit.last]
    # Of two that hold the same lines the module is the outer one.
    return min(holding, key=lambda unit: (unit.last - unit.first, unit.function == MODULE), default=None)


class Reach:
    """Who reaches a change, in one version of a project.

    Args:
        units: of all files of the version.
        changes: between another version and this.
    """

    def __init__(self, units: Iterable[Unit], changes: Sequence[Change]) -> None:
        self._users: dict[str, list[Unit]] = defaultdict(list)
        for unit in units:
            for name in unit.uses:
                self._users[name].append(unit)
        self._distances = [(change, self._distances_to(change)) for change in changes[:_MAX_FOLLOWED]]
        # Of more changes than are followed, those of a test's own functions still count.
        self._distances += [(change, {(change.file, change.function): 0}) for change in changes[_MAX_FOLLOWED:]]

    def _distances_to(
        self, change: Change, passes: Callable[[Unit], bool] = lambda unit: True
    ) -> dict[tuple[str, str], int]:
        found = {(change.file, change.function): 0, (change.file, change.rest_of or change.function): 0}
        own = change.file, MODULE  # what a module makes of a name of its own is among those that are provided
        waiting = {(_alone(change.file), name) for name in change.provides}
        met = set(waiting)
        for distance in range(1, _FARTHEST + 1):
            coming: set[tuple[str, str]] = set()
            for file, name in waiting:
                for unit in self._users.get(name, ()):
                    if (file and unit.file != file) or (change.rest_of == MODULE and unit.place == own):
                        continue
                    if not passes(unit):
                        continue
                    found.setdefault(unit.place, distance)
                    coming.update((_alone(unit.file), other) for other in unit.provides)
            waiting = coming - met
            met |= waiting
        return found

    def through(self, change: Change, passes: Callable[[Unit], bool]) -> Mapping[tuple[str, str], int]:
        """Give who reaches a change by way of some units alone, each with how many names lead from it to the change.

        Args:
            change: one of those between the two versions.
            passes: tells which units names are followed through.
        """
        return self._distances_to(change, passes)

    def reached_from(self, farthest: int) -> Iterator[tuple[Change, Mapping[tuple[str, str], int]]]:
        """Give each change with the functions near to it, and how many names lead from each to the change.

        Args:
            farthest: how many names at most.
        """
        for change, distances in self._distances:
            yield change, {place: distance for place, distance in distances.items() if distance <= farthest}

    def users(self, names: Iterable[str]) -> list[Unit]:
        """List the units in which one of some names stands.

        Args:
            names: by which others reach something.
        """
        return [unit for name in names for unit in self._users.get(name, ())]

    def of(self, starts: Iterable[tuple[str, tuple[str, str]]]) -> list[Reached]:
        """List the changes that a test reaches, the nearest first.

        Args:
            starts: role and place of each function of the test, of its fixtures and of its failure's frames.
        """
        begun = list(starts)
        found = []
        for change, distances in self._distances:
            near = [
                # A hook is called around all tests: it is farther from each than a fixture that it asks for.
                (role == "module", distances[place] + (role == "hook"), role)
                for role, place in begun
                if place in distances
            ]
            if near:
                _, distance, role = min(near)
                found.append(Reached(change, role, distance + (change.is_special and distance > 0)))
        return sorted(found, key=by_likelihood)


def by_likelihood(reached: Reached) -> tuple[bool, bool, int, str, str]:
    """Give what changes that a test reaches are sorted by: what is most likely the reason comes first.

    Args:
        reached: one of them.
    """
    change = reached.change
    return change.is_import, reached.role == "module", reached.distance, change.file, change.function


def _alone(file: str) -> str:
    """Give the file that alone reaches what stands in a file: itself for one of tests; empty where all do."""
    return file if is_test_file(file) else ""


def diff_of(change: Change, sources: Mapping[str, str]) -> str:
    """Write what changed as a unified diff.

    Args:
        change: of a function.
        sources: its source by its id in ``debug_code_pointers``.
    """
    before, after = change.texts or [sources.get(side, "") if side else "" for side in (change.before, change.after)]
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        f"a/{change.file}:{change.function}",
        f"b/{change.file}:{change.function}",
        lineterm="",
    )
    text = "\n".join(lines)
    return text if len(text) <= _LONGEST_DIFF else text[:_LONGEST_DIFF] + "\n[cut]"
