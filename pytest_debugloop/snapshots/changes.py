"""What was different in the data: the state at a failure against the state at the end of the attempt that passed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from pytest_debugloop.capture.secret_marks import without_numbers
from pytest_debugloop.capture.volatile import IN_VALUES, without_volatile
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.text.pointers import value_at

_MOST = 100
_LONGEST = 500
_EPOCH = (1.0e9, 3.0e9)
_SAME_MOMENT = 86_400.0
_ABSENT = object()
_MACHINERY = frozenset({"unittest.case._Outcome", "method"})


def state_changes(failing: AgentState, passing: AgentState, *, whole: bool = False) -> dict[str, Any]:
    """Compare two states of one test: the locals of its function, and its fixtures.

    Args:
        failing: ``agent_state`` of the error snapshot.
        passing: ``agent_state`` of the success snapshot.
        whole: whether values are given as they are, however large; else what is long is cut.

    Returns:
        ``changes``, each a ``path`` (a JSON pointer, RFC 6901, into ``locals`` and ``fixtures``) with what it was
        ``from`` and ``to``, either left out where there was nothing; ``more``, how many were left out.
    """
    before = {"locals": _locals_at(failing, passing), "fixtures": failing["fixtures"]}
    after = {"locals": _returned(passing), "fixtures": passing["fixtures"]}
    if before["locals"] is None:  # the failure was not in the test's function
        del before["locals"], after["locals"]
    return _told(before, after, failing, passing, whole=whole)


def failure_changes(first: AgentState, second: AgentState, *, whole: bool = False) -> dict[str, Any]:
    """Compare the states of two failures: what their exceptions say, the locals of the frames that both have, fixtures.

    Args:
        first: ``agent_state`` of an error snapshot.
        second: of another.
        whole: as of :func:`state_changes`.

    Returns:
        As :func:`state_changes`; paths begin with ``message``, the name of a function, ``fixtures`` or ``parameters``.
    """
    sides = []
    for state in (first, second):
        raised = state["exceptions"][0] if state["exceptions"] else None
        frames = {one["function"]: one["locals"] for one in (raised["frames"] if raised else ()) if "locals" in one}
        sides.append((f"{raised['type']}: {raised['message']}" if raised else None, frames, state))
    shared = [name for name in sides[0][1] if name in sides[1][1]]
    before, after = (
        {
            "message": message,
            **{name: frames[name] for name in shared},
            "fixtures": state["fixtures"],
            "parameters": state.get("parameters", {}),
        }
        for message, frames, state in sides
    )
    return _told(before, after, first, second, whole=whole)


def _told(before: Any, after: Any, failing: AgentState, passing: AgentState, *, whole: bool) -> dict[str, Any]:
    found = list(_differences("", before, after, failing, passing))
    listed = found[:_MOST]
    if not whole:
        listed = [{key: value if key == "path" else _shown(value) for key, value in one.items()} for one in listed]
    result: dict[str, Any] = {"changes": listed}
    if len(found) > _MOST:
        result["more"] = len(found) - _MOST
    return result


def frame_of_test(failing: AgentState, passing: AgentState) -> tuple[int, int] | None:
    """Find the frame of a failure that is of the function which ended in the state of the pass.

    Args:
        failing: ``agent_state`` of the error snapshot.
        passing: ``agent_state`` of the success snapshot.

    Returns:
        The places of exception and frame; None where the failure was not in that function.
    """
    if "returned" not in passing:
        return None
    place = passing["returned"]["file"], passing["returned"]["function"]
    for number, exception in enumerate(failing["exceptions"]):
        for index, frame in enumerate(exception["frames"]):
            if (frame["file"], frame["function"]) == place:
                return number, index
    return None


def _locals_at(failing: AgentState, passing: AgentState) -> Any:
    found = frame_of_test(failing, passing)
    return None if found is None else failing["exceptions"][found[0]]["frames"][found[1]].get("locals")


def _returned(passing: AgentState) -> Any:
    return passing["returned"].get("locals", {}) if "returned" in passing else {}


def _differences(
    path: str, before: Any, after: Any, failing: AgentState, passing: AgentState
) -> Iterator[dict[str, Any]]:
    waiting = [(path, before, after)]
    met: set[tuple[str | int, str | int]] = set()
    while waiting:
        path, before, after = waiting.pop(0)
        # A value that was shown elsewhere in its state is looked up there: it may be elsewhere in the other.
        references = _reference(before), _reference(after)
        if any(references):
            pair = references[0] or id(before), references[1] or id(after)
            if pair in met:  # or there is no end where they go round in circles
                continue
            met.add(pair)
            before = before if references[0] is None else _at(failing, references[0])
            after = after if references[1] is None else _at(passing, references[1])
            if _reference(before) or _reference(after):
                continue  # it leads to what was cut: nobody can tell
        if type(before) is type(after) is dict:
            keys = list(dict.fromkeys([*before, *after]))
            inner = [(f"{path}/{_escaped(k)}", before.get(k, _ABSENT), after.get(k, _ABSENT)) for k in keys]
            waiting[:0] = inner
        elif type(before) is type(after) is list:
            pairs = enumerate(zip_longest(before, after, fillvalue=_ABSENT))
            waiting[:0] = [(f"{path}/{i}", was, now) for i, (was, now) in pairs]
        elif not _is_same(before, after):
            change = {"path": path}
            if before is not _ABSENT:
                change["from"] = before
            if after is not _ABSENT:
                change["to"] = after
            yield change


def _reference(value: Any) -> str | None:
    pointer = value["$ref"] if type(value) is dict and value.keys() == {"$ref"} else None
    return pointer if type(pointer) is str else None


def _at(state: Any, pointer: str) -> Any:
    found = value_at(state, pointer, _ABSENT)
    if found is _ABSENT:
        return {"$ref": pointer}
    return None if _reference(found) == pointer else found


def _is_same(before: Any, after: Any) -> bool:
    if type(before) is type(after) is str:
        return before == after or _without_noise(before) == _without_noise(after)
    if type(before) is type(after) and type(before) in (float, int):
        seconds = _seconds(before)
        if seconds is not None:
            return bool(abs(before - after) < _SAME_MOMENT * before / seconds)
    if _is_machinery(before) or _is_machinery(after):
        return True
    return type(before) is type(after) and bool(before == after)


def _is_machinery(value: Any) -> bool:
    """Tell whether a value is what unittest and pytest keep in a test case while they run it."""
    kind = value.get("$type") if type(value) is dict else None
    return type(kind) is str and kind in _MACHINERY


def _seconds(number: float) -> float | None:
    """Read a number as a moment: seconds since 1970, or as an integer thousandths, millionths or billionths of them.

    An integer of ten digits is more often something else.
    """
    for unit in (1,) if type(number) is float else (1_000, 1_000_000, 1_000_000_000):
        if _EPOCH[0] * unit < number < _EPOCH[1] * unit:
            return number / unit
    return None


def _without_noise(text: str) -> str:
    return without_numbers(without_volatile(text, IN_VALUES))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _shown(value: Any) -> Any:
    if type(value) in (dict, list):
        text = json.dumps(value, ensure_ascii=False)
        return value if len(text) <= _LONGEST else f"{text[:_LONGEST]} [cut]"
    if type(value) is str and len(value) > _LONGEST:
        return f"{value[:_LONGEST]} [cut]"
    return value
