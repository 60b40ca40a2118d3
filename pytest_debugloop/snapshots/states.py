"""What others may have stored as JSON, made into the shape that this package records: the rest can rely on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_debugloop.text.strategies import EVIDENCE

_MOST_LINES = 10_000_000
_NAMED = ("fixtures", "parameters", "environment")


def recorded_state(value: object) -> dict[str, Any] | None:
    """Read a state as this package records it; docs/snapshots.md tells the shape.

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
    state = {**value, "exceptions": [_exception(one) for one in value["exceptions"] if isinstance(one, dict)]}
    for key in _NAMED:
        if key in state and not isinstance(state[key], dict):
            del state[key]
    if "captured" in state:
        state["captured"] = _captured(state["captured"])
    if "returned" in state:
        if isinstance(state["returned"], dict):
            state["returned"] = _frame(state["returned"])
        else:
            del state["returned"]
    return state


def recorded_evidence(value: object) -> dict[str, Any]:
    """Read the evidence of a recovery; docs/formulas.md tells its keys.

    Args:
        value: JSON of it.

    Returns:
        The keys that have the form they should have.
    """
    found = dict(value) if isinstance(value, dict) else {}
    forms: dict[str, Callable[[Any], Any]] = {
        **{key: _dicts if form == "changes" else _dict for key, form in EVIDENCE.items()},
        "random_seeds": _dict,
        "other_data": _list,
        "verified": _dict,
        "missing": _list,
        "terms": _dict,
    }
    return {name: forms[name](item) if name in forms else item for name, item in found.items()}


def recorded_changes(value: object) -> dict[str, Any]:
    """Read which values were different, from ``success_factors``.

    Args:
        value: JSON of it.

    Returns:
        ``changes``, a list of objects, and ``more``, how many were left out.
    """
    found = _dict(value)
    more = found.get("more")
    return {"changes": _dicts(found.get("changes")), "more": more if type(more) is int and more > 0 else 0}


def _exception(found: dict[str, Any]) -> dict[str, Any]:
    texts = {name: _text(found.get(name), missing) for name, missing in (("type", "?"), ("message", ""))}
    frames = [_frame(one) for one in _dicts(found.get("frames"))]
    notes = [_text(one, "") for one in _list(found.get("notes"))]
    kept = {**found, **texts, "relation": _text(found.get("relation"), "?"), "frames": frames}
    if notes:
        kept["notes"] = notes
    else:
        kept.pop("notes", None)
    return kept


def _frame(found: dict[str, Any]) -> dict[str, Any]:
    line = _line(found.get("line"))
    frame = {
        **found,
        "file": _text(found.get("file"), "?"),
        "function": _text(found.get("function"), "?"),
        "line": line,
        "source": _text(found.get("source"), ""),
    }
    if not isinstance(frame.get("locals", {}), dict):
        del frame["locals"]
    context = _dict(frame.pop("context", None))
    first, lines = _line(context.get("first")), [_text(one, "") for one in _list(context.get("lines"))]
    if first <= line < first + len(lines):
        frame["context"] = {"first": first, "lines": lines}
    return frame


def _captured(value: object) -> dict[str, Any]:
    return {
        name: {**one, "text": _text(one.get("text"), "")} for name, one in _dict(value).items() if isinstance(one, dict)
    }


def _text(value: object, missing: str) -> str:
    return value if isinstance(value, str) else missing if value is None else str(value)


def _line(value: object) -> int:
    return min(max(value, 1), _MOST_LINES) if type(value) is int else 1


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in _list(value) if isinstance(one, dict)]
