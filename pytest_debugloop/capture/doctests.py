"""The examples of a doctest that failed, each with a place in its file: doctest's exceptions have none of their own.

No line of an example is in a file of its own name: frames in ``<doctest name[0]>`` are shown where the example stands.
"""

from __future__ import annotations

from types import FrameType, SimpleNamespace
from typing import Any, cast

from pytest_debugloop.capture.frames import Frame, context_of, is_pytest
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.lazy import lazy_pattern

_FILE = lazy_pattern(r"<doctest (.*)\[(\d+)\]>")
_LONGEST_LINE = 300


def message_of(failure: Any) -> str:
    """Say what an example was expected to print, and what it did.

    Args:
        failure: a ``doctest.DocTestFailure``.
    """
    example = failure.example
    return f"{example.source}Expected:\n{_indented(example.want)}Got:\n{_indented(failure.got)}".rstrip("\n")


def with_locations(frames: list[Frame], failure: Any, project: ProjectCode) -> list[Frame]:
    """Give the frames of a failed doctest, with those of its examples where these stand.

    Args:
        frames: of the exception.
        failure: of an example, or of several examples of one docstring.
        project: tells which code is its own.
    """
    if hasattr(failure, "failures"):
        return [_frame(one.test, 0, "", project) for one in failure.failures[:1]]
    test, example = failure.test, failure.example
    own = _frame(test, example.lineno, example.source, project)
    if not hasattr(failure, "exc_info"):
        return [own]
    theirs = [frame for frame in frames if not is_pytest(frame.frame)]
    found = [_with_location(frame, test, project) for frame in theirs]
    return [own, *found] if found == theirs else found  # an example with an error of syntax was not run


def _with_location(frame: Frame, test: Any, project: ProjectCode) -> Frame:
    match = _FILE.fullmatch(frame.frame.f_code.co_filename)
    if match is None or match[1] != test.name or int(match[2]) >= len(test.examples):
        return frame
    example = test.examples[int(match[2])]
    lines = example.source.splitlines()[frame.line - 1 : frame.line]
    return _frame(test, example.lineno + frame.line - 1, "".join(lines), project, frame)


def _frame(test: Any, offset: int, source: str, project: ProjectCode, live: Frame | None = None) -> Frame:
    """Make the frame of a line of a docstring.

    Args:
        test: the docstring's.
        offset: of the line in the docstring, from 0.
        source: of the line, where the file has none.
        project: tells which code is its own.
        live: the frame that stood there, where one did.
    """
    file = str(test.filename or "<doctest>")
    is_known = test.lineno is not None
    line = test.lineno + offset + 1 if is_known else 1
    own = test.name if live is None or live.function == "<module>" else live.function
    stand_in = cast(
        FrameType,
        SimpleNamespace(
            # Where the docstring was not found in its file, no lines of it are shown.
            f_code=SimpleNamespace(co_filename=file if is_known else "", co_name=own),
            f_locals=test.globs if live is None else live.frame.f_locals,
            f_globals=test.globs if live is None else live.frame.f_globals,
        ),
    )
    first, lines = context_of(stand_in, line)
    text = lines[line - first] if line - first < len(lines) else source.partition("\n")[0]
    return Frame(
        stand_in,
        project.name_of(file),
        clean_text(own),
        line,
        clean_text(text.strip()[:_LONGEST_LINE]),
        is_project=True,
        is_hidden=False,
        identity=project.identity_of(file),
    )


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines()) or "    nothing\n"
