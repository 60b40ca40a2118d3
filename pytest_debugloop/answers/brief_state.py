"""A captured state line by line, what explains the failure first: for texts that have little room."""

from __future__ import annotations

import re
from collections.abc import Iterator
from shlex import quote
from typing import Any, NamedTuple

from pytest_debugloop.snapshots.agent_state import AgentState, Section, StoredFrame
from pytest_debugloop.snapshots.frames import by_relevance, failing_frame, frame_place, own_names, statement_of
from pytest_debugloop.snapshots.paths import frames_path, joined
from pytest_debugloop.snapshots.values import Values, own_name
from pytest_debugloop.text.pointers import value_at
from pytest_debugloop.text.printable import printable

_VALUE = 160
_PART = 40
_LARGE = 12  # parts of a value that says little by itself, such as headers
_CHAIN = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_RECEIVERS = ("self", "cls")
_CODE = frozenset({"type", "module", "function", "builtin_function_or_method", "method"})
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
    names = _Names(state, of)
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
            yield from names.of_frame(frame, path, pointer, 2 if is_failing else rank + 1)
    if "returned" in state:
        frame = state["returned"]
        yield Piece(1, f"{frame_place(frame)} in {printable(str(frame['function']))} returned")
        yield from names.of_frame(frame, "returned.locals", "/returned/locals", 2)
    sections: tuple[tuple[Section, int], ...] = (("parameters", 4), ("fixtures", 7))
    for key, rank in sections:
        found = state.get(key) or {}
        shown = [names.written(own_name(n), found[n], f"{key}", f"/{key}/{n}") for n in own_names(found)]
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


class _Names:
    """Writes named values of a state, each on a line; what is cut says how to get the rest."""

    def __init__(self, state: AgentState, of: str) -> None:
        self._state = state
        self._values = Values(state)
        self._of = of

    def of_frame(self, frame: StoredFrame, path: str, pointer: str, rank: int) -> Iterator[Piece]:
        """Write the locals of a frame: what the failing statement names, the receiver, and then what is only there."""
        names = frame.get("locals") or {}
        own = {name: names[name] for name in own_names(names)}
        statement = statement_of(frame)
        chains = dict.fromkeys(_CHAIN.findall(statement))
        lines = [found for chain in chains if (found := self._chain(chain, names, path, pointer))]
        words = set(re.findall(r"[^\W\d]\w*", statement))
        ordered = sorted(by_relevance(own, frame), key=lambda name: self._weight(name, own[name], words))
        lines += [self.written(own_name(name), own[name], path, f"{pointer}/{name}") for name in ordered]
        for number, line in enumerate(lines):
            yield Piece(rank + number // 6, f"  {line}", below=True)

    def _weight(self, name: str, value: Any, words: set[str]) -> int:
        """Tell how late a name is read: classes and long collections explain a failure least."""
        value = self._followed(value)
        if isinstance(value, dict) and value.get("$type") in _CODE:
            return 4
        if own_name(name) in words:
            return 0
        if own_name(name) in _RECEIVERS:
            return 1
        is_large = isinstance(value, dict) and "$type" not in value and len(value) > _LARGE
        return 3 if is_large else 2

    def _chain(self, chain: str, names: dict[str, Any], path: str, pointer: str) -> str:
        """Write what attributes in the statement lead to, as far as that is recorded."""
        first, *attributes = chain.split(".")
        value, where = self._followed(names.get(first)), f"{pointer}/{first}"
        done = []
        for attribute in attributes:
            if not isinstance(value, dict) or "$type" not in value or attribute not in value:
                break
            done.append(attribute)
            where = f"{where}/{attribute}"
            value = self._followed(value[attribute])
        if not done or (isinstance(value, dict) and value.get("$type") in _CODE):
            return ""
        return self.written(done[-1], value, ".".join([path, first, *done[:-1]]), where, told=".".join([first, *done]))

    def written(self, name: str, value: Any, path: str, pointer: str, told: str = "") -> str:
        """Write a value with its name, on one line.

        Args:
            name: as the program has it.
            value: JSON of the snapshot.
            path: of what the name is in.
            pointer: of the value.
            told: what is written in place of the name.
        """
        text = self._values.one_line(value, _VALUE, pointer)
        if text.endswith("…") and len(text) >= _VALUE:
            rest = value_command(self._of, joined(path, name))
            text = f"{self._values.parts_line(value, _VALUE, _PART, pointer)} (all: {rest})"
        return f"{printable(told or name)} = {text}"

    def _followed(self, value: Any) -> Any:
        if isinstance(value, dict) and "$ref" in value:
            return value_at(self._state, str(value["$ref"]), None)
        return value
