"""The frames of an exception: which are the project's own, where each one is, and the source around it.

Source lines come from ``linecache``; nothing is parsed.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from types import CodeType, FrameType, FunctionType, TracebackType
from typing import Any

from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.storage import derives, module_name, mro_of, namespace_of, short_name, type_name
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.lazy import Data, dataclass

AROUND = 5
"""Lines of source that are kept before and after the one that a frame stands at."""
_LONGEST_LINE = 300
_PYTEST = frozenset({"_pytest", "pluggy", "pytest_debugloop", "unittest", "doctest", "xdist"})


@dataclass(frozen=True)
class Frame(Data):
    """A frame, and what is reported of it.

    Attributes:
        frame: the interpreter's own, still alive.
        file: as :meth:`ProjectCode.name_of` names it.
        function: its qualified name.
        source: the line it stands at.
        is_project: whether it belongs to the project under test.
        is_hidden: whether ``__tracebackhide__`` keeps it out of pytest's tracebacks.
        identity: the file as :meth:`ProjectCode.identity_of` names it.
    """

    frame: FrameType
    file: str
    function: str
    line: int
    source: str
    is_project: bool
    is_hidden: bool
    identity: str


def is_pytest(frame: FrameType) -> bool:
    """Tell whether a frame is pytest's, or of what it runs tests with.

    Args:
        frame: any frame.
    """
    module = frame.f_globals.get("__name__", "")
    return type(module) is str and module.partition(".")[0] in _PYTEST


def frames_of(traceback: TracebackType | None, project: ProjectCode, limit: int) -> tuple[list[Frame], int]:
    """List the frames of a traceback, outermost first, without those in front of the project's own.

    Args:
        traceback: of an exception.
        project: tells which code is its own.
        limit: how many frames at most; where there are more, those in the middle are left out.

    Returns:
        The frames, and how many there were.
    """
    found: list[tuple[FrameType, int, bool]] = []
    is_own: bool | None = None  # of the frame that called; of the first, that is asked of the frame
    for frame, line in _walk(traceback):
        is_own = project.has(frame, is_called_by_own=is_own)
        found.append((frame, line, is_own))
    start = next((i for i, (_, _, is_project) in enumerate(found) if is_project), None)
    if start is None:
        start = next((i for i, (f, _, _) in enumerate(found) if not is_pytest(f)), max(len(found) - 1, 0))
    found = found[start:]
    kept = found if len(found) <= limit else found[: limit // 2] + found[len(found) - (limit + 1) // 2 :]
    return [frame_at(frame, line, project, is_project=is_own) for frame, line, is_own in kept], len(found)


def context_of(frame: FrameType, line: int) -> tuple[int, list[str]]:
    """Give the source around a line.

    Args:
        frame: that stands there.
        line: its number, from 1.

    Returns:
        The number of the first line, and the lines, five before and five after; none where there is no source.
    """
    lines = _source_lines(frame)
    first = max(line - AROUND, 1)
    return first, [text.rstrip()[:_LONGEST_LINE] for text in lines[first - 1 : line + AROUND]]


def locals_of(frame: FrameType) -> list[tuple[object, object]]:
    """Give what a frame's names stand for, but for what the interpreter and pytest put there.

    Args:
        frame: any frame.
    """
    found: Any = frame.f_locals
    if type(found) is not dict and type_name(type(found)) != "FrameLocalsProxy":
        return [("$locals", found)]  # exec() was given a mapping, whose methods are not ours to call
    items = list(found.items())
    if found is frame.f_globals:
        items = [(name, value) for name, value in items if not (type(name) is str and name.startswith("__"))]
    return [(name, value) for name, value in items if not (type(name) is str and name.startswith("@py"))]


def _walk(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def frame_at(frame: FrameType, line: int, project: ProjectCode, *, is_project: bool | None = None) -> Frame:
    """Say what is recorded of a frame.

    Args:
        frame: any frame.
        line: where it stands.
        project: tells which code is its own.
        is_project: whether the frame's is, where that is known.
    """
    path = frame.f_code.co_filename
    lines = _source_lines(frame)
    return Frame(
        frame,
        project.name_of(path),
        short_name(_function_name(frame)),
        line,
        clean_text(lines[line - 1].strip()[:_LONGEST_LINE]) if 0 < line <= len(lines) else "",
        project.has(frame) if is_project is None else is_project,
        _is_hidden(frame),
        project.identity_of(path),
    )


def _function_name(frame: FrameType) -> str:
    """Name the function of a frame, with the classes and functions it is in where that is known."""
    code = frame.f_code
    name: str = getattr(code, "co_qualname", "")  # from Python 3.11
    return name or _found_name(frame, code)


def _found_name(frame: FrameType, code: CodeType) -> str:
    """Find the function that a method's code belongs to through the class of its first argument."""
    if code.co_argcount and type(frame.f_locals) is dict:
        first: Any = frame.f_locals.get(code.co_varnames[0])
        cls = first if derives(type(first), type) else type(first)  # the first argument of a class method is a class
        for base in mro_of(cls):
            found: Any = namespace_of(base).get(code.co_name)
            if type(found) in (classmethod, staticmethod):
                found = found.__func__
            if type(found) is FunctionType and found.__code__ is code:
                return found.__qualname__
    return code.co_name


def _is_hidden(frame: FrameType) -> bool:
    # As pytest has it, but what it would call is not called: that is somebody's code, and would run twice.
    found = frame.f_locals
    for names in (found, frame.f_globals):
        if type(names) is dict or module_name(type(names)) == "builtins":
            hidden = names.get("__tracebackhide__", False)
            if hidden is not False:
                return type(hidden) in (bool, int) and bool(hidden)
    return False


def _source_lines(frame: FrameType) -> list[str]:
    try:
        loader = frame.f_globals.get("__loader__")
        is_known = module_name(type(loader)).partition(".")[0] in _LOADERS
        return linecache.getlines(frame.f_code.co_filename, frame.f_globals if is_known else None)
    except Exception:
        return []


_LOADERS = frozenset({"_frozen_importlib_external", "importlib", "zipimport"})
