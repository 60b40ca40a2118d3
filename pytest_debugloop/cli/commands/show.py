"""``debugloop show``: the failures of a run, or one thing of the record whole."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import Place
from pytest_debugloop.cli.filters import count_of, limit_option
from pytest_debugloop.cli.output import json_option, make_console, show, write_json


@click.command()
@click.argument("what", required=False)
@limit_option(50, "Failures of a run or a test")
@click.option("--folded", is_flag=True, help="Show the frames of installed packages too.")
@click.option("--brief", is_flag=True, help="Compact text, the most telling first.")
@click.option("--budget", default=4000, show_default=True, help="Characters of --brief.", type=count_of(200))
@json_option
@click.pass_obj
def command(place: Place, what: str | None, limit: int, folded: bool, brief: bool, budget: int, as_json: bool) -> None:
    """Show WHAT: a run, a test, an error, a snapshot or a recovery; without it the failures of the last run.

    An id may be shortened to its first or last characters, as this command prints it; a test is named by its node id or
    a part of it.

    \b
    Example: debugloop show
    Example: debugloop show 8cb8e15c
    Example: debugloop show test_discount
    Example: debugloop show --brief --budget 2000
    """
    from pytest_debugloop.answers.connection import asked_project, open_record
    from pytest_debugloop.cli.views import things
    from pytest_debugloop.queries.lookup import Found, find
    from pytest_debugloop.queries.runs import last_run

    with open_record(place) as connection:
        project = asked_project(connection, place)
        found = find(connection, what, project) if what else Found("run", last_run(connection, project).id)
        if brief:
            from pytest_debugloop.cli.views.brief import brief_text

            text = brief_text(connection, found, budget)
            if as_json:
                write_json("show", {"kind": "brief", "text": text})
            else:
                click.echo(text)
        elif as_json:
            facts, lists = things.as_json(connection, found, limit)
            write_json("show", {"kind": found.kind, **facts}, **lists)
        else:
            width = make_console().width
            show(things.pages(connection, found, width, limit, folded=folded), paging=place.paging)
