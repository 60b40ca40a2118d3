"""``debugloop compare``: what two sides of runs tell apart, test by test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import show, write_json
from pytest_debugloop.cli.sides import named_sides, side_arguments

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters


@click.command()
@side_arguments
@click.option("--format", "form", type=click.Choice(["text", "markdown"]), default="text", help="Format of the output.")
@filter_options
@limit_option(20, "causes and tests of each kind")
@paged_json_option
@click.pass_obj
def command(
    location: RecordLocation, a: str | None, b: str | None, form: str, typed: TypedFilters, limit: int, as_json: bool
) -> None:
    """Compare the tests of two runs, branches, commits, changes or CI runs.

    Lists what newly fails in A against B, and what differs since it passed; what is fixed, still failing, or known to
    be flaky; new, removed and slower tests. A defaults to the last run here. B defaults to the branch that A is to be
    merged into or, on that branch, to the runs before. A branch stands for the last run of each leg. Prefix a name to
    say what it is: branch:main, change:12, commit:1a2b3c4, run:ID, session:ID. --branch, --change and --session name A;
    the other options that narrow the list leave out runs and tests of both sides.

    \b
    Example: debugloop compare
    Example: debugloop compare my-feature main --format markdown
    """
    a, b, typed = named_sides(a, b, typed)
    from pytest_debugloop.answers.compared_lines import compared_lines, compared_markdown
    from pytest_debugloop.answers.comparing_here import runs_compared_here
    from pytest_debugloop.queries.question import MANY
    from pytest_debugloop.text.json_values import plain

    compared = runs_compared_here(location, a, b, typed, needs_base=True)
    if as_json:
        write_json(
            "compare",
            {name: plain(getattr(compared, name)) for name in ("head", "base", "same", "notes")},
            tests=compared.tests,
            slower=compared.slower,
        )
    elif form == "markdown":
        for line in compared_markdown(compared, limit or MANY):
            click.echo(line)
    else:
        show(compared_lines(compared, limit or MANY), paging=location.paging)
