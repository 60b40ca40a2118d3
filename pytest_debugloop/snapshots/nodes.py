"""Exceptions and frames of a snapshot as value objects: whatever JSON somebody stored, what is no frame is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MOST_LINES = 10_000_000


@dataclass(frozen=True, slots=True)
class FrameNode:
    """A frame as it was recorded.

    Attributes:
        file: relative to the run's rootdir where it lies below it.
        function: its qualified name.
        line: where it stands, from 1.
        source: that line, without its indentation; empty where it was not recorded.
        first: number of the first of the lines around it.
        lines: around it; that line alone where no others were recorded, none where not even it was.
        is_folded: whether it is of a library: without locals.
        is_hidden: whether pytest hides it: without locals too.
        locals: recorded JSON of them.
    """

    file: str
    function: str
    line: int
    source: str
    first: int
    lines: tuple[str, ...]
    is_folded: bool
    is_hidden: bool
    locals: Any


@dataclass(frozen=True, slots=True)
class ExceptionNode:
    """An exception as it was recorded.

    Attributes:
        type: its qualified name.
        message: what it said.
        notes: that were added to it.
        relation: how it is tied to the one that it was reached from: raised, cause, context or group.
        parent: place of that one among the exceptions; None for the first.
        frames: outermost first.
    """

    type: str
    message: str
    notes: tuple[str, ...]
    relation: str
    parent: int | None
    frames: tuple[FrameNode, ...]


def exceptions_in(found: Any) -> list[ExceptionNode]:
    """Read the exceptions of a snapshot.

    Args:
        found: the ``exceptions`` of its ``agent_state``.

    Returns:
        The one that failed the test first, then those behind it.
    """
    return [_exception(node) for node in _dicts(found)]


def _exception(node: Mapping[str, Any]) -> ExceptionNode:
    parent = node.get("parent")
    return ExceptionNode(
        type=str(node.get("type")),
        message=str(node.get("message", "")),
        notes=tuple(str(note) for note in _list(node.get("notes"))),
        relation=str(node.get("relation")),
        parent=parent if type(parent) is int else None,
        frames=tuple(_frame(frame) for frame in _dicts(node.get("frames"))),
    )


def _frame(node: Mapping[str, Any]) -> FrameNode:
    line = _number(node.get("line"))
    source = str(node.get("source") or "")
    first, lines = line, [source] if source else []
    context = node.get("context")
    if type(context) is dict and _list(context.get("lines")):
        first, lines = _number(context.get("first")), [str(one) for one in context["lines"]]
    return FrameNode(
        file=str(node.get("file")),
        function=str(node.get("function")),
        line=line,
        source=source,
        first=first,
        lines=tuple(lines),
        is_folded=bool(node.get("is_folded")),
        is_hidden=bool(node.get("is_hidden")),
        locals=node.get("locals"),
    )


def _dicts(found: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in _list(found) if type(one) is dict)


def _list(found: Any) -> list[Any]:
    return found if type(found) is list else []


def _number(found: Any) -> int:
    return min(max(found, 1), _MOST_LINES) if type(found) is int else 1
