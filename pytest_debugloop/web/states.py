"""A recorded state as templates take it: exceptions with frames, their source and values as trees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_debugloop.snapshots.agent_state import AgentState, Section
from pytest_debugloop.snapshots.frames import lines_around
from pytest_debugloop.web.trees import Node, frame_tree, names_tree

_AROUND = 7


def exceptions_of(state: AgentState) -> Iterator[dict[str, Any]]:
    """Give the exceptions of a state, the one that failed the phase first.

    Args:
        state: a snapshot's ``agent_state``.
    """
    for number, exception in enumerate(state["exceptions"]):
        frames = []
        for index, frame in enumerate(exception["frames"]):
            first, lines = lines_around(frame)
            begin = max(frame["line"] - _AROUND - first, 0)
            pointer = f"/exceptions/{number}/frames/{index}/locals"
            frames.append(
                {
                    "frame": frame,
                    "first": first + begin,
                    "lines": lines[begin : frame["line"] - first + _AROUND + 1],
                    "locals": frame_tree(state, frame, pointer) if frame.get("locals") else [],
                    "is_folded": bool(frame.get("is_folded") or frame.get("is_hidden")),
                }
            )
        yield {"exception": exception, "frames": frames, "is_first": number == 0}


def sections_of(state: AgentState) -> Iterator[tuple[str, list[Node]]]:
    """Give parameters, fixtures and environment of a state.

    Args:
        state: a snapshot's ``agent_state``.
    """
    sections: tuple[Section, ...] = ("parameters", "fixtures", "environment")
    for section in sections:
        if names := state.get(section):
            yield section, names_tree(state, names, f"/{section}")
