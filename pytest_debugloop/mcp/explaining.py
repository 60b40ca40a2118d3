"""One failure for an agent: what was raised, the values that explain it, and what the record knows of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_debugloop.answers.code_under_test import called_by, code_under_test
from pytest_debugloop.answers.telling_values import TellingValues
from pytest_debugloop.errors import NeverFailedError
from pytest_debugloop.mcp.changes import last_pass_of, recovered_of
from pytest_debugloop.mcp.models import FailureAnswer, Frame, NamedValue
from pytest_debugloop.mcp.parts import MESSAGE, TEST, exception_of, flakiness_of
from pytest_debugloop.mcp.room import Room
from pytest_debugloop.mcp.texts import LONGEST_NAME, RecordedText, recorded, word
from pytest_debugloop.queries import failures
from pytest_debugloop.queries.code import Function
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.question import Steps, fetch, first
from pytest_debugloop.queries.recoveries import flaky_tests, recoveries
from pytest_debugloop.snapshots.frames import failing_frame, frame_place, own_names, statement_of
from pytest_debugloop.snapshots.paths import frames_path
from pytest_debugloop.snapshots.values import own_name
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import short

if TYPE_CHECKING:
    from pytest_debugloop.queries.failures import DetailedFailure
    from pytest_debugloop.queries.lookup import Found
    from pytest_debugloop.snapshots.agent_state import AgentState, Section

_PHASES = ("collect", "setup", "call", "teardown", "subtest")
_FRAME, _LOCAL = "the traceback, with source code of the project", "variable or fixture, as Python writes it"
_SOURCE = "source code of the project"
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
        functions = yield from code_under_test([known])
        _add_state(answer, known, known.state, functions, budget)
    return answer


def _add_state(
    answer: FailureAnswer, known: DetailedFailure, state: AgentState, functions: list[Function], budget: int
) -> None:
    """Add the state as far as there is room: what explains the failure most comes first."""
    room = Room(budget, answer)
    frames, values = list(_frames(state)), list(_values(state, failing_frame(state)))
    code, captured = list(_code(known, functions, budget // _SHARE)), list(_captured(state, budget // _SHARE))
    near = [value for value in values if value.path.startswith("frames[-1].")]
    failing = room.fill(frames[-1:])
    answer.values = room.fill(near)
    answer.code_under_test = room.fill(code)
    answer.frames = [*reversed(room.fill(reversed(frames[:-1]))), *failing]
    answer.values += room.fill(values[len(near) :])
    answer.captured = room.fill(captured)
    given = len(answer.frames) + len(answer.values) + len(answer.code_under_test) + len(answer.captured)
    answer.is_cut = given < len(frames) + len(values) + len(code) + len(captured)


def _frames(state: AgentState) -> Iterator[Frame]:
    place = failing_frame(state)
    if place is None:
        return
    for index, frame in enumerate(state["exceptions"][place[0]]["frames"]):
        if frame.get("is_folded") and index != place[1]:
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


def _code(known: DetailedFailure, functions: list[Function], longest: int) -> Iterator[RecordedText]:
    names, frame = called_by(known), known.frame
    for function in functions:
        if function.function.rpartition(".")[2] in names and frame and function.file != frame["file"]:
            head = f"{function.file}:{function.line} {function.function}"
            yield recorded(_SOURCE, f"{head}\n{function.source}", longest)


def _captured(state: AgentState, longest: int) -> Iterator[RecordedText]:
    for name, captured in (state.get("captured") or {}).items():
        text = str(captured["text"]).rstrip()
        if text:
            yield recorded(f"captured: {'log' if 'log' in str(name) else 'output'}", text[-longest:], longest)
