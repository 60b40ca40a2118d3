"""A failure as people read it: in a list, and whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_debugloop.cli.views.frames import (
    exception_lines,
    frame_title,
    locals_lines,
    message_lines,
    names_lines,
    source_lines,
)
from pytest_debugloop.snapshots.frames import failing_frame
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, local, passes_elsewhere, percent, short, verdict_mark

if TYPE_CHECKING:
    from rich.text import Text

    from pytest_debugloop.queries.failures import Failure, FailureHistory

_LISTED_NAMES = 8
_LISTED_MESSAGE = 8


def title_line(failure: Failure) -> Text:
    """Write which test failed, and the id of its failure.

    Args:
        failure: of the record.
    """
    from rich.text import Text

    text = Text(f"{verdict_mark(True)} ", style="fail")
    text.append(printable(failure.node_id or f"({failure.error_type})"), style="title")
    if failure.subtest:
        text.append(f" [{printable(failure.subtest)}]")
    if failure.phase not in ("call", "", None):
        text.append(f" ({printable(failure.phase)})", style="warn")
    return text.append(f"  {short(failure.id)}", style="id")


def history_line(history: FailureHistory | None) -> str:
    """Say in one line what the record knows of this kind of failure.

    Args:
        history: see :func:`pytest_debugloop.queries.failures.history_of_failure`; None where it is of no test.
    """
    if history is None or history.seen <= 1:
        return "" if history is None else "seen for the first time"
    seen = f"seen {counted(history.seen, 'time')} in {counted(history.runs, 'run')}, first {ago(history.first_at)}"
    parts = [seen]
    if history.recovered and history.dominant_times:
        share = history.dominant_times / history.seen
        parts.append(f"recovers by {printable(str(history.dominant_strategy))} {percent(share)}")
    elif not history.recovered:
        parts.append("never recovered")
    if history.last_fixed_function:
        where = f"{history.last_fixed_file}::{history.last_fixed_function}"
        parts.append(f"last fixed by a change in {printable(where)}, {ago(history.last_fixed_at)}")
    return ", ".join(parts)


def open_line(history: FailureHistory | None) -> str:
    """Say that a failure is open, whether anybody has looked since, and where its test passes.

    Args:
        history: of the failure; None where it is of no test.

    Returns:
        Nothing where it is recovered, or fails everywhere and was run lately.
    """
    if history is None or not history.is_open:
        return ""
    parts = [f"not run since {local(history.not_run_since)[:10]}"] if history.not_run_since else []
    parts += filter(None, [passes_elsewhere(history.passes_elsewhere)])
    return ", ".join(["open", *parts]) if parts else ""


def listed(
    failure: Failure, state: dict[str, Any] | None, history: FailureHistory | None, width: int
) -> Iterator[Text]:
    """Write a failure as one of many: its message, the line that failed, the values in it, what is known.

    Args:
        failure: of the record.
        state: of its snapshot, None where there is none, or it is too large.
        history: of its kind.
        width: columns of the terminal.
    """
    from rich.text import Text

    yield title_line(failure)
    message = f"{failure.error_code or failure.error_type}: {failure.error_message}"
    yield from message_lines(message, width, most=_LISTED_MESSAGE)
    place = failing_frame(state) if state else None
    if state and place:
        frame = state["exceptions"][place[0]]["frames"][place[1]]
        yield Text("  ").append_text(frame_title(frame))
        yield from source_lines(frame, width, around=2)
        yield from locals_lines(state, place, width, most=_LISTED_NAMES, levels=1)
    if failure.recovery_strategy == "retry":
        yield Text("  passed when it was tried again in this run", style="pass")
    elif failure.attempts_failed > 1:
        yield Text(f"  failed {counted(failure.attempts_failed, 'time')} in this run", style="warn")
    if known := history_line(history):
        yield Text(f"  {known}", style="faint")
    if state_of_it := open_line(history):
        yield Text(f"  {state_of_it}", style="warn")
    yield Text("")


def whole(
    failure: Failure,
    state: dict[str, Any] | None,
    history: FailureHistory | None,
    width: int,
    *,
    folded: bool = False,
) -> Iterator[Text]:
    """Write all that is recorded of a failure.

    Args:
        failure: of the record.
        state: of its snapshot, None where there is none.
        history: of its kind.
        width: columns of the terminal.
        folded: whether the frames of installed packages are written too.
    """
    from rich.text import Text

    yield title_line(failure)
    attempt = f", attempt {failure.attempt}" if failure.attempt else ""
    when = f"{local(failure.occurred_at)} ({ago(failure.occurred_at)})"
    yield Text(f"  {when} by {printable(failure.agent_name)}{attempt}, run {short(failure.run_id)}", style="faint")
    kind = f"  {failure.error_type}, {failure.error_category}, severity {failure.error_severity}"
    yield Text(printable(kind) + (", one of an incident" if failure.is_incident else ""), style="faint")
    if known := history_line(history):
        yield Text(f"  {known}", style="faint")
    if state_of_it := open_line(history):
        yield Text(f"  {state_of_it}", style="warn")
    if failure.recovery_strategy:
        yield Text(f"  recovered by {printable(failure.recovery_strategy)}, {ago(failure.resolved_at)}", style="pass")
    yield Text("")
    if state and state.get("exceptions"):
        yield from exception_lines(state, width, folded=folded)
    else:
        yield from message_lines(
            f"{failure.error_code or failure.error_type}: {failure.error_message}", width, most=400
        )
    if state:
        yield from surroundings(state, width)


def surroundings(state: dict[str, Any], width: int) -> Iterator[Text]:
    """Write what a snapshot has beside the exceptions: fixtures, parameters, output.

    Args:
        state: a snapshot's ``agent_state``.
        width: columns of the terminal.
    """
    from rich.text import Text

    for key in ("parameters", "fixtures", "environment"):
        names = state.get(key) or {}
        if names:
            yield Text("")
            yield Text(f"  {key}", style="title")
            yield from names_lines(state, names, width, pointer=f"/{key}", levels=2)
    for key, captured in (state.get("captured") or {}).items():
        yield Text("")
        yield Text(f"  captured {printable(str(key))}", style="title")
        yield from message_lines(str(captured["text"]).rstrip("\n"), width, style="", most=60, indent="    ")
        if "$cut" in captured:
            yield Text(f"    … {printable(str(captured['$cut']))}", style="faint")
    if "returned" in state:
        yield Text("")
        yield Text("  ").append_text(frame_title(state["returned"])).append(" returned")
        yield from names_lines(state, state["returned"].get("locals") or {}, width, pointer="/returned/locals")
