"""The attempts of a test as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_debugloop.answers.recoveries import DOUBT, reason_of
from pytest_debugloop.answers.runs import code_of, marks_of_code
from pytest_debugloop.cli.views.sparkline import strip_of
from pytest_debugloop.cli.views.tables import Column, Row, table
from pytest_debugloop.queries.lookup import Test
from pytest_debugloop.queries.recoveries import PastAttempt
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, percent, short, span, verdict_mark

_CHANGED = "*"


def history_lines(
    test: Test, attempts: Sequence[PastAttempt], width: int, *, is_narrowed: bool = False
) -> Iterator[Line]:
    """Write the verdicts of a test in a strip, and below it what is known of each.

    Args:
        test: which one.
        attempts: the latest first.
        width: columns of the terminal.
        is_narrowed: whether options have left attempts out.
    """
    yield Line.of(printable(test.node_id), "title")
    if not attempts:
        never = "It never ran to the end: it was skipped or interrupted."
        yield Line.of("No attempts match." if is_narrowed else never)
        return
    failed = sum(attempt.failed for attempt in attempts)
    share = percent(failed / len(attempts))
    yield Line.of(f"{counted(len(attempts), 'attempt')}, {failed:,} failed ({share})", "faint")
    yield strip_of(attempts)
    if any(attempt.is_code_changed for attempt in attempts):
        yield Line.of(f"{_CHANGED} the code is not that of the attempt before", "faint")
    yield Line.of("")
    has_legs = len({attempt.leg for attempt in attempts}) > 1
    columns = [
        Column("", ""),
        Column("when", "faint"),
        Column("run", "id"),
        Column("code", flexible=True, is_whole=True),
        *([Column("leg", flexible=True, is_whole=True)] if has_legs else []),
        Column("by", optional=1),
        Column("id", "id"),
        Column("what", flexible=True, least=30),
        Column("recovered by", "pass", flexible=True, is_whole=True),
    ]
    rows = (row if has_legs else [*row[:4], *row[5:]] for row in map(_row, attempts))
    yield from table(columns, rows, width)
    if marks := marks_of_code(attempt.is_dirty for attempt in attempts if attempt.git_commit):
        yield Line.of(marks, "faint")
    if any(reason_of(one.recovery_strategy, one.recovery_confidence).endswith("?") for one in attempts):
        yield Line.of(DOUBT, "faint")


def _row(attempt: PastAttempt) -> Row:
    if attempt.failed:
        where = f"in {attempt.phase}: " if attempt.phase not in (None, "call") else ""
        what = f"{where}{attempt.error_code}: {(attempt.error_message or '').split(chr(10))[0]}"
    else:
        what = "passed" + (f" in {span(attempt.duration_ms)}" if attempt.duration_ms else "")
    mark = _CHANGED if attempt.is_code_changed else ""
    if (attempt.attempt or 0) > 1:
        what = f"attempt {attempt.attempt}: {what}"
    return [
        Line.of(verdict_mark(attempt.failed) + mark, "fail" if attempt.failed else "pass"),
        ago(attempt.ended_at),
        short(attempt.run_id),
        code_of(attempt.git_branch, attempt.git_commit, attempt.is_dirty),
        printable(attempt.leg or ""),
        printable(attempt.agent_name),
        short(attempt.error_id or attempt.success_id),
        printable(what) + (" (incident)" if attempt.is_incident else ""),
        reason_of(attempt.recovery_strategy, attempt.recovery_confidence),
    ]
