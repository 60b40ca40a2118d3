"""``debugloop report``: what a change breaks, in few lines, for a comment or a job's summary."""

from __future__ import annotations

import click

from pytest_debugloop.answers.filters import TypedFilters
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import filter_options
from pytest_debugloop.cli.output import json_option, write_json
from pytest_debugloop.cli.sides import named_sides, side_arguments


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
@filter_options
@json_option
@click.pass_obj
def command(
    location: RecordLocation, a: str | None, b: str | None, form: str, typed: TypedFilters, as_json: bool
) -> None:
    """Report what a change breaks, in 40 lines at most, for a comment on it.

    Compares A with B as `debugloop compare` does, and judges as `debugloop check` does, but always exits with 0. The
    Markdown begins with a comment by which a bot finds what it wrote before. --branch, --change and --session name A;
    the other options that narrow the list leave out runs and tests of both sides.

    \b
    Example: debugloop report >> "$GITHUB_STEP_SUMMARY"
    Example: debugloop report my-feature main --format plain
    """
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
