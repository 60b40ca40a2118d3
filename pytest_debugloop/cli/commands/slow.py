"""``debugloop slow``: which phases of tests take another time than before, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.filters import TypedFilters, filters_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.filters import count_of, filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_debugloop.answers.timings import Change, Changes
    from pytest_debugloop.cli.views.tables import Row
    from pytest_debugloop.queries.timings import TimedRun
    from pytest_debugloop.text.lines import Line


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
    from pytest_debugloop.answers.connection import asked_project, open_record
    from pytest_debugloop.answers.runs import last_run
    from pytest_debugloop.answers.timings import LEAST_RUNS, Changes, changes_of_time
    from pytest_debugloop.queries.question import MANY
    from pytest_debugloop.queries.timings import timed_runs

    with open_record(location) as record:
        project = asked_project(record, location)
        record.answer(last_run(project))  # says so where there is none at all
        filters = record.answer(filters_of(typed, project, location))
        runs = record.fetch(timed_runs(last + before, project, filters))
        recent, earlier = runs[:last], runs[last:]
        enough = min(len(recent), len(earlier)) >= LEAST_RUNS
        changes = Changes(0, None, [])
        if enough:
            asked = changes_of_time(runs, last, min_ms=min_ms, everything=everything, task_ids=filters.task_ids)
            changes = record.answer(asked)
    shown = changes.changes[: limit or MANY]
    if as_json:
        facts = {
            "last_runs": len(recent),
            "runs_before": len(earlier),
            "is_enough": enough,
            "phases_compared": changes.phases,
            "speed_ratio": changes.speed_ratio,
            "min_ms": min_ms,
            "found": len(changes.changes),
        }
        write_json("slow", facts, phases=shown)
    elif not enough:
        from pytest_debugloop.text.lines import Line

        show([Line.of(_too_few(len(recent), len(earlier), last, LEAST_RUNS, typed.description))], paging=False)
    else:
        pages = _pages(changes, shown, recent, earlier, min_ms, make_console().width)
        show(pages, paging=location.paging)


def _too_few(recent: int, earlier: int, last: int, least: int, told: str) -> str:
    from pytest_debugloop.text.words import counted

    where = f" for {told}" if told else ""
    have = counted(recent + earlier, "run")
    if last < least:
        return f"At least {least} runs are needed on each side: give --last {least} or more."
    return (
        f"At least {least} runs are needed on each side, and the record has {have}{where}: "
        f"{recent} for the last {last}, {earlier} before them."
    )


def _pages(
    changes: Changes,
    shown: list[Change],
    recent: list[TimedRun],
    earlier: list[TimedRun],
    min_ms: float,
    width: int,
) -> Iterator[Line]:
    from pytest_debugloop.cli.views.tables import Column, table
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.words import counted

    phases = (
        f"{counted(changes.phases, 'phase')} of {min_ms:g} ms or more" if min_ms else counted(changes.phases, "phase")
    )
    sides = f"the last {counted(len(recent), 'run')} against {len(earlier)} before"
    significant = sum(change.is_significant for change in changes.changes)
    verdict = "none changed" if not significant else f"{significant:,} changed"
    yield Line.of(f"{phases}, {sides}: {verdict}.", "title")
    if changes.speed_ratio is not None and abs(changes.speed_ratio - 1) >= 0.02:
        factor = _factor(changes.speed_ratio)
        yield Line.of(f"Overall, runs took {factor} as long; the times below are corrected for that.")
    if not shown:
        return
    yield Line.of()
    columns = [
        Column("before", right=True),
        Column("after", right=True),
        Column("ratio", right=True),
        Column("95% interval", right=True, optional=2),
        Column("q", right=True, optional=1),
        Column("runs", right=True, optional=3),
        Column("phase"),
        Column("test", flexible=True, is_whole=True, optional=4),
    ]
    yield from table(columns, (_row(change) for change in shown), width)
    if len(shown) < len(changes.changes):
        yield Line.of(f"... and {len(changes.changes) - len(shown):,} more: --limit 0 shows all.", "faint")


def _row(change: Change) -> Row:
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable

    style = "" if not change.is_significant else "fail" if change.ratio > 1 else "pass"
    return [
        _time(change.before_ms),
        _time(change.after_ms),
        Line.of(_factor(change.ratio), style),
        f"{_factor(change.ratio_low)} to {_factor(change.ratio_high)}",
        _chance(change.q_value),
        f"{change.before_runs} + {change.after_runs}",
        printable(change.phase),
        printable(change.node_id),
    ]


def _time(milliseconds: float) -> str:
    from pytest_debugloop.text.words import span

    return f"{milliseconds:.2g} ms" if milliseconds < 10 else span(milliseconds)


def _factor(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio < 10 else f"{min(ratio, 999_999):,.0f}x"


def _chance(q_value: float) -> str:
    return "< 0.0001" if q_value < 0.0001 else f"{q_value:.2g}" if q_value < 0.01 else f"{q_value:.2f}"
