"""The state of a failure and of the pass that recovered it, side by side: the same values as trees, changes marked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.changes import frame_of_test, state_changes
from pytest_debugloop.snapshots.frames import by_relevance
from pytest_debugloop.snapshots.values import own_name
from pytest_debugloop.text.pointers import steps_of
from pytest_debugloop.web.trees import Node, names_tree

_ROOM = 48  # so that what is beside another value shows in which part it differs


@dataclass(frozen=True, slots=True)
class Pair:
    """A value on both sides; None where a side does not have it."""

    name: str
    failed: Node | None
    passed: Node | None


@dataclass(frozen=True, slots=True)
class SectionBeside:
    """A part of both states, such as the fixtures.

    Attributes:
        title: of it.
        changed: values that differ.
        same: those that do not.
    """

    title: str
    changed: list[Pair]
    same: list[Pair]


def side_by_side(failing: AgentState, passing: AgentState) -> Iterator[SectionBeside]:
    """Put two states of a test beside each other: the locals of its function, and its fixtures.

    What differs is what :func:`~pytest_debugloop.snapshots.changes.state_changes` says: no addresses and moments.

    Args:
        failing: ``agent_state`` at the failure.
        passing: the same at the end of the attempt that passed.
    """
    told = state_changes(failing, passing)
    differing = {(steps[0], steps[1]) for change in told["changes"] if len(steps := steps_of(change["path"])) > 1}
    at = frame_of_test(failing, passing)
    if at is not None and "returned" in passing:
        number, index = at
        frame = failing["exceptions"][number]["frames"][index]
        before, after = frame.get("locals") or {}, passing["returned"].get("locals") or {}
        ordered = [*by_relevance(before, frame), *(name for name in after if name not in before)]
        pairs = _paired(
            names_tree(failing, before, f"/exceptions/{number}/frames/{index}/locals", _ROOM),
            names_tree(passing, after, "/returned/locals", _ROOM),
            ordered,
        )
        yield _section("Locals of the test", "locals", pairs, differing)
    before, after = failing["fixtures"], passing["fixtures"]
    pairs = _paired(
        names_tree(failing, before, "/fixtures", _ROOM),
        names_tree(passing, after, "/fixtures", _ROOM),
        list({**before, **after}),
    )
    yield _section("Fixtures", "fixtures", pairs, differing)


def _paired(failed: list[Node], passed: list[Node], names: list[str]) -> list[Pair]:
    sides = [{node.name: node for node in side if node.name} for side in (failed, passed)]
    wanted = dict.fromkeys(own_name(name) for name in names)
    return [
        Pair(name, sides[0].get(name), sides[1].get(name)) for name in wanted if name in sides[0] or name in sides[1]
    ]


def _section(title: str, key: str, pairs: list[Pair], differing: set[tuple[str, str]]) -> SectionBeside:
    own = {own_name(name) for part, name in differing if part == key}
    changed = [pair for pair in pairs if pair.name in own]
    for pair in changed:
        _mark(pair.failed, pair.passed)
    return SectionBeside(title, changed, [pair for pair in pairs if pair.name not in own])


def _mark(failed: Node | None, passed: Node | None) -> None:
    """Mark those parts of two trees that are not alike, and what holds them."""
    if failed is None or passed is None or not (failed.parts and passed.parts):
        for node in (failed, passed):
            if node is not None:
                node.is_changed = True
        return
    sides = [{node.name: node for node in side.parts if node.name} for side in (failed, passed)]
    for name in {**sides[0], **sides[1]}:
        one, other = sides[0].get(name), sides[1].get(name)
        if not _is_alike(one, other):
            _mark(one, other)
    failed.is_changed = passed.is_changed = True


def _is_alike(one: Node | None, other: Node | None) -> bool:
    if one is None or other is None or one.text != other.text:
        return False
    pairs = zip_longest(one.parts, other.parts)
    return all(left and right and left.name == right.name and _is_alike(left, right) for left, right in pairs)
