"""Names of recorded values as Python writes them, such as ``frames[-1].locals.self.path``, and what they lead to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pytest_debugloop.errors import NotAPathError, NoValueError
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.frames import failing_frame
from pytest_debugloop.snapshots.values import own_name
from pytest_debugloop.text.pointers import value_at
from pytest_debugloop.text.printable import printable

_STEP = re.compile(r"""\.?([^\W\d]\w*)|\[(-?\d{1,9})\]|\[('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")\]""")
_ESCAPE = re.compile(r"\\(.)")
_NAME = re.compile(r"[^\W\d]\w*")
_MAX_TOLD = 20
_MAX_FOLLOWED = 50


class At(NamedTuple):
    """A value, and where it is.

    Attributes:
        value: JSON of the snapshot.
        pointer: its JSON pointer.
    """

    value: Any
    pointer: str


def frames_path(state: AgentState, place: tuple[int, int]) -> str:
    """Name a frame.

    Args:
        state: of the snapshot.
        place: of its exception, and of the frame in it.

    Returns:
        Such as ``frames[-1]``, the innermost of the project, of the exception that failed the test.
    """
    number, index = place
    failing = failing_frame(state)
    own = _own_frames(state, number)
    if failing and failing[0] == number and index in own:
        return f"frames[{own.index(index) - len(own)}]"
    return f"exceptions[{number}].frames[{index}]"


def joined(path: str, name: str) -> str:
    """Name what is in a value.

    Args:
        path: of the value.
        name: of the attribute or local variable, as the program has it.
    """
    return f"{path}.{name}" if _NAME.fullmatch(name) else f"{path}[{name!r}]"


def found_at(state: AgentState, path: str) -> At:
    """Find a recorded value.

    Args:
        state: of the snapshot.
        path: names joined by dots, numbers and quoted keys in brackets. It begins with ``frames``, the project's frames
            of the exception that failed the test, or with a key of the state.

    Raises:
        NotAPathError: it is not written like one.
        NoValueError: nothing is recorded there.
    """
    at, done = At(state, ""), ""
    for step, written in _steps(path):
        followed = _followed(state, at)
        found = _frames(state) if not done and step == "frames" else _inside(followed, step)
        if found is None:
            raise NoValueError(path=printable(path), hint=_hint(followed, done))
        at, done = found, done + written
    return _followed(state, at)


def _steps(path: str) -> Iterator[tuple[str | int, str]]:
    place = 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None or (place == 0 and path.startswith(".")) or (place and match[1] and path[place] != "."):
            raise NotAPathError(path=printable(path), rest=printable(path[place:]))
        name, number, quoted = match.groups()
        yield name or (int(number) if number else _ESCAPE.sub(r"\1", quoted[1:-1])), match[0]
        place = match.end()


def _own_frames(state: AgentState, number: int) -> list[int]:
    frames = state["exceptions"][number]["frames"]
    return [index for index, frame in enumerate(frames) if not frame.get("is_folded")] or list(range(len(frames)))


def _frames(state: AgentState) -> At | None:
    failing = failing_frame(state)
    if failing is None:
        return None
    number = failing[0]
    frames = state["exceptions"][number]["frames"]
    pointers = [f"/exceptions/{number}/frames/{place}" for place in _own_frames(state, number)]
    return At([{"$ref": pointer} for pointer in pointers], "") if frames else None


def _followed(state: AgentState, at: At) -> At:
    for _ in range(_MAX_FOLLOWED):
        if not isinstance(at.value, dict) or "$ref" not in at.value:
            break
        pointer = str(at.value["$ref"])
        at = At(value_at(state, pointer, {"$cut": f"what was at {pointer}"}), pointer)
    return at


def _inside(at: At, step: str | int) -> At | None:
    value, pointer = at
    if isinstance(value, dict) and isinstance(value.get("$items"), list) and isinstance(step, int):
        value, pointer = value["$items"], f"{pointer}/$items"
    if isinstance(value, list):
        if not isinstance(step, int) or not -len(value) <= step < len(value):
            return None
        return At(value[step], f"{pointer}/{step % len(value)}")
    if not isinstance(value, dict):
        return None
    name = str(step)
    key = f"${name}" if name.startswith("$") else name
    for inner, where in ((value, pointer), (value.get("$attributes"), f"{pointer}/$attributes")):
        if isinstance(inner, dict) and key in inner:
            return At(inner[key], f"{where}/{key.replace('~', '~0').replace('/', '~1')}")
    return None


def list_folder(value: Any) -> list[str]:
    """List what can be named in a value, as it is written after the value's own path.

    Args:
        value: JSON of the snapshot.
    """
    if isinstance(value, dict) and isinstance(value.get("$items"), list):
        value = value["$items"]
    if isinstance(value, list):
        return [f"[{index}]" for index in range(len(value))]
    if not isinstance(value, dict):
        return []
    more = value.get("$attributes")
    keys = [*value, *(more if isinstance(more, dict) else ())]
    return [joined("", own_name(key)) for key in keys if not key.startswith("$") or key.startswith("$$")]


def _hint(at: At, path: str) -> str:
    names = [] if path else [".frames"]
    names += list_folder(at.value)
    if not names:
        return f"{printable(path) or 'it'} has no parts"
    listed = ", ".join(printable(name.removeprefix(".")) for name in names[:_MAX_TOLD])
    more = f" and {len(names) - _MAX_TOLD:,} more" if len(names) > _MAX_TOLD else ""
    return f"{printable(path) or 'the state'} has {listed}{more}"
