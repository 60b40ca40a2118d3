"""What others may have stored as a state, made into the shape that this package records: the rest can rely on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from pytest_debugloop.snapshots.agent_state import AgentState, StoredException, StoredFrame

_MAX_LINES = 10_000_000
_NAMES = ("fixtures", "parameters", "environment")


def recorded_state(value: object) -> AgentState | None:
    """Read a state as this package records it.

    Args:
        value: JSON of a snapshot's ``agent_state``.

    Returns:
        The state, with all exceptions and frames whole; what has another form there is left out. None where it is no
        state of this package at all: others may store theirs.
    """
    if not isinstance(value, dict) or type(value.get("schema")) is not int or value["schema"] != 1:
        return None
    if not isinstance(value.get("exceptions"), list):
        return None
    state = {key: part for key, part in value.items() if _FORMS.get(key, _anything)(part)}
    state.setdefault("fixtures", {})
    state["exceptions"] = recorded_exceptions(value["exceptions"])
    for key in ("markers", "threads", "tasks"):
        if key in state:
            state[key] = [one for one in state[key] if isinstance(one, dict)]
    if "captured" in state:
        state["captured"] = _captured(state["captured"])
    if "returned" in state:
        state["returned"] = _frame(state["returned"])
    return cast("AgentState", state)


def recorded_exceptions(value: object) -> list[StoredException]:
    """Read the exceptions of a state.

    Args:
        value: JSON of its ``exceptions``.

    Returns:
        The one that failed the phase first, then those it is chained to; what is none is left out.
    """
    return [_exception(one) for one in dicts(value)]


def _exception(found: dict[str, Any]) -> StoredException:
    texts = {name: _text(found.get(name), missing) for name, missing in _TEXTS_OF_EXCEPTION}
    kept = {**found, **texts, "frames": [_frame(one) for one in dicts(found.get("frames"))]}
    if notes := [_text(one, "") for one in _list(found.get("notes"))]:
        kept["notes"] = notes
    else:
        kept.pop("notes", None)
    if type(found.get("parent")) is not int:
        kept.pop("parent", None)
    return cast("StoredException", kept)


def _frame(found: dict[str, Any]) -> StoredFrame:
    line = _line(found.get("line"))
    frame = {
        **found,
        **{name: _text(found.get(name), missing) for name, missing in _TEXTS_OF_FRAME},
        "line": line,
    }
    if not isinstance(frame.get("locals", {}), dict):
        del frame["locals"]
    for sign in ("is_folded", "is_hidden"):
        if not frame.get(sign, True):
            del frame[sign]
        elif sign in frame:
            frame[sign] = True
    context = frame.pop("context", None)
    if isinstance(context, dict):
        first, lines = _line(context.get("first")), [_text(one, "") for one in _list(context.get("lines"))]
        if first <= line < first + len(lines):
            frame["context"] = {"first": first, "lines": lines}
    return cast("StoredFrame", frame)


def _captured(value: dict[str, Any]) -> dict[str, Any]:
    return {name: {**one, "text": _text(one.get("text"), "")} for name, one in value.items() if isinstance(one, dict)}


def _text(value: object, missing: str) -> str:
    return value if isinstance(value, str) else missing if value is None else str(value)


def _line(value: object) -> int:
    return min(max(value, 1), _MAX_LINES) if type(value) is int else 1


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def dicts(value: object) -> list[dict[str, Any]]:
    """Give the objects of a list.

    Args:
        value: any JSON.
    """
    return [one for one in _list(value) if isinstance(one, dict)]


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _anything(value: object) -> bool:
    return True


_TEXTS_OF_EXCEPTION = (("type", "?"), ("message", ""), ("relation", "?"))
_TEXTS_OF_FRAME = (("file", "?"), ("function", "?"), ("source", ""))
_FORMS: dict[str, Callable[[object], bool]] = {
    **dict.fromkeys((*_NAMES, "captured", "returned", "fixture_scopes"), _is_dict),
    **dict.fromkeys(("markers", "threads", "tasks"), _is_list),
    "assertion": lambda value: isinstance(value, str),
}
