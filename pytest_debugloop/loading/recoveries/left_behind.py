"""Which changes are of tests that ran before, and of their fixtures: these may leave something behind for a test."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from pytest_debugloop.loading.recoveries.code_changes import Change, Reached
from pytest_debugloop.loading.recoveries.facts import CodeDifference, Facts, Pending
from pytest_debugloop.sources.units import is_test_file

BEFORE = "before"
"""The role of a test that ran before the one that failed."""
_NEAREST = 1
_OF_FIXTURES = "conftest.py"
Place = tuple[str, str]


def changed_before(one: Pending, difference: CodeDifference, known: Collection[Change], facts: Facts) -> list[Reached]:
    """List the changes of tests, and of fixtures that these ask for, that ran before a test on both sides.

    Args:
        one: the recovery.
        difference: of the code.
        known: changes that the test itself reaches.
        facts: what the database knows.
    """
    sides = [
        (_first_places(run, agent, facts), _place(operation))
        for run, agent, operation in (
            (one.error_run, one.error_agent, one.error_operation),
            (one.success_run, one.success_agent, one.success_operation),
        )
    ]
    if any(own not in places for places, own in sides):
        return []
    found = []
    for change, near in difference.reach.reached_from(_NEAREST):
        is_of_tests = is_test_file(change.file) or change.file.rpartition("/")[2] == _OF_FIXTURES
        if change in known or change.is_import or not is_of_tests:
            continue
        ran = [
            distance
            for place, distance in near.items()
            if all(place in places and places[place] < places[own] for places, own in sides)
        ]
        if ran:
            found.append(Reached(change, BEFORE, min(ran)))
    return sorted(found, key=lambda reached: (reached.distance, reached.change.file, reached.change.function))


def _first_places(run: uuid.UUID, agent: str, facts: Facts) -> Mapping[Place, int]:
    """Give when the function of each test began first in a process."""

    def found() -> Mapping[Place, int]:
        places: dict[Place, int] = {}
        for number, operation in enumerate(facts.order(run, agent).tests):
            places.setdefault(_place(operation), number)
        return places

    return facts.remembered(("first places", run, agent), found)


def _place(operation: str) -> Place:
    file, _, name = operation.partition("::")
    return file, name.partition("[")[0].replace("::", ".")
