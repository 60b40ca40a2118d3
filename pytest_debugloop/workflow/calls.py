"""An LLM's call of a tool, as hooks of the agents' framework store it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_debugloop.workflow.scope import Scope

_CLASSIFICATIONS = frozenset({"full_success", "partial_success", "failed", "unknown"})


def write_llm_call(
    scope: Scope,
    tool: object,
    output: object,
    file_path: object,
    success: object,
    quality: object,
    milliseconds: object,
    domain: object,
    analysis: dict[str, object],
) -> None:
    """Append a call, in the shape of a real ``PostToolUse``.

    Args:
        scope: where it belongs.
        tool: its name.
        output: what it gave.
        file_path: the file that it was about.
        success: how it went; what is none of the four words is ``unknown``.
        quality: from 0 to 1; anything else is left out.
        milliseconds: that it took; what is no number is left out.
        domain: of the agent.
        analysis: more that is known.
    """
    notes = scope.notes
    name = notes.name(tool) or "unknown"
    score, took = _number(quality, 1), _number(milliseconds)
    enhanced: dict[str, Any] = {
        "success_classification": success if type(success) is str and success in _CLASSIFICATIONS else "unknown",
        "quality_metrics": {} if score is None else {"quality_score": score},
        "performance_metrics": {} if took is None else {"execution_time_ms": took},
        "execution_analysis": notes.values(analysis) or {},
    }
    values = notes.values({"output": output}) or {}
    payload = {
        "tool_name": name,
        "tool_output": values.get("output"),
        "file_path": notes.text(_path(file_path)) or None,
        "enhanced_metadata": enhanced,
    }
    call = {"payload": payload, "domain": notes.name(domain)}
    scope.write_moment("llm_call", name, metadata={"success": enhanced["success_classification"]}, call=call)


def _path(value: object) -> object:
    import pathlib

    return str(value) if isinstance(value, pathlib.PurePath) else value


def _number(value: object, most: float = math.inf) -> float | int | None:
    if type(value) not in (int, float):
        return None
    assert isinstance(value, (int, float))  # noqa: S101 - as was just asked
    return value if 0 <= value <= min(most, 1e15) else None
