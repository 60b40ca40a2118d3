"""``debugloop runs``: which runs there are."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters

_STATUSES = ("passed", "failed", "running", "finished", "interrupted", "died", "broken")


@click.command()
@filter_options
@click.option("--commit", help="Only runs of this commit; a prefix is enough.")
@click.option(
    "--status",
    type=click.Choice(_STATUSES),
    help="Only runs with this result; broken means that the exit status is unknown.",
)
@limit_option(50, "runs")
@paged_json_option
@click.pass_obj
def command(
    location: RecordLocation,
    typed: TypedFilters,
    commit: str | None,
    status: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List runs, latest first.

    \b
    Example: debugloop runs --branch main --status failed --since 7d
    """
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.lists import listed_runs
    from pytest_debugloop.answers.not_loaded import not_loaded
    from pytest_debugloop.answers.runs import no_runs
    from pytest_debugloop.cli.views.run_list import run_lines
    from pytest_debugloop.cli.views.tables import nonempty
    from pytest_debugloop.queries.question import MANY
    from pytest_debugloop.text.lines import Line

    missing = not_loaded(location)
    with open_record(location) as record:
        answer = record.answer(listed_runs(typed, location, limit or MANY, commit=commit, status=status))
        if as_json:
            write_json("runs", {"not_loaded": missing}, runs=record.stream(answer.runs))
            return
        found = nonempty(record.stream(answer.runs))
        if found is None:
            if not answer.is_narrowed:
                raise record.answer(no_runs(answer.project))
            show([*missing.lines(), Line.of("No runs match.")], paging=False)
            return
        show(chain(missing.lines(), run_lines(found, make_console().width)), paging=location.paging)
