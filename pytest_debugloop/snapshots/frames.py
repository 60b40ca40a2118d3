"""Frames of a stored state: which one tells most, and what to say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pytest_debugloop.snapshots.agent_state import AgentState, StoredException, StoredFrame
from pytest_debugloop.snapshots.values import own_name
from pytest_debugloop.text.printable import printable

# Marks, the iterator of a generator expression, and pytest's fixtures for what unittest and nose set up.
_NOT_WRITTEN = ("$", ".", "_unittest_", "_xunit_")
_WORD = re.compile(r"[^\W\d]\w*")


def failing_frame(state: AgentState) -> tuple[int, int] | None:
    """Find the frame that tells most: the innermost of the project, of the exception that failed the phase.

    Args:
        state: a snapshot's ``agent_state``.

    Returns:
        The places of exception and frame, None where there is no frame at all.
    """
    for number, exception in enumerate(state["exceptions"]):
        frames = exception["frames"]
        own = [index for index, frame in enumerate(frames) if not frame.get("is_folded")]
        if own or frames:
            return number, own[-1] if own else len(frames) - 1
    return None


def frame_place(frame: StoredFrame) -> str:
    """Write where a frame is, as an editor takes it.

    Args:
        frame: of the snapshot.
    """
    return f"{printable(frame['file'])}:{frame['line']}"


def lines_around(frame: StoredFrame) -> tuple[int, list[str]]:
    """Give the lines that were kept around the line of a frame.

    Args:
        frame: of the snapshot.

    Returns:
        The number of the first, and the lines: that line alone where no others were recorded, none where not even it
        was.
    """
    if "context" in frame:
        return frame["context"]["first"], frame["context"]["lines"]
    return frame["line"], [frame["source"]] if frame["source"] else []


def files_of(exceptions: Iterable[StoredException]) -> list[str]:
    """Name the files that frames of the project are in, as they were recorded.

    Args:
        exceptions: of the snapshot.
    """
    frames = [frame for one in exceptions for frame in one["frames"]]
    return list(dict.fromkeys(frame["file"] for frame in frames if not frame.get("is_folded")))


def contexts_of(exceptions: Iterable[StoredException], file: str) -> list[tuple[int, list[str]]]:
    """Give the lines that were kept around the frames in a file.

    Args:
        exceptions: of the snapshot.
        file: as it was recorded.

    Returns:
        Number of the first line, and the lines, for each frame.
    """
    return [lines_around(frame) for one in exceptions for frame in one["frames"] if frame["file"] == file]


def statement_of(frame: StoredFrame, most: int = 8) -> str:
    """Write the statement that a frame was in, on one line, as far as it is recorded.

    Args:
        frame: of the snapshot.
        most: lines of it.
    """
    source = frame["source"].strip()
    first, around = lines_around(frame)
    lines = [line.strip() for line in around]
    at = frame["line"] - first
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


def by_relevance(names: dict[str, Any], frame: StoredFrame) -> list[str]:
    """Put the names of a frame into the order in which somebody wants to read them.

    Args:
        names: its locals.
        frame: of the snapshot.

    Returns:
        Those in the failing line, from its left; then those of the lines around, the nearest above first; then others.
    """
    line = frame["line"]
    first, lines = lines_around(frame)
    numbered = dict(enumerate(lines, first))
    nearest = sorted(numbered, key=lambda number: (number > line, abs(number - line)))
    places: dict[str, int] = {}
    for text in [frame["source"], *(numbered[number] for number in nearest)]:
        for match in _WORD.finditer(text):
            places.setdefault(match[0], len(places))
    return sorted(names, key=lambda name: (places.get(own_name(name), len(places)), name))
