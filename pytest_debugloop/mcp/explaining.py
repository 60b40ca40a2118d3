"""One failure for an agent: what was raised, the values that explain it, and what the record knows of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_debugloop.answers.code_under_test import called_by
from pytest_debugloop.answers.telling_values import TellingValues
from pytest_debugloop.errors import NeverFailedError
from pytest_debugloop.mcp.changes import last_pass_of, recovered_of
from pytest_debugloop.mcp.models import FailureAnswer, Frame, NamedValue
from pytest_debugloop.mcp.parts import MESSAGE, TEST, exception_of, flakiness_of
from pytest_debugloop.mcp.room import Room
from pytest_debugloop.mcp.texts import LONGEST_NAME, RecordedText, recorded, word
from pytest_debugloop.queries import failures
from pytest_debugloop.queries.code import Function, functions_named
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.question import Steps, fetch, first
from pytest_debugloop.queries.recoveries import flaky_tests, recoveries
from pytest_debugloop.snapshots.frames import failing_frame, frame_place, own_names, statement_of
from pytest_debugloop.snapshots.paths import frames_path
from pytest_debugloop.snapshots.values import own_name
from pytest_debugloop.text.pointers import value_at
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import short

if TYPE_CHECKING:
    from pytest_debugloop.queries.failures import DetailedFailure
    from pytest_debugloop.queries.lookup import Found
    from pytest_debugloop.snapshots.agent_state import AgentState, Section, StoredFrame

_PHASES = ("collect", "setup", "call", "teardown", "subtest")
_FRAME, _LOCAL = "the traceback, with source code of the project", "variable or fixture, as Python writes it"
SOURCE = "source code of the project, as the run had it"
_LONGEST_SOURCE = 6_000
_CALLED = 4
_SUBSCRIPTED = re.compile(r"[\w)\]]\[")
_SHARE = 4  # of the room that the message, and each text of code or output, may take


def explain_failure(found: Found, budget: int) -> Steps[FailureAnswer]:
    """Explain a failure.

    Args:
        found: a failure, or a test, of which the last failure is taken.
        budget: bytes of the answer.

    Raises:
        NeverFailedError: the test never failed.
    """
    asked = failures.failures_of_test(found.id, 1) if found.kind == "test" else failures.failure_of(found.id)
    known = yield from first(asked)
    if known is None:
        raise NeverFailedError(text=printable(found.test.node_id if found.test else short(found.id)))
    failure = known.failure
    answer = FailureAnswer(
        error_id=short(failure.id),
        run_id=short(failure.run_id),
        test_id=short(failure.task_id),
        test=recorded(TEST, failure.node_id),
        phase=word(failure.phase or "call", _PHASES),  # type: ignore[arg-type]  # one of these, or "other"
        attempt=failure.attempt or 1,
        occurred_at=failure.occurred_at,
        exception=exception_of(failure),
        message=recorded(MESSAGE, failure.error_message, budget // _SHARE),
        seen=known.history.seen if known.history else 1,
        has_state=known.state is not None,
    )
    room = Room(budget, answer)
    if last_pass := last_pass_of(known.history):
        last_pass.changed = room.fill(last_pass.changed)
        answer.last_pass = last_pass
    if failure.recovery_strategy and (recovery := (yield from first(recoveries(error_id=failure.id, limit=1)))):
        recovered = recovered_of(recovery)
        recovered.changed = room.fill(recovered.changed)
        answer.recovered = recovered
    if failure.task_id is not None:
        scores = yield from fetch(flaky_tests(limit=1, filters=Filters(task_ids=(failure.task_id,))))
        answer.flakiness = flakiness_of(scores[0]) if scores else None
    if known.state is not None:
        functions: list[Function] = []
        names = {str(one["function"]).partition(".<locals>")[0].rpartition(".")[2] for one in own_frames(known.state)}
        if failure.run_id is not None:
            functions = yield from fetch(functions_named(failure.run_id, names | set(_called(known))))
        _add_state(answer, known, known.state, functions, budget)
    return answer


def _add_state(
    answer: FailureAnswer, known: DetailedFailure, state: AgentState, functions: list[Function], budget: int
) -> None:
    """Add the state as far as there is room: what explains the failure most comes first."""
    room = Room(budget, answer)
    frames, values = list(_frames(state)), list(_values(state, failing_frame(state)))
    sources, captured = list(map(source_text, _sources(known, functions))), list(_captured(state, budget // _SHARE))
    near = [value for value in values if value.path.startswith("frames[-1].")]
    failing = room.fill(frames[-1:])
    answer.values = room.fill(near)
    answer.source = room.fill(sources)
    answer.frames = [*reversed(room.fill(reversed(frames[:-1]))), *failing]
    answer.values += room.fill(values[len(near) :])
    answer.captured = room.fill(captured)
    given = len(answer.frames) + len(answer.values) + len(answer.source) + len(answer.captured)
    answer.is_cut = given < len(frames) + len(values) + len(sources) + len(captured)


def own_frames(state: AgentState) -> list[StoredFrame]:
    """Give the frames of the project in the exception that tells most; the failing one, too, whose ever it is.

    Args:
        state: of a failure.
    """
    place = failing_frame(state)
    if place is None:
        return []
    frames = state["exceptions"][place[0]]["frames"]
    return [frame for index, frame in enumerate(frames) if not frame.get("is_folded") or index == place[1]]


def _frames(state: AgentState) -> Iterator[Frame]:
    place = failing_frame(state)
    if place is None:
        return
    for index, frame in enumerate(state["exceptions"][place[0]]["frames"]):
        if frame not in own_frames(state):
            continue
        where = f"{frame_place(frame)} in {printable(str(frame['function']))}"
        yield Frame(
            origin=_FRAME,
            path=frames_path(state, (place[0], index)),
            place=where[:LONGEST_NAME],
            statement=printable(statement_of(frame))[:LONGEST_NAME],
        )


def _values(state: AgentState, failing: tuple[int, int] | None) -> Iterator[NamedValue]:
    """Give the values of the failing frame, then those of its callers, parameters and fixtures."""
    values = TellingValues(state)
    found = []
    if failing is not None:
        frames = state["exceptions"][failing[0]]["frames"]
        for index in range(failing[1], -1, -1):
            path = f"{frames_path(state, (failing[0], index))}.locals"
            pointer = f"/exceptions/{failing[0]}/frames/{index}/locals"
            found += values.of_frame(frames[index], path, pointer)
    sections: tuple[Section, ...] = ("parameters", "fixtures")
    for section in sections:
        names = state.get(section) or {}
        found += [values.value(own_name(name), names[name], section, f"/{section}/{name}") for name in own_names(names)]
    for one in found:
        yield NamedValue(origin=_LOCAL, path=printable(one.path), text=f"{one.name} = {one.text}", is_cut=one.is_cut)


def _sources(known: DetailedFailure, functions: list[Function]) -> list[Function]:
    """Choose functions to read: those of the traceback, innermost first, then those that a failed assertion called.

    What it called is known by the last part of the name alone: methods of classes that the failing frame has values of
    come first, and a few are enough.
    """
    frames = [] if known.state is None else own_frames(known.state)
    found = [one for frame in reversed(frames) for one in functions if _is_of(one, frame)]
    called, classes = _called(known), _classes(known)
    others = [one for one in functions if one not in found and one.function.rpartition(".")[2] in called]
    methods = [one for one in others if one.function.rpartition(".")[0].rpartition(".")[2] in classes]
    others = [*methods, *(one for one in others if not methods or "." not in one.function)]
    return list(dict.fromkeys([*found, *others[:_CALLED]]))


def _is_of(function: Function, frame: StoredFrame) -> bool:
    last = function.source.count("\n") + function.line
    name = str(frame["function"]).partition(".<locals>")[0].rpartition(".")[2]
    return (
        function.file == frame["file"]
        and function.line <= frame["line"] <= last
        and function.function.rpartition(".")[2] == name
    )


def _called(known: DetailedFailure) -> list[str]:
    statement = statement_of(known.frame) if known.frame else ""
    return [*called_by(known), *(["__getitem__"] if _SUBSCRIPTED.search(statement) else ())]


def _classes(known: DetailedFailure) -> set[str]:
    """Name the classes of the values that the failing frame has."""
    if known.state is None or known.frame is None:
        return set()
    found = set()
    for value in known.frame.get("locals", {}).values():
        followed = (
            value_at(known.state, str(value["$ref"]), None) if isinstance(value, dict) and "$ref" in value else value
        )
        if isinstance(followed, dict) and "$type" in followed:
            found.add(str(followed["$type"]).rpartition(".")[2])
    return found


def source_text(function: Function) -> RecordedText:
    """Give a function with its place.

    Args:
        function: of a run's code.
    """
    head = f"{function.file}:{function.line} {function.function}"
    return recorded(SOURCE, f"{head}\n{function.source}", _LONGEST_SOURCE)


def _captured(state: AgentState, longest: int) -> Iterator[RecordedText]:
    for name, captured in (state.get("captured") or {}).items():
        text = str(captured["text"]).rstrip()
        if text:
            yield recorded(f"captured: {'log' if 'log' in str(name) else 'output'}", text[-longest:], longest)
