"""An exception with those it is chained to, looked at once: what is stored of a failure is made from this.

No code of an exception is run but its ``__str__``, once, as pytest runs it too.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any

from pytest_debugloop.capture.bounds import cut_text
from pytest_debugloop.capture.doctests import message_of, with_locations
from pytest_debugloop.capture.frames import Frame, frames_of
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.storage import derives, type_name
from pytest_debugloop.journal.records import clean_text, plain_text
from pytest_debugloop.lazy import Data, dataclass

MAX_EXCEPTIONS = 20
_LONGEST_MESSAGE = 8_000
_LONGEST_NOTE = 2_000
_MAX_NOTES = 20
_MAX_PLACES = 50

# Python 3.10 has no exception groups: there, pytest raises those of a package that it brings.
_GROUP: Any = getattr(builtins, "BaseExceptionGroup", None) or getattr(
    sys.modules.get("exceptiongroup"), "BaseExceptionGroup", None
)
_DOCTEST_FAILURE = "doctest.DocTestFailure"
_DOCTEST_UNEXPECTED = "doctest.UnexpectedException"
DOCTEST_FAILURES = "_pytest.doctest.MultipleDoctestFailures"
"""The class of what pytest raises where several examples of a doctest have failed."""
_DOCTEST_ERRORS = frozenset({_DOCTEST_FAILURE, _DOCTEST_UNEXPECTED, DOCTEST_FAILURES})

_cause = BaseException.__dict__["__cause__"].__get__
_context = BaseException.__dict__["__context__"].__get__
_is_context_hidden = BaseException.__dict__["__suppress_context__"].__get__
_traceback = BaseException.__dict__["__traceback__"].__get__
_attributes = BaseException.__dict__["__dict__"].__get__
_type, _id = type, id

Scrub = Callable[[str], str]
"""Takes secrets out of a text."""


@dataclass(frozen=True)
class CapturedException(Data):
    """One exception.

    Attributes:
        relation: how it is tied to the one that it was reached from: ``raised``, ``cause``, ``context`` or ``group``.
        type: the qualified name of its class.
        message: its text, bounded, and something honest where it has none that can be read; secrets are in it.
        notes: what was added to it by ``add_note``.
        frames: where it passed, outermost first.
        parent: the place, in the list, of the one that it was reached from.
        frame_count: how many frames there were, where not all are kept.
    """

    relation: str
    type: str
    message: str
    notes: list[str]
    frames: list[Frame]
    parent: int | None = None
    frame_count: int = 0

    @property
    def lines(self) -> list[str]:
        """Its traceback as text, most recent call last."""
        lines = [] if self.relation == "raised" else [f"[{self.relation}]"]
        for frame in self.frames:
            lines.append(f'  File "{frame.file}", line {frame.line}, in {frame.function}')
            if frame.source:
                lines.append(f"    {frame.source}")
        return [*lines, f"{self.type}: {self.message}" if self.message else self.type, *self.notes]


def capture_exception_chain(
    error: BaseException, project: ProjectCode, limit: int, others: Sequence[BaseException] = ()
) -> list[CapturedException]:
    """Look at an exception and at those it is chained to.

    Args:
        error: the exception that failed the phase.
        project: tells which code is its own.
        limit: how many frames of each are kept.
        others: what else failed in the same phase; shown as if the exception were a group of them.

    Returns:
        The given one first, each once, not more than 20.
    """
    found: list[CapturedException] = []
    met: set[int] = set()
    waiting: list[tuple[str, object, int | None]] = [("raised", error, None), *(("group", one, 0) for one in others)]
    while waiting and len(found) < MAX_EXCEPTIONS:
        relation, current, parent = waiting.pop(0)
        if _id(current) in met or not _is_exception(current):
            continue
        met.add(_id(current))
        raised, doctest = _raised_by_example(current)
        waiting += [(name, chained, len(found)) for name, chained in _chained(raised)]
        found.append(_capture_exception(relation, raised, parent, project, limit, doctest))
    return found


def stack_text(seen: list[CapturedException]) -> str:
    """Write the traceback of an exception and of those it is chained to.

    Args:
        seen: what :func:`capture_exception_chain` gave, without secrets.
    """
    return "\n".join(line for one in seen for line in one.lines)


def _is_exception(value: object) -> bool:
    return derives(_type(value), BaseException)


def _raised_by_example(error: Any) -> tuple[Any, Any]:
    """Give the exception that an example of a doctest raised, and doctest's own, None where it is of no doctest."""
    name = type_name(_type(error))
    if name not in _DOCTEST_ERRORS:
        return error, None
    return (error.exc_info[1] if name == _DOCTEST_UNEXPECTED else error), error


def _capture_exception(
    relation: str, error: Any, parent: int | None, project: ProjectCode, limit: int, doctest: Any
) -> CapturedException:
    traceback: TracebackType | None = _traceback(error)
    frames, count = frames_of(traceback, project, limit)
    if doctest is not None:
        frames = with_locations(frames, doctest, project)
        count = max(count, len(frames))
    return CapturedException(relation, type_name(_type(error)), _message(error), _notes(error), frames, parent, count)


def _chained(error: Any) -> list[tuple[str, object]]:
    chained: list[tuple[str, object]] = []
    if _cause(error) is not None:
        chained.append(("cause", _cause(error)))
    elif not _is_context_hidden(error):
        chained.append(("context", _context(error)))
    if _GROUP is not None and derives(_type(error), _GROUP):
        chained += [("group", inner) for inner in _GROUP.__dict__["exceptions"].__get__(error)]
    elif type_name(_type(error)) == DOCTEST_FAILURES:
        chained += [("group", inner) for inner in _attributes(error).get("failures", ())]
    return chained


def _message(error: Any) -> str:
    try:
        text = _doctest_message(error) or str.__str__(str(error))
    except BaseException as failure:
        return f"<{type_name(_type(error))}: its __str__ raised {type_name(_type(failure))}>"
    return clean_text(plain_text(text[: 2 * _LONGEST_MESSAGE])[:_LONGEST_MESSAGE])


def _doctest_message(error: Any) -> str:
    """Say what doctest expected and what it got: its exceptions name but the file."""
    name = type_name(_type(error))
    if name == _DOCTEST_FAILURE:
        return message_of(error)
    return f"{len(error.failures)} examples failed" if name == DOCTEST_FAILURES else ""


def _notes(error: Any) -> list[str]:
    notes = _attributes(error).get("__notes__")
    if _type(notes) is not list:
        return []
    return [clean_text(plain_text(note[:_LONGEST_NOTE])) for note in notes[:_MAX_NOTES] if _type(note) is str]


def project_places(seen: Iterable[CapturedException]) -> list[tuple[str, int, str]]:
    """Say where the project's frames of an exception and of those it is chained to stand, innermost first, each once.

    Args:
        seen: the exceptions.
    """
    places = {
        (frame.file, frame.line, "frame"): None for one in seen for frame in reversed(one.frames) if frame.is_project
    }
    return list(places)[:_MAX_PLACES]


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
