"""The exceptions of a snapshot: frames with their source, the failing line marked, and locals as trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_debugloop.snapshots.agent_state import AgentState, StoredFrame
from pytest_debugloop.snapshots.frames import by_relevance, frame_place, own_names
from pytest_debugloop.snapshots.values import Values, own_name
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import can_write, counted

_RELATIONS = {
    "cause": "Caused directly by:",
    "context": "Raised while handling:",
    "group": "In its exception group:",
}


def frame_title(frame: StoredFrame) -> Line:
    """Write where a frame is, and in which function, indented.

    Args:
        frame: of the snapshot.
    """
    title = f"{frame_place(frame)} in {printable(str(frame['function']))}"
    return Line.of("  ").append(title, "title")


def source_lines(frame: StoredFrame, around: int = 5) -> Iterator[Line]:
    """Write the source around a frame's line, that line marked.

    Args:
        frame: of the snapshot.
        around: lines before and after.
    """
    line = int(frame["line"])
    context = frame.get("context") or {"first": line, "lines": [frame.get("source", "")]}
    arrow = "❱" if can_write("❱") else ">"
    first, lines = int(context["first"]), list(context["lines"])
    begin, end = max(line - around, first), min(line + around, first + len(lines) - 1)
    while end > line and not str(lines[end - first]).strip():
        end -= 1
    for number in range(begin, end + 1):
        source = printable(str(lines[number - first]), lines=True)
        marked = number == line
        text = Line.of("  ", is_cut=True)
        text = text.append(f"{arrow if marked else ' '} {number:>5} ", "mark" if marked else "faint")
        yield text.append(source, "title" if marked else "")


def locals_lines(
    state: AgentState, place: tuple[int, int], width: int, *, most: int = 30, levels: int = 4
) -> Iterator[Line]:
    """Write the locals of a frame: those that stand in its line first.

    Args:
        state: a snapshot's ``agent_state``.
        place: of the exception and of its frame.
        width: columns of the terminal.
        most: names that are written.
        levels: of the trees of values.
    """
    number, index = place
    frame = state["exceptions"][number]["frames"][index]
    names = frame.get("locals") or {}
    pointer = f"/exceptions/{number}/frames/{index}/locals"
    ordered = {name: names[name] for name in by_relevance(names, frame)}
    yield from names_lines(state, ordered, width, pointer=pointer, most=most, levels=levels)


def names_lines(
    state: Mapping[str, object], names: dict[str, Any], width: int, *, pointer: str, most: int = 30, levels: int = 4
) -> Iterator[Line]:
    """Write named values as trees.

    Args:
        state: a snapshot's ``agent_state``.
        names: the values by their names.
        width: columns of the terminal.
        pointer: where in the state they lie.
        most: names that are written.
        levels: of the trees.
    """
    values = Values(state)
    shown = own_names(names)
    for name in shown[:most]:
        lines = values.tree(
            printable(own_name(name)), names[name], width - 8, pointer=f"{pointer}/{name}", most=most, levels=levels
        )
        for line in lines:
            text = Line.of("        " + "  " * line.depth)
            if line.name:
                text = text.append(line.name, "name").append(" = ")
            yield text.append(line.text)
    if len(shown) > most:
        yield Line.of(f"        … {len(shown) - most:,} more names", "faint")
    if "$cut" in names:
        yield Line.of(f"        … {printable(str(names['$cut']))}", "faint")


def exception_lines(state: AgentState, width: int, *, all_frames: bool = False) -> Iterator[Line]:
    """Write all exceptions of a snapshot with all their frames, the one that failed the phase first.

    Args:
        state: a snapshot's ``agent_state``.
        width: columns of the terminal.
        all_frames: whether the frames of installed packages are written one by one too.
    """
    for number, exception in enumerate(state.get("exceptions", ())):
        if number:
            yield Line.of("")
            yield Line.of(_RELATIONS.get(str(exception.get("relation")), "And:"), "faint")
        yield from message_lines(f"{exception['type']}: {exception['message']}")
        for note in exception.get("notes", ()):
            yield from message_lines(str(note), style="")
        skipped = 0
        for index, frame in enumerate(exception["frames"]):
            if frame.get("is_folded") and not all_frames:
                skipped += 1
                continue
            if skipped:
                yield _skipped(skipped)
                skipped = 0
            yield frame_title(frame)
            yield from source_lines(frame)
            yield from locals_lines(state, (number, index), width)
        if skipped:
            yield _skipped(skipped)
        if "$cut" in exception:
            yield Line.of(f"  … {printable(str(exception['$cut']))}", "faint")


def message_lines(message: str, *, style: str = "fail", most: int = 40, indent: str = "  ") -> Iterator[Line]:
    """Write what an exception says.

    Args:
        message: its text.
        style: of the first line.
        most: lines that are written.
        indent: what each begins with.
    """
    lines = message.split("\n", most)
    for number, line in enumerate(printable("\n".join(lines[:most]), lines=True).split("\n")):
        yield Line.of(indent + line, "" if number else style, is_cut=True)
    if len(lines) > most:
        yield Line.of(f"{indent}… {lines[most].count(chr(10)) + 1:,} more lines", "faint")


def _skipped(count: int) -> Line:
    return Line.of(f"  … {counted(count, 'frame')} of installed packages", "faint")
