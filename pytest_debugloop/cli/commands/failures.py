"""``debugloop failures``: what fails, grouped by cause or by fingerprint."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters


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
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.lists import listed_failures
    from pytest_debugloop.cli.views.failure_list import failure_group_lines
    from pytest_debugloop.cli.views.tables import nonempty
    from pytest_debugloop.queries.question import MANY

    with open_record(location) as record:
        answer = record.answer(listed_failures(typed, location, limit or MANY, is_open=is_open))
        groups, causes = record.stream(answer.by_fingerprint), record.stream(answer.by_cause)
        if as_json:
            write_json("failures", {}, failures=groups, causes=causes)
            return
        found = nonempty(causes if by == "cause" else groups)
        if found is None:
            click.echo("No failures are open." if is_open else "No failures match." if typed else "Nothing failed.")
            return
        show(failure_group_lines(found, make_console().width), paging=location.paging)
