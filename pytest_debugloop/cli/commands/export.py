"""``debugloop export``: runs for other tools, as JSON Lines, CSV or JUnit XML."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import filter_options
from pytest_debugloop.cli.output import json_option, write_json

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters

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
@filter_options
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
    typed: TypedFilters,
    as_json: bool,
) -> None:
    """Export runs as JSON Lines, CSV or JUnit XML.

    RUN is an id, which can be shortened to its first or last characters; the default is the last run. Use --all or
    options that narrow the list, such as --since or --branch, to export several. A file is written completely or
    not at all. With --json, the number of exported rows is written as JSON.

    \b
    Example: debugloop export --format junit --output report.xml
    Example: debugloop export --all --since 30d --format csv --table failures > failures.csv
    """
    many = everything or bool(typed)
    if run and many:
        raise click.UsageError("RUN cannot be combined with --all or options that narrow the list.")
    if (form == "csv") != (table is not None):
        raise click.UsageError("--format csv requires --table, and only csv allows it.")
    if as_json and output is None:
        raise click.UsageError("--json requires --output; to export the runs themselves as JSON, use --format jsonl.")
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.filters import scope_of
    from pytest_debugloop.answers.junit import write_junit
    from pytest_debugloop.answers.rows import exported_runs, write_csv, write_jsonl
    from pytest_debugloop.cli.exporting.file import Progress, opened

    with open_record(location) as record:
        scope = record.answer(scope_of(typed, location))
        asked = record.answer(exported_runs(scope, run, many=many))
        runs = iter(asked) if isinstance(asked, list) else record.stream(asked)
        task_ids = scope.filters.task_ids
        with opened(output, force=force) as out, Progress(out) as progress:
            watched = progress.watched(runs)
            if form == "junit":
                counts = write_junit(out, record, watched, task_ids)
            elif form == "csv":
                counts = write_csv(out, record, watched, str(table), task_ids)
            else:
                counts = write_jsonl(out, record, watched, task_ids)
    if output is not None:
        _tell(output, counts, as_json=as_json)


def _tell(output: Path, counts: dict[str, int], *, as_json: bool) -> None:
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import counted

    if as_json:
        facts: dict[str, Any] = {"output": str(output), "counts": counts}
        write_json("export", facts)
        return
    text = ", ".join(counted(number, what) for what, number in counts.items())
    click.echo(f"{printable(str(output))}: {text}.", err=True)
