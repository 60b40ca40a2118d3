"""``debugloop show``: the failures of a run, or one thing of the record whole."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.filters import count_of, limit_option
from pytest_debugloop.cli.json_pages import LEAST_BUDGET, keep_budget, pages_option
from pytest_debugloop.cli.output import json_option, make_console, show, write_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_debugloop.answers.not_loaded import NotLoaded
    from pytest_debugloop.answers.record import Record
    from pytest_debugloop.answers.shown import Shown
    from pytest_debugloop.queries.failures import DetailedFailure
    from pytest_debugloop.queries.notes import Note
    from pytest_debugloop.queries.recoveries import Recovery


@click.command()
@click.argument("what", required=False, shell_complete=complete_thing)
@limit_option(50, "causes of a run's failures (with --json: of failures), or failures of a test")
@click.option("--all-frames", is_flag=True, help="Also show frames of installed packages.")
@click.option("--folded", is_flag=True, hidden=True)  # the former name of --all-frames
@click.option("--brief", is_flag=True, help="Write compact text, the most important first.")
@click.option(
    "--budget",
    type=count_of(200),
    help="Maximum number of characters for --brief (default: 4000), or of a page of --json.",
)
@pages_option
@click.option("--page", default=1, show_default=True, type=count_of(1), help="Which page, with --brief.")
@json_option
@click.pass_obj
def command(
    location: RecordLocation,
    what: str | None,
    limit: int,
    all_frames: bool,
    folded: bool,
    brief: bool,
    budget: int | None,
    page: int,
    as_json: bool,
) -> None:
    """Show a run, session, test, error, snapshot or recovery.

    WHAT is an id, which can be shortened to its first or last characters, or a node id or part of one. The default is
    the last run, with its failures.

    \b
    Example: debugloop show
    Example: debugloop show 8cb8e15c
    Example: debugloop show test_discount
    Example: debugloop show --brief --budget 2000
    """
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.not_loaded import not_loaded
    from pytest_debugloop.answers.shown import found_or_last_run, shown
    from pytest_debugloop.queries.failures import LARGEST_SHOWN
    from pytest_debugloop.queries.question import MANY

    missing = not_loaded(location)
    with open_record(location) as record:
        found = record.answer(found_or_last_run(what, location.asked_project(), location.checkout_project()))
        if brief:
            from pytest_debugloop.answers.brief import BUDGET, brief_text

            text = record.answer(brief_text(found, budget or BUDGET, page))
            if as_json:
                write_json("show", {"kind": "brief", "text": text, "not_loaded": missing})
            else:
                for line in missing.lines():
                    click.echo(line.plain)
                click.echo(text or "Nothing more.")
        elif as_json:
            keep_budget(budget and max(budget, LEAST_BUDGET))
            _write(record, record.answer(shown(found, limit or MANY)), missing)
        else:
            from pytest_debugloop.answers.shown import ShownRun, ShownTest
            from pytest_debugloop.cli.views.details import NAMED, pages

            most = limit or MANY
            answer = record.answer(shown(found, most + 1, LARGEST_SHOWN, NAMED if limit else MANY))
            failures: Iterable[DetailedFailure] = ()
            passes: Iterable[Recovery] = ()
            notes: Iterable[Note] = ()
            if isinstance(answer, ShownRun):
                failures, passes = record.stream(answer.by_cause), record.stream(answer.recoveries)
                notes = record.stream(answer.notes)
            elif isinstance(answer, ShownTest):
                failures = record.stream(answer.failures)
            width = make_console().width
            drawn = pages(answer, failures, width, most, all_frames=all_frames or folded, passes=passes, notes=notes)
            show(chain(missing.lines(), drawn), paging=location.paging)


def _write(record: Record, answer: Shown, missing: NotLoaded) -> None:
    from pytest_debugloop.answers.causes import causes
    from pytest_debugloop.answers.shown import ShownRun, as_json
    from pytest_debugloop.queries.question import Question

    kind, facts, lists = as_json(answer)
    rows: dict[str, Iterable[Any]] = {
        name: record.stream(one) if isinstance(one, Question) else one for name, one in lists.items()
    }
    if isinstance(answer, ShownRun):
        rows["causes"] = causes(record.stream(answer.names))
    write_json("show", {"kind": kind, **facts, "not_loaded": missing}, **rows)
