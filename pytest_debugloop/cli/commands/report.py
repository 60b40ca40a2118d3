"""``debugloop report``: what a change breaks, in few lines, for a comment or a job's summary."""

from __future__ import annotations

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_branch


@click.command()
@click.argument("a", metavar="[A]", required=False, shell_complete=complete_branch)
@click.argument("b", metavar="[B]", required=False, shell_complete=complete_branch)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "gitlab", "plain"]),
    default="markdown",
    show_default=True,
    help="Format of the output. GitHub and GitLab get the same Markdown.",
)
@click.pass_obj
def command(location: RecordLocation, a: str | None, b: str | None, form: str) -> None:
    """Report what a change breaks, in 40 lines at most, for a comment on it.

    Compares A with B as `debugloop compare` does, and judges as `debugloop check` does, but always exits with 0. The
    Markdown begins with a comment by which a bot finds what it wrote before.

    \b
    Example: debugloop report >> "$GITHUB_STEP_SUMMARY"
    Example: debugloop report my-feature main --format plain
    """
    from pytest_debugloop.answers.comparing_here import runs_compared_here
    from pytest_debugloop.answers.gate import judge
    from pytest_debugloop.answers.report_lines import report_markdown, report_plain

    verdict = judge(runs_compared_here(location, a, b))
    for line in report_plain(verdict) if form == "plain" else report_markdown(verdict):
        click.echo(line)
