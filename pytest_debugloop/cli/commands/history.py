"""``debugloop history``: all attempts of a test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.filters import TypedFilters, filters_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.cli.views.tables import Row
    from pytest_debugloop.queries.lookup import Test
    from pytest_debugloop.queries.recoveries import PastAttempt
    from pytest_debugloop.text.lines import Line

_CHANGED = "*"


@click.command()
@click.argument("test", required=False, shell_complete=complete_thing)
@filter_options
@limit_option(100, "attempts")
@paged_json_option
@click.pass_obj
def command(location: RecordLocation, typed: TypedFilters, test: str | None, limit: int, as_json: bool) -> None:
    """List the attempts of a test, latest first.

    A strip above the list shows all attempts, oldest first, with a gap wherever the code changed. TEST is an id
    (also of one of its failures), or a node id or part of one; --test names one as pytest does.

    \b
    Example: debugloop history test_discount
    """
    if test is None and typed.test is None:
        raise click.UsageError("Missing argument 'TEST' or option '--test'.")
    if test is not None and typed.test is not None:
        raise click.UsageError("TEST cannot be combined with --test.")
    from pytest_debugloop.answers.connection import asked_project, open_record
    from pytest_debugloop.answers.lookup import named_test, only_test
    from pytest_debugloop.answers.not_loaded import not_loaded
    from pytest_debugloop.queries.lookup import test_of
    from pytest_debugloop.queries.question import MANY
    from pytest_debugloop.queries.recoveries import history_of_test

    missing = not_loaded(location)
    with open_record(location) as record:
        project = asked_project(record, location) if typed else None
        filters = record.answer(filters_of(typed, project, location))
        if test is None:
            named = record.answer(only_test(str(typed.test), filters.task_ids or ()))
        else:
            named = record.answer(named_test(test, location.asked_project(), location.checkout_project()))
        found = named.test or record.one(test_of(named.id))
        attempts = record.stream(history_of_test(found.id, limit or MANY, filters))
        if as_json:
            write_json("history", {"test": found, "not_loaded": missing}, attempts=attempts)
        else:
            width = make_console().width
            show(chain(missing.lines(), _pages(found, list(attempts), width)), paging=location.paging)


def _pages(test: Test, attempts: list[PastAttempt], width: int) -> Iterator[Line]:
    from pytest_debugloop.answers.recoveries import DOUBT, reason_of
    from pytest_debugloop.answers.runs import marks_of_code
    from pytest_debugloop.cli.views.sparkline import strip_of
    from pytest_debugloop.cli.views.tables import Column, table
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import counted, percent

    yield Line.of(printable(test.node_id), "title")
    if not attempts:
        yield Line.of("It never ran to the end: it was skipped or interrupted.")
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
        Column("code", flexible=True, optional=3),
        *([Column("leg", flexible=True, optional=4)] if has_legs else []),
        Column("by", optional=1),
        Column("id", "id"),
        Column("what", flexible=True),
        Column("recovered by", "pass", optional=2),
    ]
    rows = (row if has_legs else [*row[:4], *row[5:]] for row in map(_row, attempts))
    yield from table(columns, rows, width)
    if marks := marks_of_code(attempt.is_dirty for attempt in attempts if attempt.git_commit):
        yield Line.of(marks, "faint")
    if any(reason_of(one.recovery_strategy, one.recovery_confidence).endswith("?") for one in attempts):
        yield Line.of(DOUBT, "faint")


def _row(attempt: PastAttempt) -> Row:
    from pytest_debugloop.answers.recoveries import reason_of
    from pytest_debugloop.answers.runs import code_of
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import ago, short, span, verdict_mark

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
