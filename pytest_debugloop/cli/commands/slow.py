"""``debugloop slow``: which phases of tests take another time than before, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import count_of, filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters


@click.command()
@click.option("--last", default=5, show_default=True, type=count_of(1), help="Number of latest runs to judge.")
@click.option(
    "--before",
    default=20,
    show_default=True,
    type=count_of(1),
    help="Number of runs before those to compare with.",
)
@filter_options
@click.option(
    "--min-ms",
    default=5.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Ignore phases that take less than this on average, in milliseconds.",
)
@limit_option(50, "phases")
@click.option("--all", "everything", is_flag=True, help="Also list phases without a significant change.")
@paged_json_option
@click.pass_obj
def command(
    location: RecordLocation,
    last: int,
    before: int,
    typed: TypedFilters,
    min_ms: float,
    limit: int,
    everything: bool,
    as_json: bool,
) -> None:
    """List test phases that became slower or faster.

    Compares the last runs with those before them. Only phases that passed count, and each time is corrected for the
    speed of its run, so that a slow machine does not look like a slow test. Each phase is judged by Student's t-test on
    the logarithms of its times; at most 5 % of the phases shown are expected to be there by chance (q).
    docs/formulas.md defines each number.

    \b
    Example: debugloop slow --branch main --last 10
    """
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.timings import times_compared
    from pytest_debugloop.queries.question import MANY

    with open_record(location) as record:
        asked = times_compared(typed, location, last, before, min_ms=min_ms, everything=everything)
        answer = record.answer(asked)
    changes = answer.changes
    shown = changes.changes[: limit or MANY]
    if as_json:
        facts = {
            "last_runs": len(answer.recent),
            "runs_before": len(answer.earlier),
            "is_enough": answer.is_enough,
            "phases_compared": changes.phases,
            "speed_ratio": changes.speed_ratio,
            "min_ms": min_ms,
            "found": len(changes.changes),
        }
        write_json("slow", facts, phases=shown)
        return
    from pytest_debugloop.cli.views.slow import change_lines, too_few_line

    if answer.is_enough:
        show(change_lines(answer, shown, min_ms, make_console().width), paging=location.paging)
    else:
        show([too_few_line(answer, last, typed.description)], paging=False)
