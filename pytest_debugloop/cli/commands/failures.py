"""``debugloop failures``: what fails, grouped by cause or by fingerprint."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.filters import TypedFilters, filters_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.cli.views.tables import Row
    from pytest_debugloop.queries.failures import FailureGroup


@click.command()
@filter_options
@click.option("--open", "is_open", is_flag=True, help="Only failures that have not been followed by a pass.")
@click.option(
    "--by",
    type=click.Choice(["cause", "fingerprint"]),
    default="cause",
    show_default=True,
    help="What failures of a group have in common.",
)
@limit_option(50, "groups")
@paged_json_option
@click.pass_obj
def command(location: RecordLocation, typed: TypedFilters, is_open: bool, by: str, limit: int, as_json: bool) -> None:
    """Group failures by cause, most frequent first.

    Failures with the same exception in the same function of the project have one cause; those of assertions also have
    the same comparison. Failures with the same fingerprint have the same message and traceback as well. The first
    column is the id of the last one, for `debugloop show`. JSON has both.

    \b
    Example: debugloop failures --since 7d
    """
    from pytest_debugloop.answers.connection import asked_project, open_record
    from pytest_debugloop.cli.views.tables import Column, nonempty, table
    from pytest_debugloop.queries.failures import failure_groups
    from pytest_debugloop.queries.question import MANY

    with open_record(location) as record:
        project = asked_project(record, location)
        filters = record.answer(filters_of(typed, project, location))
        asked = partial(failure_groups, limit=limit or MANY, filters=filters, project=project, is_open=is_open)
        groups, causes = (record.stream(asked(by_cause=by_cause)) for by_cause in (False, True))
        if as_json:
            write_json("failures", {}, failures=groups, causes=causes)
            return
        found = nonempty(causes if by == "cause" else groups)
        if found is None:
            click.echo("Nothing failed.")
            return
        columns = [
            Column("error", "id"),
            Column("times", right=True),
            Column("tests", right=True, optional=3),
            Column("runs", right=True, optional=2),
            Column("recovered", right=True, optional=1),
            Column("state", flexible=True),
            Column("first seen", "faint", optional=4),
            Column("last seen", "faint", optional=5),
            Column("where", flexible=True, keep_end=True, optional=6),
            Column("failure", "fail", flexible=True),
        ]
        show(table(columns, map(_row, found), make_console().width), paging=location.paging)


def _row(group: FailureGroup) -> Row:
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import ago, error_line, percent, short

    where = f"{group.file}:{group.line} {group.function or ''}".rstrip() if group.file else group.last_node_id
    return [
        short(group.last_error_id),
        f"{group.times:,}",
        f"{group.tests:,}",
        f"{group.runs:,}",
        percent(group.recovered / group.times),
        _state(group),
        ago(group.first_at),
        ago(group.last_at),
        printable(where),
        error_line(group.error_code, group.error_type, group.error_message),
    ]


def _state(group: FailureGroup) -> str:
    from pytest_debugloop.text.words import local, passes_elsewhere

    if group.recovered >= group.times:
        return "recovered"
    if group.not_run_since:
        return f"open, not run since {local(group.not_run_since)[:10]}"
    return ", ".join(filter(None, ["open", passes_elsewhere(group.passes_elsewhere)]))
