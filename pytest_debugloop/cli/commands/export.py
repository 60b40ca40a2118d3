"""``debugloop export``: runs for other tools, as JSON Lines, CSV or JUnit XML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import branch_option, since_option
from pytest_debugloop.cli.output import json_option, write_json

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from pytest_debugloop.answers.record import Record
    from pytest_debugloop.queries.runs import Run

TABLES = ("runs", "attempts", "failures", "recoveries")


@click.command()
@click.argument("run", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "junit"]),
    default="jsonl",
    show_default=True,
    help="JSON Lines, CSV of one table, or JUnit XML like that of pytest.",
)
@click.option("--table", type=click.Choice(TABLES), help="Table to write as CSV.")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write to; default: standard output.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@click.option("--all", "everything", is_flag=True, help="Export all runs, latest first.")
@since_option
@branch_option
@json_option
@click.pass_obj
def command(
    location: RecordLocation,
    run: str | None,
    form: str,
    table: str | None,
    output: Path | None,
    force: bool,
    everything: bool,
    since: dt.datetime | None,
    branch: str | None,
    as_json: bool,
) -> None:
    """Export runs as JSON Lines, CSV or JUnit XML.

    RUN is an id, which can be shortened to its first or last characters; the default is the last run. Use --since,
    --branch or --all to export several. A file is written completely or not at all. With --json, the number of exported
    rows is written as JSON.

    \b
    Example: debugloop export --format junit --output report.xml
    Example: debugloop export --all --since 30d --format csv --table failures > failures.csv
    """
    many = everything or since is not None or branch is not None
    if run and many:
        raise click.UsageError("RUN cannot be combined with --all, --since or --branch.")
    if (form == "csv") != (table is not None):
        raise click.UsageError("--format csv requires --table, and only csv allows it.")
    if as_json and output is None:
        raise click.UsageError("--json requires --output; to export the runs themselves as JSON, use --format jsonl.")
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.junit import write_junit
    from pytest_debugloop.answers.rows import write_csv, write_jsonl
    from pytest_debugloop.cli.exporting.file import Progress, opened

    with open_record(location) as record:
        runs = _runs(record, location, run, since, branch, many=many)
        with opened(output, force=force) as out, Progress(out) as progress:
            watched = progress.watched(runs)
            if form == "junit":
                counts = write_junit(out, record, watched)
            elif form == "csv":
                counts = write_csv(out, record, watched, str(table))
            else:
                counts = write_jsonl(out, record, watched)
    if output is not None:
        _tell(output, counts, as_json=as_json)


def _runs(
    record: Record,
    location: RecordLocation,
    run: str | None,
    since: dt.datetime | None,
    branch: str | None,
    *,
    many: bool,
) -> Iterator[Run]:
    from pytest_debugloop.answers.connection import asked_project
    from pytest_debugloop.answers.lookup import find_id
    from pytest_debugloop.answers.runs import last_run
    from pytest_debugloop.queries import runs

    project = asked_project(record, location)
    if many:
        record.answer(last_run(project))  # says so where there is none at all
        return record.stream(runs.runs(project=project, since=since, branch=branch))
    if not run:
        return iter((record.answer(last_run(project)),))
    return iter((record.one(runs.run_of(record.answer(find_id(run, "run")))),))


def _tell(output: Path, counts: dict[str, int], *, as_json: bool) -> None:
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import counted

    if as_json:
        facts: dict[str, Any] = {"output": str(output), "counts": counts}
        write_json("export", facts)
        return
    text = ", ".join(counted(number, what) for what, number in counts.items())
    click.echo(f"{printable(str(output))}: {text}.", err=True)
