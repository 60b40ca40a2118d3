"""A captured state line by line, what explains the failure first: for texts that have little room."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import NamedTuple

from pytest_debugloop.answers.telling_values import TellingValue, TellingValues
from pytest_debugloop.snapshots.agent_state import AgentState, Section, StoredFrame
from pytest_debugloop.snapshots.frames import failing_frame, frame_place, own_names, statement_of
from pytest_debugloop.snapshots.paths import frames_path, joined
from pytest_debugloop.snapshots.values import own_name
from pytest_debugloop.text.printable import printable

_OUTPUT_LINES = 8


class Piece(NamedTuple):
    """A line that may be left out.

    Attributes:
        rank: how telling it is, 0 the most.
        text: without its line end.
        below: whether it says nothing without the line that it stands below: the last before it that does not.
    """

    rank: int
    text: str
    below: bool = False


def value_command(of: str, path: str) -> str:
    """Say how to get a value whole.

    Args:
        of: the short id of the failure or the snapshot.
        path: of the value.
    """
    return f"debugloop value {of} {quote(path)}"


def state_pieces(state: AgentState, of: str) -> Iterator[Piece]:
    """Tell a state: the failing frame and its values, the way there, and what surrounds it.

    Args:
        state: a snapshot's ``agent_state``.
        of: the short id of what it is the state of, by which what is cut is asked for.
    """
    values = TellingValues(state)

    def of_frame(frame: StoredFrame, path: str, pointer: str, rank: int) -> Iterator[Piece]:
        for number, value in enumerate(values.of_frame(frame, path, pointer)):
            yield Piece(rank + number // 6, f"  {_written(value, of)}", below=True)

    place = failing_frame(state)
    for number, exception in enumerate(state.get("exceptions", ())):
        if number:
            message = printable(str(exception["message"]).split("\n")[0])
            yield Piece(5, f"{exception['relation']}: {printable(str(exception['type']))}: {message}")
        frames = exception["frames"]
        for index, frame in enumerate(frames):
            is_failing = (number, index) == place
            if frame.get("is_folded") and not is_failing:
                continue
            rank = 1 if is_failing else 4 + min(len(frames) - index, 3)
            where = f"{frame_place(frame)} in {printable(str(frame['function']))}"
            yield Piece(rank, f"{where}: {printable(statement_of(frame))}")
            path = f"{frames_path(state, (number, index))}.locals"
            pointer = f"/exceptions/{number}/frames/{index}/locals"
            yield from of_frame(frame, path, pointer, 2 if is_failing else rank + 1)
    if "returned" in state:
        frame = state["returned"]
        yield Piece(1, f"{frame_place(frame)} in {printable(str(frame['function']))} returned")
        yield from of_frame(frame, "returned.locals", "/returned/locals", 2)
    sections: tuple[tuple[Section, int], ...] = (("parameters", 4), ("fixtures", 7))
    for key, rank in sections:
        found = state.get(key) or {}
        shown = [_written(values.value(own_name(n), found[n], key, f"/{key}/{n}"), of) for n in own_names(found)]
        if shown:
            yield Piece(rank, f"{key}: " + "; ".join(shown))
    for name, captured in (state.get("captured") or {}).items():
        all_lines = printable(str(captured["text"]), lines=True).rstrip("\n").split("\n")
        lines = all_lines[-_OUTPUT_LINES:]
        for number, line in enumerate(lines):
            yield Piece(8 if number >= len(lines) - 2 else 9, f"{printable(str(name))}: {line}")
        if len(lines) < len(all_lines):
            rest = value_command(of, f"{joined('captured', str(name))}.text")
            yield Piece(9, f"… all {len(all_lines):,} lines of {printable(str(name))}: {rest}")


def _written(value: TellingValue, of: str) -> str:
    """Write a value with its name; where it is cut, with the command that gives all of it."""
    rest = f" (all: {value_command(of, value.path)})" if value.is_cut else ""
    return f"{value.name} = {value.text}{rest}"
