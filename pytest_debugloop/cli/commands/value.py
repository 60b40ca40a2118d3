"""``debugloop value``: one recorded value, whole."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import count_of
from pytest_debugloop.cli.output import json_option, write_json


@click.command()
@click.argument("error")
@click.argument("path", default="frames[-1].locals")
@click.option("--page", default=1, show_default=True, type=count_of(1), help="Which page of a long value.")
@click.option(
    "--budget", default=4000, show_default=True, type=count_of(200), help="Maximum number of characters of a page."
)
@json_option
@click.pass_obj
def command(location: RecordLocation, error: str, path: str, page: int, budget: int, as_json: bool) -> None:
    """Show a recorded value of an error, of the last failure of a test, or of a snapshot.

    PATH is written as in Python. frames[-1] is the innermost of the project's frames, frames[-2] the one that called
    it. Besides frames, a path can begin with exceptions (with the frames of installed packages), fixtures, parameters,
    environment or captured, or be message. The default are all locals of the innermost frame.

    \b
    Example: debugloop value 8cb8e15c frames[-1].locals.self.path
    Example: debugloop value test_discount "fixtures.client.headers['content-type']" --page 2
    """
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.lookup import find
    from pytest_debugloop.answers.values import value_of
    from pytest_debugloop.text.json_values import plain
    from pytest_debugloop.text.words import short

    kinds = ("error", "test", "snapshot")
    with open_record(location) as record:
        found = record.answer(find(error, location.asked_project(), kinds, location.checkout_project()))
        answer = record.answer(value_of(found, path, page, budget))
    if as_json:
        write_json("value", plain(answer))
        return
    click.echo(answer.text or f"There are only {answer.pages:,} pages.")
    if answer.page < answer.pages:
        from shlex import quote

        rest = f"debugloop value {short(answer.of)} {quote(path)} --page {page + 1}"
        click.echo(f"… page {page:,} of {answer.pages:,}, the next: {rest}")
