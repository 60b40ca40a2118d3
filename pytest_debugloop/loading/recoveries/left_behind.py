"""Which changes are of tests that ran before, and of what these use: they may leave something behind for a test."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from pytest_debugloop.loading.recoveries.code_changes import Change, Reached
from pytest_debugloop.loading.recoveries.effects import changed_effects
from pytest_debugloop.loading.recoveries.facts import CodeDifference, Facts, Pending
from pytest_debugloop.loading.recoveries.starts import Start
from pytest_debugloop.sources.units import MODULE, is_test_file

BEFORE = "before"
"""The role of a test that ran before the one that failed."""
SHARING = "before, sharing"
"""The role of one whose change acts on what the test names, too."""
_NEAREST = 1
# How many names farther from the test than from what ran before: most commits change some test, and break no other.
_AWAY = {BEFORE: 5, SHARING: 2}
_OF_FIXTURES = "conftest.py"
_OF_TEST = frozenset({"test", "frame", "fixture", "setup"})
Place = tuple[str, str]


def changed_before(
    one: Pending, difference: CodeDifference, known: Collection[Change], starts: Collection[Start], facts: Facts
) -> list[Reached]:
    """List the changes of tests, and of what these use, that ran before a test on both sides.

    Args:
        one: the recovery.
        difference: of the code.
        known: changes that the test itself reaches.
        starts: of the test. Where nothing that it reaches changed, other code that tests before it use counts, too, as
            far as it acts on what these name.
        facts: what the database knows.
    """
    sides = [
        (_first_places(run, agent, facts), place_of(operation))
        for run, agent, operation in (
            (one.error_run, one.error_agent, one.error_operation),
            (one.success_run, one.success_agent, one.success_operation),
        )
    ]
    if any(own not in places for places, own in sides):
        return []
    named = frozenset() if known else _names_of(starts, difference)
    imported = [{file for file, _ in places} for places, _ in sides]
    found = []
    for change, near in difference.reach.reached_from(_NEAREST):
        if change in known or change.is_import:
            continue
        ran = [
            distance
            for place, distance in near.items()
            if all(place in places and places[place] < places[own] for places, own in sides)
        ]
        # What stands in a file of tests is run when they are collected, before the first of them.
        if change.function == MODULE or change.rest_of == MODULE:
            ran += [_NEAREST] if all(change.file in files for files in imported) else []
        if not ran:
            continue
        is_of_tests = is_test_file(change.file) or change.file.rpartition("/")[2] == _OF_FIXTURES
        if named and _effects(change, difference, facts) & named:
            found.append(Reached(change, SHARING, min(ran) + _AWAY[SHARING]))
        elif is_of_tests and change.function != MODULE and change.rest_of != MODULE:
            found.append(Reached(change, BEFORE, min(ran) + _AWAY[BEFORE]))
    return sorted(
        found,
        key=lambda reached: (
            reached.role != SHARING,
            reached.distance,
            reached.change.file,
            reached.change.function,
        ),
    )


def _effects(change: Change, difference: CodeDifference, facts: Facts) -> frozenset[str]:
    sources = facts.sources([change], difference.changes)
    before, after = change.texts or [sources.get(side, "") if side else "" for side in (change.before, change.after)]
    return changed_effects(before, after)


def _names_of(starts: Collection[Start], difference: CodeDifference) -> frozenset[str]:
    """Give the names that stand in a test, in its set-up and in the frames of its failure."""
    places = {place for role, place in starts if role in _OF_TEST}
    return frozenset(
        name
        for file in {file for file, _ in places}
        for unit in difference.failing.get(file, ())
        if unit.place in places
        for name in unit.uses
    )


def _first_places(run: uuid.UUID, agent: str, facts: Facts) -> Mapping[Place, int]:
    """Give when the function of each test began first in a process."""

    def found() -> Mapping[Place, int]:
        places: dict[Place, int] = {}
        for number, operation in enumerate(facts.order(run, agent).tests):
            places.setdefault(place_of(operation), number)
        return places

    return facts.remembered(("first places", run, agent), found)


def place_of(operation: str) -> Place:
    """Give file and function of a test.

    Args:
        operation: its node id.
    """
    file, _, name = operation.partition("::")
    return file, name.partition("[")[0].replace("::", ".")
