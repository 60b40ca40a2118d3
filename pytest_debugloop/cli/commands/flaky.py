"""``debugloop flaky``: which tests fail now and then on good code, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import limit_option
from pytest_debugloop.cli.output import json_option, make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.answers.flaky import RankedTest
    from pytest_debugloop.cli.views.tables import Row

_STYLES = {"flaky": "warn", "newly flaky": "fail", "broken": "fail", "fixed": "pass"}


@click.command()
@click.option(
    "--all", "everything", is_flag=True, help="All tests that ever failed, including broken, fixed and stable ones."
)
@limit_option(50, "tests")
@json_option
@click.pass_obj
def command(location: RecordLocation, everything: bool, limit: int, as_json: bool) -> None:
    """Rank flaky tests, most certain first.

    A flaky test sometimes fails on good code. Its true failure rate is above the score with a probability of 95 %, and
    within the interval with 90 %. "First tries" is the share of first attempts that failed. The cost is the time spent
    on failed phases and on retries that passed. docs/formulas.md defines each number.

    \b
    Example: debugloop flaky --limit 10
    """
    from pytest_debugloop.answers.connection import asked_project, open_record
    from pytest_debugloop.answers.flaky import as_json as plain_test
    from pytest_debugloop.answers.flaky import ranked_tests
    from pytest_debugloop.cli.views.tables import Column, table
    from pytest_debugloop.queries.question import MANY

    with open_record(location) as record:
        project = asked_project(record, location)
        tests = record.answer(ranked_tests(project, limit or MANY, only_flaky=not everything))
    if as_json:
        write_json("flaky", {}, tests=map(plain_test, tests))
        return
    if not tests:
        click.echo("No test has failed." if everything else "No flaky tests are known.")
        return
    columns = [
        Column("score", right=True),
        Column("interval", right=True, optional=3),
        Column("failed", right=True),
        Column("first tries", right=True, optional=2),
        Column("flips", right=True, optional=1),
        Column("class", flexible=True),
        Column("recovers by", optional=4),
        Column("cost", right=True, optional=5),
        Column("last failed", "faint", optional=2),
        Column("test", flexible=True, keep_end=True),
    ]
    show(table(columns, map(_row, tests), make_console().width), paging=location.paging)


def _row(ranked: RankedTest) -> Row:
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import ago, classes_by_leg, percent, span

    test = ranked.test
    class_ = classes_by_leg({leg.leg: leg.class_ for leg in ranked.legs}) or printable(test.class_)
    return [
        percent(test.score),
        f"{percent(test.flakiness_low)} to {percent(test.flakiness_high)}",
        f"{test.failures:,} of {test.attempts:,}",
        percent(test.failure_rate),
        percent(test.flip_rate),
        Line.of(class_, _STYLES.get(class_.split(" on ")[0], "")),
        printable(test.dominant_strategy or ""),
        span(ranked.cost_ms),
        ago(test.last_failed_at),
        printable(test.node_id),
    ]
