"""The frames of an exception: which are the project's own, and where each one is.

Source lines come from ``linecache``; nothing is parsed.
"""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import NamedTuple

from pytest_debugloop.records import clean_text

MAX_FRAMES = 50
_FRAMEWORK = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}", f"{os.sep}lib{os.sep}python")
_PYTEST = frozenset({"_pytest", "pluggy", "pytest_debugloop", "unittest", "doctest", "xdist"})


class Frame(NamedTuple):
    """A frame, and what is told of it.

    Attributes:
        frame: the interpreter's own, still alive.
        file: relative to rootdir where it lies below it.
        is_project: whether it belongs to the project under test.
    """

    frame: FrameType
    file: str
    function: str
    line: int
    source: str
    is_project: bool


def is_project_file(path: str, rootdir: str) -> bool:
    """Tell whether a source file belongs to the project under test.

    Args:
        path: the file as its code object names it.
        rootdir: pytest's rootdir.
    """
    if path.startswith("<"):
        return path.startswith("<doctest ")
    prefix = rootdir.rstrip(os.sep) + os.sep
    if path.startswith(prefix):
        path = path[len(prefix) - 1 :]
    elif path.startswith(os.sep):
        return False
    # A virtual environment may lie below rootdir, and rootdir below a folder that is named like one.
    return not any(part in path for part in _FRAMEWORK)


def is_pytest(frame: FrameType) -> bool:
    """Tell whether a frame is pytest's, or of what it runs tests with.

    Args:
        frame: any frame.
    """
    module = frame.f_globals.get("__name__", "")
    return type(module) is str and module.partition(".")[0] in _PYTEST


def relative_file(path: str, rootdir: str) -> str:
    """Name a source file relative to rootdir where it lies below it.

    Args:
        path: the file as its code object names it.
        rootdir: pytest's rootdir.
    """
    prefix = rootdir.rstrip(os.sep) + os.sep
    return clean_text(path[len(prefix) :] if path.startswith(prefix) else path)


def frames_of(traceback: TracebackType | None, rootdir: str) -> list[Frame]:
    """List the frames of a traceback, outermost first, without those in front of the project's own.

    Args:
        traceback: of an exception.
        rootdir: pytest's rootdir.
    """
    found = list(_walk(traceback))
    start = next((i for i, (f, _) in enumerate(found) if is_project_file(f.f_code.co_filename, rootdir)), None)
    if start is None:
        start = next((i for i, (f, _) in enumerate(found) if not is_pytest(f)), max(len(found) - 1, 0))
    found = found[start:]
    if len(found) > MAX_FRAMES:
        found = found[: MAX_FRAMES // 2] + found[-MAX_FRAMES // 2 :]
    return [_frame(frame, line, rootdir) for frame, line in found]


def _walk(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _frame(frame: FrameType, line: int, rootdir: str) -> Frame:
    code = frame.f_code
    return Frame(
        frame,
        relative_file(code.co_filename, rootdir),
        clean_text(getattr(code, "co_qualname", code.co_name)),
        line,
        clean_text(_source_line(frame, line)),
        is_project_file(code.co_filename, rootdir),
    )


def _source_line(frame: FrameType, line: int) -> str:
    try:
        return linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
    except Exception:
        return ""
