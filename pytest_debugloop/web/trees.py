"""Recorded values as trees that open and close without a script."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pytest_debugloop.snapshots.agent_state import AgentState, StoredFrame
from pytest_debugloop.snapshots.frames import by_relevance, own_names
from pytest_debugloop.snapshots.values import Line, Values, own_name

_ROOM = 160
_PARTS = 100
_LEVELS = 6
_NAMES = 200


@dataclass(slots=True)
class Node:
    """A value, and what it is made of.

    Attributes:
        name: of it.
        text: the value on a line, or what its parts are parts of.
        parts: what it is made of.
        is_changed: whether it is to be marked, as another one than beside it.
    """

    name: str
    text: str
    parts: list[Node] = field(default_factory=list)
    is_changed: bool = False


def frame_tree(state: AgentState, frame: StoredFrame, pointer: str) -> list[Node]:
    """Give the locals of a frame: those that stand in its line first.

    Args:
        state: that the frame is of.
        frame: of it.
        pointer: of its locals.
    """
    names = frame.get("locals") or {}
    return names_tree(state, {name: names[name] for name in by_relevance(names, frame)}, pointer)


def names_tree(state: AgentState, names: dict[str, Any], pointer: str, room: int = _ROOM) -> list[Node]:
    """Give named values.

    Args:
        state: that they are of.
        names: the values by their names.
        pointer: where they lie.
        room: characters of a line; what is longer is a tree.
    """
    values = Values(state)
    shown = own_names(names)
    nodes: list[Node] = []
    for name in shown[:_NAMES]:
        lines = values.tree(own_name(name), names[name], room, pointer=f"{pointer}/{name}", most=_PARTS, levels=_LEVELS)
        nodes += _nested(lines)
    if len(shown) > _NAMES:
        nodes.append(Node("", f"… {len(shown) - _NAMES:,} more names"))
    if "$cut" in names:
        nodes.append(Node("", f"… {names['$cut']}"))
    return nodes


def _nested(lines: Iterable[Line]) -> list[Node]:
    top: list[Node] = []
    levels = [top]
    for line in lines:
        del levels[line.depth + 1 :]
        node = Node(line.name, line.text)
        levels[line.depth].append(node)
        levels.append(node.parts)
    return top
