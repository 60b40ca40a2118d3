"""The state at a failure: the exception, its frames with their locals, and the test's fixtures."""

from __future__ import annotations

from types import FrameType
from typing import Any

from pytest_debugloop.capture.encode import MAX_DEPTH, MAX_NODES, Encoder, type_name
from pytest_debugloop.capture.exceptions import Seen
from pytest_debugloop.capture.frames import Frame, is_pytest

STATE_SCHEMA = 1
_MAX_FOREIGN_NODES = MAX_NODES // 5
_FOREIGN_DEPTH = MAX_DEPTH - 2
_MAX_FIXTURE_NODES = MAX_NODES // 5


def error_state(seen: list[Seen], fixtures: dict[str, object]) -> dict[str, Any]:
    """Take the state at an exception.

    Args:
        seen: the exception that failed the phase and those behind it, their frames still alive.
        fixtures: the test's fixtures, name to value.

    Returns:
        What is stored as ``agent_state``: ``schema``, ``exceptions`` (each with its frames, outermost first) and
        ``fixtures``. Frames of the project, of other libraries, and fixtures each have a budget of their own; frames
        of pytest have no locals. The innermost frames are encoded first, so that they are whole when it runs out.
    """
    project, foreign = Encoder(), Encoder(_MAX_FOREIGN_NODES)
    return {
        "schema": STATE_SCHEMA,
        "exceptions": [_exception(one, project, foreign) for one in seen],
        "fixtures": Encoder(_MAX_FIXTURE_NODES).encode_names(fixtures.items()),
    }


def _exception(one: Seen, project: Encoder, foreign: Encoder) -> dict[str, Any]:
    frames = [_frame(frame, project, foreign) for frame in reversed(one.frames)]
    out: dict[str, Any] = {
        "relation": one.relation,
        "type": one.type,
        "message": one.message,
        "frames": frames[::-1],
    }
    if one.notes:
        out["notes"] = one.notes
    return out


def _frame(seen: Frame, project: Encoder, foreign: Encoder) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "file": seen.file,
        "function": seen.function,
        "line": seen.line,
        "source": seen.source,
    }
    if seen.is_project:
        entry["locals"] = project.encode_names(_locals(seen.frame))
    elif not is_pytest(seen.frame):
        entry["locals"] = foreign.encode_names(_locals(seen.frame), _FOREIGN_DEPTH)
    return entry


def _locals(frame: FrameType) -> list[tuple[object, object]]:
    """Give what a frame's names stand for, but for what the interpreter and pytest put there."""
    found: Any = frame.f_locals
    if type(found) is not dict and type_name(type(found)) != "FrameLocalsProxy":
        return [("$locals", found)]  # exec() was given a mapping, whose methods are not ours to call
    items = list(found.items())
    if found is frame.f_globals:
        items = [(name, value) for name, value in items if not (type(name) is str and name.startswith("__"))]
    return [(name, value) for name, value in items if not (type(name) is str and name.startswith("@py"))]
