"""``debugloop runs``: which runs there are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.filters import TypedFilters, filters_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.cli.views.tables import Row
    from pytest_debugloop.queries.runs import Run
    from pytest_debugloop.text.lines import Line

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
    from pytest_debugloop.answers.connection import asked_project, open_record
    from pytest_debugloop.answers.not_loaded import not_loaded
    from pytest_debugloop.answers.runs import no_runs
    from pytest_debugloop.cli.views.tables import Column, nonempty, table
    from pytest_debugloop.queries.question import MANY
    from pytest_debugloop.queries.runs import runs
    from pytest_debugloop.text.lines import Line

    missing = not_loaded(location)
    with open_record(location) as record:
        project = asked_project(record, location)
        filters = record.answer(filters_of(typed, project, location))
        found = record.stream(runs(limit=limit or MANY, filters=filters, project=project, commit=commit, status=status))
        if as_json:
            write_json("runs", {"not_loaded": missing}, runs=found)
            return
        listed = nonempty(found)
        if listed is None:
            if not (typed or commit or status):
                raise record.answer(no_runs(project))
            show([*missing.lines(), Line.of("No runs match.")], paging=False)
            return
        columns = [
            Column("run", "id"),
            Column("when", "faint"),
            Column("result"),
            Column("passed", right=True),
            Column("failures", right=True),
            Column("skipped", right=True, optional=1),
            Column("recoveries", right=True, optional=2),
            Column("time", right=True, optional=3),
            Column("code", flexible=True, optional=5),
            Column("project", flexible=True, optional=4),
        ]
        is_dirty: set[bool | None] = set()
        rows = (_row(run, is_dirty) for run in listed)
        lines = table(columns, rows, make_console().width)
        show(chain(missing.lines(), lines, _marks(is_dirty)), paging=location.paging)


def _marks(is_dirty: set[bool | None]) -> Iterator[Line]:
    """Say what the marks behind commits mean, once all rows are written."""
    from pytest_debugloop.answers.runs import marks_of_code
    from pytest_debugloop.text.lines import Line

    if marks := marks_of_code(is_dirty):
        yield Line.of(marks, "faint")


def _row(run: Run, is_dirty: set[bool | None]) -> Row:
    from pytest_debugloop.answers.runs import code_of, duration_of, verdict_of
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import ago, short

    if run.git_commit:
        is_dirty.add(run.is_dirty)
    verdict, style = verdict_of(run)
    return [
        short(run.id),
        ago(run.started_at),
        Line.of(verdict, style),
        f"{run.successes_total or 0:,}",
        Line.of(f"{run.errors_total or 0:,}", "fail" if run.errors_total else ""),
        f"{run.skipped_total or 0:,}",
        f"{run.recoveries_total or 0:,}",
        duration_of(run),
        code_of(run.git_branch, run.git_commit, run.is_dirty),
        printable(run.project),
    ]
