"""A failure in as few characters as asked for, the most telling first: for coding agents, and for small screens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_debugloop.answers.causes import CausedFailures, grouped
from pytest_debugloop.answers.failures import history_line, open_line, passed_line
from pytest_debugloop.answers.recoveries import recovery_lines
from pytest_debugloop.answers.runs import nothing_failed, verdict_of
from pytest_debugloop.queries import failures, recoveries, runs
from pytest_debugloop.queries.failures import DetailedFailure
from pytest_debugloop.queries.question import Steps, fetch, first, one
from pytest_debugloop.queries.runs import Run
from pytest_debugloop.snapshots.agent_state import AgentState, Section, StoredFrame
from pytest_debugloop.snapshots.frames import by_relevance, failing_frame, frame_place, own_names, statement_of
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.snapshots.values import Values, own_name
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import counted, error_line, local, short

if TYPE_CHECKING:
    from pytest_debugloop.queries.lookup import Found
    from pytest_debugloop.text.lines import Line

_LEAST_SHARE = 500  # characters below which a failure of a run is named, and not told
_MAX_LISTED = 100
_MAX_NAMED = 11  # of each cause, the example among them
_VALUE = 160
_WIDTH = 200  # of a recovery's lines
_MESSAGE_LINES = 12


class Piece(NamedTuple):
    """A line that may be left out.

    Attributes:
        rank: how telling it is, 0 the most.
        text: without its line end.
        below: whether it says nothing without the line that it stands below: the last before it that does not.
    """

    rank: int
    text: str
    below: bool = False


def brief_text(found: Found | Run, budget: int) -> Steps[str]:
    """Tell what was found in so many characters.

    Args:
        found: what to tell.
        budget: characters at most.
    """
    if isinstance(found, Run):
        return (yield from _of_run(found, budget))
    if found.kind == "run":
        return (yield from _of_run((yield from one(runs.run_of(found.id))), budget))
    if found.kind == "snapshot":
        snapshot = yield from one(failures.snapshot_of(found.id))
        state = recorded_state(snapshot.state)
        return fitted([Piece(0, f"snapshot {found.id}"), *(state_pieces(state) if state else ())], budget)
    if found.kind == "recovery":
        recovery = yield from one(recoveries.recoveries(id=found.id, limit=1))
        lines = [_cut(line) for line in recovery_lines(recovery, _WIDTH)]
        return fitted([Piece(min(number, 9), line) for number, line in enumerate(lines)], budget)
    if found.kind == "test":
        failure = yield from first(failures.failures_of_test(found.id, 1))
        if failure is None:
            return "It never failed."
    else:
        failure = yield from one(failures.failure_of(found.id))
    return fitted(list(failure_pieces(failure)), budget)


def _cut(line: Line) -> str:
    text = line.plain
    return text if not line.is_cut or len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _of_run(run: Run, budget: int) -> Steps[str]:
    head = f"run {short(run.id)} {verdict_of(run)[0]}, {local(run.started_at)}: "
    details = max((budget - len(head)) // _LEAST_SHARE, 1)
    asked = failures.failures_by_cause(run.id, run.correlation_id, _MAX_LISTED, details, _MAX_NAMED)
    groups = list(grouped((yield from fetch(asked))))
    if not groups:
        return fitted([Piece(0, head + nothing_failed(run).replace("N", "n", 1).rstrip("."))], budget)
    details = min(details, len(groups))
    listed = [Piece(0, head + _how_many(groups))]
    for group in groups[details:]:
        failure = group.example.failure
        what = error_line(failure.error_code, failure.error_type, failure.error_message)
        name = f"also {short(failure.id)} {printable(failure.node_id)}: {what}"
        listed.append(Piece(1, name if group.failures == 1 else f"also {group.title}, as {name.removeprefix('also ')}"))
    rest = fitted(listed, budget // 4 if len(listed) > 1 else budget)
    texts, left = [], budget - len(rest) - 2
    for place, group in enumerate(groups[:details]):
        text = fitted(list(_group_pieces(group)), max(left // (details - place) - 2, 0))
        left -= len(text) + 2
        texts.append(text)
    head_line, _, others = rest.partition("\n")
    return "\n\n".join(part for part in (head_line, *texts, others) if part)[:budget]


def _how_many(groups: list[CausedFailures]) -> str:
    many = sum(group.failures for group in groups)
    if len(groups) == _MAX_LISTED:
        return f"{many:,}+ failures of {len(groups)}+ causes"
    return counted(many, "failure") + (f" of {counted(len(groups), 'cause')}" if many > len(groups) else "")


def _group_pieces(group: CausedFailures) -> Iterator[Piece]:
    """Tell the failures of one cause: how many, one of them, and the others by name."""
    if group.failures > 1:
        yield Piece(0, group.title)
    yield from failure_pieces(group.example)
    if group.failures > 1:
        yield Piece(3, f"{counted(group.failures - 1, 'more failure')} of this cause:")
    for place, failure in enumerate(group.others):
        yield Piece(4 + place // 4, f"  {short(failure.id)} {printable(failure.node_id)}", below=True)
    if left := group.failures - 1 - len(group.others):
        yield Piece(7, f"  and {left:,} more", below=True)


def failure_pieces(known: DetailedFailure) -> Iterator[Piece]:
    """Tell a failure line by line.

    Args:
        known: the failure, with its state and history.
    """
    failure = known.failure
    phase = "" if failure.phase in (None, "call") else f" in {printable(failure.phase)}"
    subtest = f" [{printable(failure.subtest)}]" if failure.subtest else ""
    yield Piece(0, f"FAILED {printable(failure.node_id)}{subtest}{phase} ({short(failure.id)})")
    message = printable(failure.error_message, lines=True).split("\n")
    yield Piece(0, f"{printable(failure.error_code or failure.error_type)}: {message[0]}")
    for number, line in enumerate(message[1:_MESSAGE_LINES]):
        yield Piece(2 + number // 4, line)
    if passed := passed_line(known.history):
        yield Piece(1, passed)
    if known.state is not None:
        yield from state_pieces(known.state)
    if seen := history_line(known.history):
        yield Piece(3, f"history: {seen}")
    if state_of_it := open_line(known.history):
        yield Piece(3, state_of_it)


def state_pieces(state: AgentState) -> Iterator[Piece]:
    """Tell a state line by line: the failing frame and its values, the way there, and what surrounds it.

    Args:
        state: a snapshot's ``agent_state``.
    """
    values = Values(state)
    place = failing_frame(state)
    for number, exception in enumerate(state.get("exceptions", ())):
        if number:
            message = printable(str(exception["message"]).split("\n")[0])
            yield Piece(5, f"{exception['relation']}: {printable(str(exception['type']))}: {message}")
        frames = exception["frames"]
        for index, frame in enumerate(frames):
            is_failing = (number, index) == place
            if frame.get("is_folded") and not is_failing:
                continue
            rank = 1 if is_failing else 4 + min(len(frames) - index, 3)
            where = f"{frame_place(frame)} in {printable(str(frame['function']))}"
            yield Piece(rank, f"{where}: {printable(statement_of(frame))}")
            pointer = f"/exceptions/{number}/frames/{index}/locals"
            yield from _names(values, frame.get("locals") or {}, frame, pointer, 2 if is_failing else rank + 1)
    if "returned" in state:
        frame = state["returned"]
        yield Piece(1, f"{frame_place(frame)} in {printable(str(frame['function']))} returned")
        yield from _names(values, frame.get("locals") or {}, frame, "/returned/locals", 2)
    sections: tuple[tuple[Section, int], ...] = (("parameters", 4), ("fixtures", 7))
    for key, rank in sections:
        names = state.get(key) or {}
        shown = [f"{printable(own_name(n))} = {values.one_line(v, _VALUE, f'/{key}/{n}')}" for n, v in _own(names)]
        if shown:
            yield Piece(rank, f"{key}: " + "; ".join(shown))
    for name, captured in (state.get("captured") or {}).items():
        lines = printable(str(captured["text"]), lines=True).rstrip("\n").split("\n")[-8:]
        for number, line in enumerate(lines):
            yield Piece(8 if number >= len(lines) - 2 else 9, f"{printable(str(name))}: {line}")


def _names(values: Values, names: dict[str, Any], frame: StoredFrame, pointer: str, rank: int) -> Iterator[Piece]:
    own = dict(_own(names))
    for number, name in enumerate(by_relevance(own, frame)):
        text = values.one_line(own[name], _VALUE, f"{pointer}/{name}")
        yield Piece(rank + number // 6, f"  {printable(own_name(name))} = {text}", below=True)


def _own(names: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, names[name]) for name in own_names(names)]


def fitted(pieces: list[Piece], budget: int) -> str:
    """Choose the most telling lines that fit, and keep their order.

    Args:
        pieces: in the order in which they are read.
        budget: characters at most, line ends included.

    Returns:
        The lines; what was left out is counted in a last one where there is room for it.
    """
    chosen: dict[int, str] = {}
    left = budget
    reserved = len(_note(len(pieces))) + 1
    heads = _heads(pieces)
    for place in sorted(range(len(pieces)), key=lambda number: (pieces[number].rank, number)):
        text = pieces[place].text
        room = left - (reserved if len(chosen) + 1 < len(pieces) else 0)
        if pieces[place].below and heads[place] >= 0 and heads[place] not in chosen:
            continue
        if len(text) + 1 > room and pieces[place].rank <= 1 and room > 40:
            text = text[: room - 2] + "…"  # what matters most is cut and not left out
        if len(text) + 1 <= room:
            chosen[place] = text
            left -= len(text) + 1
    lines = [chosen[place] for place in sorted(chosen)]
    if len(lines) < len(pieces):
        lines.append(_note(len(pieces) - len(lines)))
    return "\n".join(lines)[:budget]


def _note(left_out: int) -> str:
    return f"… {counted(left_out, 'more line')}"


def _heads(pieces: list[Piece]) -> list[int]:
    """Give for each line the place of the one that it stands below."""
    heads, last = [], -1
    for place, piece in enumerate(pieces):
        if not piece.below:
            last = place
        heads.append(last)
    return heads
