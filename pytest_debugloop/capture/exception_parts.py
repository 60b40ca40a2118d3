"""The parts of an exception in a snapshot: its texts, its frames, and pytest's explanation of a failed assertion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_debugloop.capture.bounds import cut_text
from pytest_debugloop.capture.exceptions import CapturedException

Scrub = Callable[[str], str]


def with_texts(one: CapturedException, text: Scrub, source: Scrub) -> CapturedException:
    """Change the texts of an exception, and the lines of its frames."""
    frames = one.frames
    before = "\n".join(frame.source for frame in frames)
    after = source(before)
    if after != before:
        lines = after.split("\n")
        if len(lines) != len(frames):  # what was taken out went over lines, which are of different places
            lines = [source(frame.source) for frame in frames]
        frames = [frame.changed(source=line) for frame, line in zip(frames, lines, strict=True)]
    return one.changed(message=text(one.message), notes=[text(note) for note in one.notes], frames=frames)


def exception_entry(one: CapturedException, frames: list[dict[str, Any]]) -> dict[str, Any]:
    """Give what is stored of an exception.

    Args:
        one: the exception.
        frames: what is stored of its frames, still without their source.
    """
    out: dict[str, Any] = {"relation": one.relation, "type": one.type, "message": one.message, "frames": frames}
    for entry, frame in zip(frames, one.frames, strict=True):
        entry["source"] = frame.source
    if one.parent is not None:
        out["parent"] = one.parent
    if one.notes:
        out["notes"] = one.notes
    if one.frame_count > len(frames):
        out["$cut"] = cut_text(one.frame_count, len(frames), "frames")
    return out


def assertion_in(message: str) -> str | None:
    """Find pytest's explanation of a failed assertion in its message: it may stand after one of the user's own."""
    if message.startswith("assert "):
        return message
    at = message.find("\nassert ")
    return None if at < 0 else message[at + 1 :]
