"""A failure as people read it: in a list, and whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_debugloop.answers.failures import history_line, open_line, passed_line
from pytest_debugloop.cli.views.frames import (
    exception_lines,
    frame_title,
    locals_lines,
    message_lines,
    names_lines,
    source_lines,
)
from pytest_debugloop.snapshots.agent_state import AgentState, Section
from pytest_debugloop.snapshots.frames import failing_frame
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.strategies import RETRY
from pytest_debugloop.text.words import ago, counted, local, short, verdict_mark

if TYPE_CHECKING:
    from pytest_debugloop.answers.causes import CausedFailures
    from pytest_debugloop.queries.failure_row import Failure
from pytest_debugloop.queries.failures import DetailedFailure

_LISTED_NAMES = 8
_PLAIN = ("validation_error", "execution_error")  # which say no more than the exception
_LISTED_MESSAGE = 8


def title_line(failure: Failure) -> Line:
    """Write which test failed, and the id of its failure.

    Args:
        failure: of the record.
    """
    text = Line.of(f"{verdict_mark(True)} ", "fail")
    text = text.append(printable(failure.node_id or "outside of tests"), "title")
    if failure.subtest:
        text = text.append(f" [{printable(failure.subtest)}]")
    if failure.phase not in ("call", "", None):
        text = text.append(f" ({printable(failure.phase)})", "warn")
    return text.append(f"  {short(failure.id)}", "id")


def listed(known: DetailedFailure, width: int) -> Iterator[Line]:
    """Write a failure as one of many: its message, the line that failed, the values in it, what is known.

    Args:
        known: the failure, with its state and history.
        width: columns of the terminal.
    """
    failure, state = known.failure, known.state
    yield title_line(failure)
    message = f"{failure.error_code or failure.error_type}: {failure.error_message}"
    yield from message_lines(message, most=_LISTED_MESSAGE)
    place = failing_frame(state) if state else None
    if state and place:
        frame = state["exceptions"][place[0]]["frames"][place[1]]
        yield frame_title(frame)
        yield from source_lines(frame, around=2)
        yield from locals_lines(state, place, width, most=_LISTED_NAMES, levels=1)
    if failure.recovery_strategy == RETRY:
        yield Line.of("  passed on a retry in this run", "pass")
    elif failure.attempts_failed > 1:
        yield Line.of(f"  failed {counted(failure.attempts_failed, 'time')} in this run", "warn")
    if failure.recovery_strategy not in (None, RETRY):
        yield Line.of(f"  recovered by {printable(failure.recovery_strategy)}, {ago(failure.resolved_at)}", "pass")
    if passed := passed_line(known.history):
        yield Line.of(f"  {passed}", "warn")
    if seen := history_line(known.history):
        yield Line.of(f"  {seen}", "faint")
    if state_of_it := open_line(known.history):
        yield Line.of(f"  {state_of_it}", "warn")
    yield Line.of("")


def cause_lines(group: CausedFailures, width: int) -> Iterator[Line]:
    """Write the failures of one cause: what they have in common, one with its values, the others by name.

    Args:
        group: of them.
        width: columns of the terminal.
    """
    if group.failures == 1:
        yield from listed(group.example, width)
        return
    yield Line.of(group.title, "fail")
    yield from listed(group.example, width)
    yield Line.of(f"  {counted(group.failures - 1, 'more failure')} of this cause:", "faint")
    for failure in group.others:
        yield Line((("  ", ""), *title_line(failure).spans))
    if left := group.failures - 1 - len(group.others):
        yield Line.of(f"  … and {left:,} more", "faint")
    yield Line.of("")


def failure_lines(known: DetailedFailure, width: int, *, all_frames: bool = False) -> Iterator[Line]:
    """Write all that is recorded of a failure.

    Args:
        known: the failure, with its state and history.
        width: columns of the terminal.
        all_frames: whether the frames of installed packages are written too.
    """
    failure, state = known.failure, known.state
    yield title_line(failure)
    attempt = f", attempt {failure.attempt}" if failure.attempt else ""
    when = f"{local(failure.occurred_at)} ({ago(failure.occurred_at)})"
    yield Line.of(f"  {when} by {printable(failure.agent_name)}{attempt}, run {short(failure.run_id)}", "faint")
    # The exception is named with its message, below.
    is_said = failure.error_type in (*_PLAIN, failure.error_code)
    facts = [] if is_said else [printable(failure.error_type)]
    facts += ["part of an incident"] if failure.is_incident else []
    if facts:
        yield Line.of(f"  {', '.join(facts)}", "faint")
    if passed := passed_line(known.history):
        yield Line.of(f"  {passed}", "warn")
    if seen := history_line(known.history):
        yield Line.of(f"  {seen}", "faint")
    if state_of_it := open_line(known.history):
        yield Line.of(f"  {state_of_it}", "warn")
    if failure.recovery_strategy:
        yield Line.of(f"  recovered by {printable(failure.recovery_strategy)}, {ago(failure.resolved_at)}", "pass")
    yield Line.of("")
    if state and state.get("exceptions"):
        yield from exception_lines(state, width, all_frames=all_frames)
    else:
        yield from message_lines(f"{failure.error_code or failure.error_type}: {failure.error_message}", most=400)
    if state:
        yield from surroundings(state, width)


def surroundings(state: AgentState, width: int) -> Iterator[Line]:
    """Write what a snapshot has beside the exceptions: fixtures, parameters, output.

    Args:
        state: a snapshot's ``agent_state``.
        width: columns of the terminal.
    """
    sections: tuple[Section, ...] = ("state", "parameters", "fixtures", "environment")
    for key in sections:
        names = state.get(key) or {}
        if names:
            yield Line.of("")
            yield Line.of(f"  {key}", "title")
            yield from names_lines(state, names, width, pointer=f"/{key}", levels=2)
    for stream, captured in (state.get("captured") or {}).items():
        yield Line.of("")
        yield Line.of(f"  captured {printable(stream)}", "title")
        yield from message_lines(str(captured["text"]).rstrip("\n"), style="", most=60, indent="    ")
        if "$cut" in captured:
            yield Line.of(f"    … {printable(str(captured['$cut']))}", "faint")
    if "returned" in state:
        yield Line.of("")
        yield frame_title(state["returned"]).append(" returned")
        yield from names_lines(state, state["returned"].get("locals") or {}, width, pointer="/returned/locals")
