"""``debugloop flaky``: which tests fail now and then on good code, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters


@click.command()
@filter_options
@click.option(
    "--all", "everything", is_flag=True, help="All tests that ever failed, including broken, fixed and stable ones."
)
@limit_option(50, "tests")
@paged_json_option
@click.pass_obj
def command(location: RecordLocation, typed: TypedFilters, everything: bool, limit: int, as_json: bool) -> None:
    """Rank flaky tests, most certain first.

    A flaky test sometimes fails on good code. Its true failure rate is above the lower bound with a probability of
    95 %, and below the upper one ("up to") with the same. Below each test are its most frequent failure with the id of
    the last one, and what its failures significantly go together with: leg, hour, hash seed, machine, workers, test
    order. "First tries" is the share of first attempts that failed. The cost is the time spent on failed phases and on
    retries that passed. docs/formulas.md defines each number.

    With options that narrow the runs, tests that failed in such a run are listed; the numbers are still of all runs.

    \b
    Example: debugloop flaky --limit 10
    """
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.filters import scope_of
    from pytest_debugloop.answers.flaky import as_json as plain_test
    from pytest_debugloop.answers.flaky import ranked_tests
    from pytest_debugloop.cli.views.flaky import flaky_lines
    from pytest_debugloop.queries.question import MANY

    with open_record(location) as record:
        scope = record.answer(scope_of(typed, location))
        tests = record.answer(
            ranked_tests(scope.project, limit or MANY, only_flaky=not everything, filters=scope.filters)
        )
    if as_json:
        write_json("flaky", {}, tests=map(plain_test, tests))
        return
    if not tests:
        among = " among these" if typed else ""
        click.echo(f"No test has failed{among}." if everything else f"No flaky tests are known{among}.")
        return
    show(flaky_lines(tests, make_console().width), paging=location.paging)
