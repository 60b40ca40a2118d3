"""``debugloop show``: the failures of a run, or one thing of the record whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import Place
from pytest_debugloop.cli.filters import count_of, limit_option
from pytest_debugloop.cli.output import json_option, make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.queries.lookup import Found
    from pytest_debugloop.queries.question import Steps


@click.command()
@click.argument("what", required=False)
@limit_option(50, "failures of a run or test")
@click.option("--folded", is_flag=True, help="Also show frames of installed packages.")
@click.option("--brief", is_flag=True, help="Write compact text, the most important first.")
@click.option(
    "--budget", default=4000, show_default=True, help="Maximum number of characters for --brief.", type=count_of(200)
)
@json_option
@click.pass_obj
def command(place: Place, what: str | None, limit: int, folded: bool, brief: bool, budget: int, as_json: bool) -> None:
    """Show a run, test, error, snapshot or recovery.

    WHAT is an id, which can be shortened to its first or last characters, or a node id or part of one. The default is
    the last run, with its failures.

    \b
    Example: debugloop show
    Example: debugloop show 8cb8e15c
    Example: debugloop show test_discount
    Example: debugloop show --brief --budget 2000
    """
    from pytest_debugloop.answers.connection import asked_project, open_record
    from pytest_debugloop.cli.views import things
    from pytest_debugloop.queries.lookup import find

    with open_record(place) as record:
        project = asked_project(record, place)
        found = record.answer(find(what, project) if what else _last_run(project))
        if brief:
            from pytest_debugloop.cli.views.brief import brief_text

            text = brief_text(record, found, budget)
            if as_json:
                write_json("show", {"kind": "brief", "text": text})
            else:
                click.echo(text)
        elif as_json:
            facts, lists = things.as_json(record, found, limit)
            write_json("show", {"kind": found.kind, **facts}, **lists)
        else:
            width = make_console().width
            show(things.pages(record, found, width, limit, folded=folded), paging=place.paging)


def _last_run(project: str | None) -> Steps[Found]:
    from pytest_debugloop.queries.lookup import Found
    from pytest_debugloop.queries.runs import last_run

    run = yield from last_run(project)
    return Found("run", run.id)
