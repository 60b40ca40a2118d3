"""The state at a failure: the exception, its frames with their locals, and the test's fixtures."""

from __future__ import annotations

from typing import Any

from pytest_debugloop.capture.encode import Encoder, type_name
from pytest_debugloop.capture.frames import (
    chain_of,
    frames_of,
    is_project_file,
    message_of,
    notes_of,
    relative_file,
    source_line,
)

STATE_SCHEMA = 1


def error_state(error: BaseException, fixtures: dict[str, object], rootdir: str) -> dict[str, Any]:
    """Take the state at an exception.

    Args:
        error: the exception that failed the phase, its frames still alive.
        fixtures: the test's fixtures, name to value.
        rootdir: pytest's rootdir, which files are named relative to.

    Returns:
        What is stored as ``agent_state``: ``schema``, ``exceptions`` (each with its frames, outermost first; frames
        outside the project have no locals) and ``fixtures``. The innermost frames are encoded first, so that they
        are whole when the budget runs out.
    """
    encoder = Encoder()
    exceptions = [_exception(encoder, relation, current, rootdir) for relation, current in chain_of(error)]
    return {
        "schema": STATE_SCHEMA,
        "exceptions": exceptions,
        "fixtures": encoder.encode(dict(fixtures)),
    }


def _exception(encoder: Encoder, relation: str, error: BaseException, rootdir: str) -> dict[str, Any]:
    frames: list[dict[str, Any]] = []
    for frame, line in reversed(frames_of(error)):
        code = frame.f_code
        entry: dict[str, Any] = {
            "file": relative_file(code.co_filename, rootdir),
            "function": getattr(code, "co_qualname", code.co_name),
            "line": line,
            "source": source_line(frame, line),
        }
        if is_project_file(code.co_filename, rootdir):
            visible = {name: value for name, value in frame.f_locals.items() if not name.startswith("@py_")}
            entry["locals"] = encoder.encode(visible)
        frames.append(entry)
    out: dict[str, Any] = {
        "relation": relation,
        "type": type_name(type(error)),
        "message": message_of(error),
        "frames": frames[::-1],
    }
    notes = notes_of(error)
    if notes:
        out["notes"] = notes
    return out
