"""Frames of a stored state: which one tells most, and what to say of it."""

from __future__ import annotations

import re
from typing import Any

from pytest_debugloop.snapshots.values import own_name
from pytest_debugloop.text.printable import printable

# Marks, the iterator of a generator expression, and pytest's fixtures for what unittest and nose set up.
_NOT_WRITTEN = ("$", ".", "_unittest_", "_xunit_")
_WORD = re.compile(r"[^\W\d]\w*")


def failing_frame(state: dict[str, Any]) -> tuple[int, int] | None:
    """Find the frame that tells most: the innermost of the project, of the exception that failed the phase.

    Args:
        state: a snapshot's ``agent_state``.

    Returns:
        The places of exception and frame, None where there is no frame at all.
    """
    for number, exception in enumerate(state.get("exceptions", ())):
        frames = exception.get("frames", ())
        own = [place for place, frame in enumerate(frames) if not frame.get("is_folded")]
        if own or frames:
            return number, own[-1] if own else len(frames) - 1
    return None


def frame_place(frame: dict[str, Any]) -> str:
    """Write where a frame is, as an editor takes it.

    Args:
        frame: of the snapshot.
    """
    return f"{printable(str(frame['file']))}:{frame['line']}"


def statement_of(frame: dict[str, Any], most: int = 8) -> str:
    """Write the statement that a frame was in, on one line, as far as it is recorded.

    Args:
        frame: of the snapshot.
        most: lines of it.
    """
    source = str(frame.get("source", "")).strip()
    context = frame.get("context") or {}
    lines = [str(line).strip() for line in context.get("lines", ())]
    at = int(frame["line"]) - int(context.get("first", 0))
    for line in lines[at + 1 : at + most] if 0 <= at < len(lines) else ():
        if sum(source.count(opening) for opening in "([{") <= sum(source.count(closing) for closing in ")]}"):
            break
        source += line if source[-1:] in "([{" or line[:1] in ")]}" else f" {line}"
    return source


def own_names(names: dict[str, Any]) -> list[str]:
    """Leave out the marks of the snapshot, and names that no program wrote.

    Args:
        names: locals, fixtures or the like, of the snapshot.
    """
    return [name for name in names if not name.startswith(_NOT_WRITTEN) or name.startswith("$$")]


def by_relevance(names: dict[str, Any], frame: dict[str, Any]) -> list[str]:
    """Put the names of a frame into the order in which somebody wants to read them.

    Args:
        names: its locals.
        frame: of the snapshot.

    Returns:
        Those in the failing line, from its left; then those of the lines around, the nearest above first; then others.
    """
    line = int(frame["line"])
    context = frame.get("context") or {"first": line, "lines": []}
    numbered = {int(context["first"]) + place: str(text) for place, text in enumerate(context["lines"])}
    nearest = sorted(numbered, key=lambda number: (number > line, abs(number - line)))
    places: dict[str, int] = {}
    for text in [str(frame.get("source", "")), *(numbered[number] for number in nearest)]:
        for match in _WORD.finditer(text):
            places.setdefault(match[0], len(places))
    return sorted(names, key=lambda name: (places.get(own_name(name), len(places)), name))
