"""The frames of an exception, from the test inwards, with the exceptions behind it.

Source lines come from ``linecache``; nothing is parsed, and no code of the exception but its ``__str__`` is run.
"""

from __future__ import annotations

import builtins
import linecache
import os
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

from pytest_debugloop.capture.encode import MAX_TEXT, type_name
from pytest_debugloop.capture.redact import redact_text
from pytest_debugloop.records import clean_text

# Python 3.10 has no exception groups: there, nothing is one.
_GROUP: type[Any] | tuple[()] = getattr(builtins, "BaseExceptionGroup", ())

MAX_FRAMES = 50
MAX_EXCEPTIONS = 20
_FRAMEWORK = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}", f"{os.sep}lib{os.sep}python")


def is_project_file(path: str, rootdir: str) -> bool:
    """Tell whether a source file belongs to the project under test.

    Args:
        path: the file as its code object names it.
        rootdir: pytest's rootdir.
    """
    if any(part in path for part in _FRAMEWORK) or path.startswith("<"):
        return False
    return path.startswith(rootdir.rstrip(os.sep) + os.sep) or not path.startswith(os.sep)


def relative_file(path: str, rootdir: str) -> str:
    """Name a source file relative to rootdir where it lies below it.

    Args:
        path: the file as its code object names it.
        rootdir: pytest's rootdir.
    """
    prefix = rootdir.rstrip(os.sep) + os.sep
    return clean_text(path[len(prefix) :] if path.startswith(prefix) else path)


def frames_of(error: BaseException) -> list[tuple[FrameType, int]]:
    """List an exception's frames with the line each was at, outermost first, those of pytest in front left out.

    Args:
        error: an exception that was raised.
    """
    frames = list(_walk(error.__traceback__))
    inner = [pair for pair in frames if not _is_pytest(pair[0])]
    start = frames.index(inner[0]) if inner else max(len(frames) - 1, 0)
    frames = frames[start:]
    if len(frames) > MAX_FRAMES:
        frames = frames[: MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2 :]
    return frames


def _walk(tb: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while tb is not None:
        yield tb.tb_frame, tb.tb_lineno
        tb = tb.tb_next


def _is_pytest(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__", "")
    return type(module) is str and module.partition(".")[0] in ("_pytest", "pluggy", "pytest_debugloop", "unittest")


def chain_of(error: BaseException) -> list[tuple[str, BaseException]]:
    """List an exception and those behind it.

    Args:
        error: the exception that failed the phase.

    Returns:
        Pairs of how an exception is tied to the one it was reached from (``raised``, ``cause``, ``context`` or
        ``group``) and the exception, the given one first; each once.
    """
    found: list[tuple[str, BaseException]] = []
    seen: set[int] = set()
    waiting: list[tuple[str, BaseException | None]] = [("raised", error)]
    while waiting and len(found) < MAX_EXCEPTIONS:
        relation, current = waiting.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        found.append((relation, current))
        if current.__cause__ is not None:
            waiting.append(("cause", current.__cause__))
        elif not current.__suppress_context__:
            waiting.append(("context", current.__context__))
        if isinstance(current, _GROUP):
            waiting.extend(("group", inner) for inner in current.exceptions)
    return found


def message_of(error: BaseException) -> str:
    """Give an exception's text, bounded, and something honest where it has none that can be read.

    Args:
        error: the exception; its ``__str__`` is called, as pytest calls it too.
    """
    try:
        text = str(error)
    except BaseException as failure:
        return f"<{type_name(type(error))}: its __str__ raised {type_name(type(failure))}>"
    return redact_text(clean_text(text[: 4 * MAX_TEXT]))


def notes_of(error: BaseException) -> list[str]:
    """Give the notes added to an exception (``add_note``, Python 3.11), bounded.

    Args:
        error: the exception.
    """
    notes = BaseException.__getattribute__(error, "__dict__").get("__notes__")
    if type(notes) is not list:
        return []
    return [redact_text(clean_text(note[:MAX_TEXT])) for note in notes[:20] if type(note) is str]


def stack_text(error: BaseException, rootdir: str) -> str:
    """Write the traceback of an exception and of those behind it, most recent call last.

    Args:
        error: the exception that failed the phase.
        rootdir: pytest's rootdir, which files are named relative to.
    """
    lines: list[str] = []
    for relation, current in chain_of(error):
        if relation != "raised":
            lines.append(f"[{relation}]")
        for frame, line in frames_of(current):
            code = frame.f_code
            lines.append(f'  File "{relative_file(code.co_filename, rootdir)}", line {line}, in {code.co_name}')
            source = source_line(frame, line)
            if source:
                lines.append(f"    {source}")
        lines.append(f"{type_name(type(current))}: {message_of(current)}")
        lines.extend(notes_of(current))
    return redact_text(clean_text("\n".join(lines)))


def source_line(frame: FrameType, line: int) -> str:
    """Give a line of a frame's source, stripped; empty where there is none.

    Args:
        frame: the frame.
        line: the line's number.
    """
    try:
        return linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
    except Exception:
        return ""
