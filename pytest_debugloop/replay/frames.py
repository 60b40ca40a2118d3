"""Real frames and tracebacks for what was recorded, which any debugger takes.

Each frame comes from a tiny code object that has the recorded file, function and line, and that fails at once with the
recorded locals as its own: the way of jinja2's tracebacks. No recorded code is run.
"""

from __future__ import annotations

import ast
import builtins
import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import CodeType, FrameType, TracebackType
from typing import Any

from pytest_debugloop.replay.sources import Source, assembled
from pytest_debugloop.replay.values import Names, Recording
from pytest_debugloop.snapshots.agent_state import AgentState, StoredException, StoredFrame
from pytest_debugloop.snapshots.frames import contexts_of
from pytest_debugloop.text.printable import printable


class RecordedError(Exception):
    """Stands for an exception of the program; its class was made for it, under the name that was recorded."""

    def __repr__(self) -> str:
        return f"<recorded {type(self).__qualname__}: {printable(str(self))}>"


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """A frame, and what was recorded of it.

    Attributes:
        frame: a real one.
        file: as it was recorded: relative to the run's rootdir where it is below it.
        path: as its code object names it, fit for a terminal.
        function: its qualified name, fit for a terminal.
        line: where it stands.
        is_folded: whether it is of a library, or hidden: without locals.
        source: of its file.
    """

    frame: FrameType
    file: str
    path: str
    function: str
    line: int
    is_folded: bool
    source: Source


@dataclass(frozen=True, slots=True)
class RecordedException:
    """An exception with where it passed.

    Attributes:
        relation: how it is tied to the one that it was reached from: raised, cause, context or group.
        error: a stand-in for it.
        frames: outermost first.
        traceback: through these frames; None where there are none.
        start: place of the frame to look at first: the innermost one of the project.
    """

    relation: str
    error: RecordedError
    frames: tuple[RecordedFrame, ...]
    traceback: TracebackType | None
    start: int


def rebuild(state: AgentState, rootdir: str, sources: Mapping[str, Source] | None = None) -> list[RecordedException]:
    """Make exceptions, tracebacks and frames of what was recorded.

    Args:
        state: ``agent_state`` of a snapshot.
        rootdir: of the run, which paths are relative to.
        sources: what is known of files, by their recorded name; of the others it is what stands with the frames.

    Returns:
        The exception that failed the test first, then those it is chained to.
    """
    recording = Recording(state)
    nodes = state["exceptions"]
    files = dict.fromkeys(frame["file"] for node in nodes for frame in node["frames"])
    known = {file: assembled((), contexts_of(nodes, file)) for file in files} | dict(sources or {})
    found: list[RecordedException] = []
    for node in nodes:
        error = _error(node)
        frames = tuple(_frame(frame, rootdir, known[frame["file"]], recording, error) for frame in node["frames"])
        traceback = None
        for frame in reversed(frames):
            traceback = TracebackType(traceback, frame.frame, _lasti(frame.frame), frame.line)
        error.__traceback__ = traceback
        start = max((i for i, frame in enumerate(frames) if not frame.is_folded), default=len(frames) - 1)
        found.append(RecordedException(node["relation"], error, frames, traceback, start))
        _tie(node, found)
    return found


def sources_of(exceptions: list[RecordedException]) -> dict[str, Source]:
    """Give the source of each file that a frame is in, by the path that its code object names.

    Args:
        exceptions: rebuilt ones.
    """
    return {frame.path: frame.source for one in exceptions for frame in one.frames}


def _frame(
    node: StoredFrame, rootdir: str, source: Source, recording: Recording, error: RecordedError
) -> RecordedFrame:
    file, line, function = node["file"], node["line"], printable(node["function"])
    path = printable(file if file.startswith("<") else os.path.abspath(os.path.join(rootdir, file)))  # noqa: PTH100, PTH118
    span = source.function_at(line, function)
    code = _code(path, function, line, min(span.first, line) if span is not None else line)
    around = {
        "__builtins__": builtins,
        "__name__": "recorded",
        "__exception__": error,
        "__pdb_convenience_variables": {"_exception": error},  # $_exception, from Python 3.12
    }
    frame = _raised(code, around, recording.names(node.get("locals")))
    return RecordedFrame(frame, file, path, function, line, "is_folded" in node or "is_hidden" in node, source)


def _code(path: str, function: str, line: int, first: int) -> CodeType:
    """Make code that fails at one line, and does nothing else."""
    tree = ast.parse("1 / 0")
    ast.increment_lineno(tree, line - first)
    for node in ast.walk(tree):  # without columns: a traceback would mark a part of the recorded line
        if isinstance(node, (ast.expr, ast.stmt)):
            node.col_offset = node.end_col_offset = -1
    code: CodeType = compile(tree, "recorded", "exec")
    qualified: dict[str, Any] = {"co_qualname": function} if hasattr(code, "co_qualname") else {}  # from Python 3.11
    name = function.rpartition(".")[2] or function
    return code.replace(co_name=name, co_filename=path, co_firstlineno=first, **qualified)


def _raised(code: CodeType, names: dict[str, Any], locals_: Names) -> FrameType:
    try:
        exec(code, names, locals_)  # noqa: S102 - our own code: 1 / 0
    except ZeroDivisionError as error:
        inner = error.__traceback__.tb_next if error.__traceback__ is not None else None
        if inner is not None:
            return inner.tb_frame
    raise AssertionError("1 / 0 did not fail")


def _lasti(frame: FrameType) -> int:
    return max(frame.f_lasti, 0)


def _error(node: StoredException) -> RecordedError:
    module, _, short = printable(node["type"]).rpartition(".")
    cls = type(short, (RecordedError,), {"__module__": module or "builtins", "__qualname__": short})
    error: RecordedError = cls(node["message"])
    if "notes" in node:
        error.__notes__ = list(node["notes"])  # type: ignore[attr-defined]  # from Python 3.11
    return error


def _tie(node: StoredException, found: list[RecordedException]) -> None:
    """Tie the last of the exceptions to the one that it was reached from."""
    parent, relation = node.get("parent", -1), node["relation"]
    if not 0 <= parent < len(found) - 1:
        return
    outer, error = found[parent].error, found[-1].error
    if relation == "cause":
        outer.__cause__ = error
    elif relation == "context":
        outer.__context__ = error
    else:
        outer.exceptions = (*getattr(outer, "exceptions", ()), error)  # type: ignore[attr-defined]  # as a group has
