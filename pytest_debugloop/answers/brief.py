"""A failure in as few characters as asked for, the most telling first: for coding agents, and for small screens."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pytest_debugloop.answers.brief_state import Piece, state_pieces, value_command
from pytest_debugloop.answers.causes import CausedFailures, grouped
from pytest_debugloop.answers.code_under_test import code_pieces, code_under_test
from pytest_debugloop.answers.comparison import passed_lines, side
from pytest_debugloop.answers.failures import history_line, open_line, passed_line
from pytest_debugloop.answers.recoveries import passed_again_lines, recovery_lines
from pytest_debugloop.answers.runs import nothing_failed, verdict_of
from pytest_debugloop.queries import failures, recoveries, runs
from pytest_debugloop.queries.code import Function
from pytest_debugloop.queries.failures import DetailedFailure
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.question import Steps, fetch, first, one
from pytest_debugloop.queries.runs import Run
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, error_line, local, short

if TYPE_CHECKING:
    from pytest_debugloop.queries.lookup import Found
    from pytest_debugloop.text.lines import Line

BUDGET = 4000
"""Characters of a text where nobody asks for another number."""

_LEAST_SHARE = 500  # characters below which a failure of a run is only named
_MAX_LISTED = 100
_MAX_NAMED = 11  # of each cause, the example among them
_WIDTH = 200  # of a recovery's lines
_MESSAGE_LINES = 12


def brief_text(found: Found | Run, budget: int, page: int = 1) -> Steps[str]:
    """Tell what was found in so many characters.

    Args:
        found: what to tell.
        budget: characters at most.
        page: 1 for what tells most, 2 for the most telling of the rest, and so on.
    """
    if isinstance(found, Run):
        return (yield from _of_run(found, budget, page))
    if found.kind == "run":
        return (yield from _of_run((yield from one(runs.run_of(found.id))), budget, page))
    following = _command(found.id, budget, page + 1)
    if found.kind == "success":
        passed = yield from one(side("success", found.id))
        return fitted([Piece(0, line.plain) for line in passed_lines(passed)], budget, following, page)
    if found.kind == "session":
        rows = yield from fetch(runs.runs(filters=Filters(session_ids=(found.id,))))
        pieces = [Piece(int(run.exit_status == 0), _run_line(run)) for run in rows]
        return fitted(pieces, budget, following, page)
    if found.kind == "snapshot":
        snapshot = yield from one(failures.snapshot_of(found.id))
        state = recorded_state(snapshot.state)
        pieces = [Piece(0, f"snapshot {found.id}"), *(state_pieces(state, short(found.id)) if state else ())]
        return fitted(pieces, budget, following, page)
    if found.kind == "recovery":
        recovery = yield from one(recoveries.recoveries(id=found.id, limit=1))
        lines = [_cut(line) for line in recovery_lines(recovery, _WIDTH)]
        return fitted([Piece(min(number, 9), line) for number, line in enumerate(lines)], budget, following, page)
    if found.kind == "test":
        failure = yield from first(failures.failures_of_test(found.id, 1))
        if failure is None:
            return "It never failed."
    else:
        failure = yield from one(failures.failure_of(found.id))
    following = _command(failure.failure.id, budget, page + 1)
    functions = yield from code_under_test([failure])
    return fitted(list(failure_pieces(failure, functions)), budget, following, page)


def _run_line(run: Run) -> str:
    failed = counted(run.errors_total or 0, "failure")
    return f"run {short(run.id)} {verdict_of(run)[0]}, {failed}, leg {printable(run.leg) or 'without a name'}"


def _command(of: uuid.UUID, budget: int, page: int) -> str:
    given = f" --budget {budget}" if budget != BUDGET else ""
    return f"debugloop show {short(of)} --brief{given}" + (f" --page {page}" if page > 1 else "")


def _cut(line: Line) -> str:
    text = line.plain
    return text if not line.is_cut or len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def _of_run(run: Run, budget: int, page: int) -> Steps[str]:
    head = f"run {short(run.id)} {verdict_of(run)[0]}, {local(run.started_at)}: "
    details = max((budget - len(head)) // _LEAST_SHARE, 1)
    before = details * (page - 1)
    asked = failures.failures_by_cause(run.id, run.correlation_id, before + _MAX_LISTED, before + details, _MAX_NAMED)
    groups = list(grouped((yield from fetch(asked))))
    if not groups:
        pieces = [Piece(0, head + nothing_failed(run).replace("N", "n", 1).rstrip("."))]
        if run.recoveries_total:
            passes = yield from fetch(
                recoveries.recoveries(run_id=run.id, correlation_id=run.correlation_id, limit=500)
            )
            lines = list(passed_again_lines(passes, _MAX_LISTED))
            pieces += [Piece(min(1 + index, 9), line.plain) for index, line in enumerate(lines[:-1])]
        return fitted(pieces, budget, f"debugloop show {short(run.id)}")
    listed = [Piece(0, head + _how_many(groups, before + _MAX_LISTED) + (f", page {page}" if before else ""))]
    groups = groups[before:]
    details = min(details, len(groups))
    for group in groups[details:]:
        failure = group.example.failure
        what = error_line(failure.error_code, failure.error_type, failure.error_message)
        name = f"also {short(failure.id)} {printable(failure.node_id)}: {what}"
        listed.append(Piece(1, name if group.failures == 1 else f"also {group.title}, as {name.removeprefix('also ')}"))
    if len(listed) > 1 and budget >= 2 * _LEAST_SHARE:
        listed.insert(1, Piece(0, f"more of each: {_command(run.id, budget, page + 1)}"))
    rest = fitted(listed, budget // 4 if len(listed) > 1 else budget)
    functions = yield from code_under_test([group.example for group in groups[:details]])
    texts, left = [], budget - len(rest) - 2
    for index, group in enumerate(groups[:details]):
        following = _command(group.example.failure.id, BUDGET, 1)
        text = fitted(list(_group_pieces(group, functions)), max(left // (details - index) - 2, 0), following)
        left -= len(text) + 2
        texts.append(text)
    head_line, _, others = rest.partition("\n")
    return "\n\n".join(part for part in (head_line, *texts, others) if part)[:budget]


def _how_many(groups: list[CausedFailures], most: int) -> str:
    many = sum(group.failures for group in groups)
    if len(groups) == most:
        return f"{many:,}+ failures of {len(groups)}+ causes"
    return counted(many, "failure") + (f" of {counted(len(groups), 'cause')}" if many > len(groups) else "")


def _group_pieces(group: CausedFailures, functions: list[Function]) -> Iterator[Piece]:
    """Tell the failures of one cause: how many, one of them, and the others by name."""
    if group.failures > 1:
        yield Piece(0, group.title)
    yield from failure_pieces(group.example, functions)
    if group.failures > 1:
        yield Piece(3, f"{counted(group.failures - 1, 'more failure')} of this cause:")
    for index, failure in enumerate(group.others):
        yield Piece(4 + index // 4, f"  {short(failure.id)} {printable(failure.node_id)}", below=True)
    if left := group.failures - 1 - len(group.others):
        all_of = f"debugloop show {short(group.example.failure.run_id)} --limit 0"
        yield Piece(7, f"  and {left:,} more: {all_of}", below=True)


def failure_pieces(known: DetailedFailure, functions: list[Function]) -> Iterator[Piece]:
    """Tell a failure line by line.

    Args:
        known: the failure, with its state and history.
        functions: of the run's code, of which those are shown that a failed assertion calls.
    """
    failure = known.failure
    phase = "" if failure.phase in (None, "call") else f" in {printable(failure.phase)}"
    subtest = f" [{printable(failure.subtest)}]" if failure.subtest else ""
    yield Piece(0, f"FAILED {printable(failure.node_id) or 'outside of tests'}{subtest}{phase} ({short(failure.id)})")
    message = printable(failure.error_message, lines=True).split("\n")
    yield Piece(0, f"{printable(failure.error_code or failure.error_type)}: {message[0]}")
    for number, line in enumerate(message[1:_MESSAGE_LINES]):
        yield Piece(2 + number // 4, line)
    if len(message) > _MESSAGE_LINES:
        yield Piece(5, f"… all {len(message):,} lines: {value_command(short(failure.id), 'message')}")
    if passed := passed_line(known.history):
        yield Piece(1, passed)
    if known.state is not None:
        yield from state_pieces(known.state, short(failure.id))
        yield from code_pieces(known, functions)
    if failure.recovery_strategy:
        yield Piece(1, f"fixed since: recovered by {printable(failure.recovery_strategy)}, {ago(failure.resolved_at)}")
    if seen := history_line(known.history):
        yield Piece(3, f"history: {seen}")
    if state_of_it := open_line(known.history):
        yield Piece(3, state_of_it)


def fitted(pieces: list[Piece], budget: int, rest: str = "", page: int = 1) -> str:
    """Choose the most telling lines that fit, and keep their order.

    Args:
        pieces: in the order in which they are read.
        budget: characters at most, line ends included.
        rest: the command that gives what was left out.
        page: 1 for the most telling lines, 2 for the most telling of those that were left out, and so on.

    Returns:
        The lines; what was left out is counted in a last one where there is room for it.
    """
    heads = _heads(pieces)
    details: set[int] = set()
    reserved = len(_note(len(pieces), rest)) + 1
    chosen = _chosen(pieces, heads, details, budget, reserved)
    for _ in range(page - 1):
        if not chosen:
            break
        details |= chosen.keys()
        chosen = _chosen(pieces, heads, details, budget, reserved)
    lines = [chosen[place] for place in sorted(chosen)]
    if left_out := len(pieces) - len(details) - len(lines):
        lines.append(_note(left_out, rest))
    return "\n".join(lines)[:budget]


def _chosen(pieces: list[Piece], heads: list[int], details: set[int], budget: int, reserved: int) -> dict[int, str]:
    chosen: dict[int, str] = {}
    left = budget
    ranked = [index for index in range(len(pieces)) if index not in details]
    for place in sorted(ranked, key=lambda number: (pieces[number].rank, number)):
        text = pieces[place].text
        room = left - (reserved if len(chosen) + 1 < len(ranked) else 0)
        if pieces[place].below and heads[place] >= 0 and heads[place] not in details and heads[place] not in chosen:
            continue
        if len(text) + 1 > room and (pieces[place].rank <= 1 or len(text) >= budget - reserved) and room > 40:
            text = text[: room - 2] + "…"  # what matters most is cut and not left out
        if len(text) + 1 <= room:
            chosen[place] = text
            left -= len(text) + 1
    return chosen


def _note(left_out: int, rest: str) -> str:
    return f"… {counted(left_out, 'more line')}" + (f": {rest}" if rest else "")


def _heads(pieces: list[Piece]) -> list[int]:
    """Give for each line the place of the one that it stands below."""
    heads, last = [], -1
    for index, piece in enumerate(pieces):
        if not piece.below:
            last = index
        heads.append(last)
    return heads
