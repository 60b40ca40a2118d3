"""``debugloop report``: what a change breaks, in few lines, for a comment or a job's summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.extras import requires_extra
from pytest_debugloop.cli.filters import filter_options
from pytest_debugloop.cli.output import json_option, write_json
from pytest_debugloop.cli.sides import named_sides, side_arguments

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters


@click.command()
@side_arguments
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "gitlab", "plain"]),
    default="markdown",
    show_default=True,
    help="Format of the output. GitHub and GitLab get the same Markdown.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one HTML page of run or failure A to this file; requires the extra `web`.",
)
@filter_options
@json_option
@click.pass_obj
def command(
    location: RecordLocation,
    a: str | None,
    b: str | None,
    form: str,
    output: Path | None,
    typed: TypedFilters,
    as_json: bool,
) -> None:
    """Report what a change breaks, in 40 lines at most, for a comment on it.

    Compares A with B as `debugloop compare` does, and judges as `debugloop check` does, but always exits with 0. The
    Markdown begins with a comment by which a bot finds what it wrote before. --branch, --change and --session name A;
    the other options that narrow the list leave out runs and tests of both sides.

    With --output, writes a self-contained page without scripts instead, of at most 2 MB, for an artifact of the CI: run
    A, by default the last one, with one failure of each cause whole; or failure A.

    \b
    Example: debugloop report >> "$GITHUB_STEP_SUMMARY"
    Example: debugloop report my-feature main --format plain
    Example: debugloop report --output report.html
    """
    if output is not None:
        if b or typed or as_json:
            raise click.UsageError("--output takes a run or a failure, and no other options.")
        _write_page(location, a, output)
        return
    from pytest_debugloop.answers.comparing_here import runs_compared_here
    from pytest_debugloop.answers.gate import judge
    from pytest_debugloop.answers.report_lines import report_facts, report_markdown, report_plain, reported_tests

    a, b, typed = named_sides(a, b, typed)
    verdict = judge(runs_compared_here(location, a, b, typed))
    if as_json:
        write_json("report", report_facts(verdict), tests=reported_tests(verdict))
        return
    for line in report_plain(verdict) if form == "plain" else report_markdown(verdict):
        click.echo(line)


def _write_page(location: RecordLocation, what: str | None, output: Path) -> None:
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.lookup import find
    from pytest_debugloop.answers.shown import found_or_last_run

    with requires_extra("web"):
        from pytest_debugloop.web.report import report_html
    project, here = location.asked_project(), location.checkout_project()
    with open_record(location) as record:
        asked = find(what, project, ("run", "error"), here) if what else found_or_last_run(None, project, here)
        page = report_html(record, record.answer(asked))
    output.write_text(page, encoding="utf-8")
    click.echo(f"Wrote {output} ({len(page.encode()):,} bytes).")
