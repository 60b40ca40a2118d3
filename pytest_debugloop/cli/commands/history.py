"""``debugloop history``: all attempts of a test."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters


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
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.lists import history_of
    from pytest_debugloop.answers.not_loaded import not_loaded
    from pytest_debugloop.cli.views.history import history_lines
    from pytest_debugloop.queries.question import MANY

    missing = not_loaded(location)
    with open_record(location) as record:
        answer = record.answer(history_of(typed, location, test, limit or MANY))
        if as_json:
            facts = {"test": answer.test, "not_loaded": missing}
            write_json("history", facts, attempts=record.stream(answer.attempts))
        else:
            attempts, width = record.fetch(answer.attempts), make_console().width
            lines = history_lines(answer.test, attempts, width, is_narrowed=bool(replace(typed, test=None)))
            show(chain(missing.lines(), lines), paging=location.paging)
