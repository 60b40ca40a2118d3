"""``debugloop recoveries``: what made failures pass again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.filters import TypedFilters, filters_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json
from pytest_debugloop.text.strategies import STRATEGIES

if TYPE_CHECKING:
    from pytest_debugloop.cli.views.tables import Row
    from pytest_debugloop.queries.recoveries import FixCause, Recovery, RecoveryPattern, StrategyPattern
    from pytest_debugloop.text.lines import Line


@click.command()
@click.argument("test", required=False, shell_complete=complete_thing)
@filter_options
@click.option("--patterns", is_flag=True, help="Show what recoveries have in common instead of listing them.")
@click.option("--strategy", type=click.Choice(tuple(STRATEGIES)), help="Only recoveries with this strategy.")
@limit_option(50, "rows")
@paged_json_option
@click.pass_obj
def command(
    location: RecordLocation,
    typed: TypedFilters,
    test: str | None,
    patterns: bool,
    strategy: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List what made failed tests pass again.

    For each recovery, latest first: what failed, what was different when it passed, and the confidence. With TEST, only
    the recoveries of that test. `debugloop show ID` shows one with all its evidence.

    \b
    Example: debugloop recoveries --strategy code_change
    Example: debugloop recoveries --patterns
    """
    from pytest_debugloop.answers.connection import asked_project, open_record
    from pytest_debugloop.answers.lookup import named_test
    from pytest_debugloop.answers.recoveries import DOUBT
    from pytest_debugloop.cli.views.tables import Column, nonempty, table
    from pytest_debugloop.queries import recoveries
    from pytest_debugloop.queries.question import MANY

    if patterns and (test or strategy or typed):
        raise click.UsageError("--patterns cannot be combined with TEST, --strategy or options that narrow the list.")
    most = limit or MANY
    with open_record(location) as record:
        project = asked_project(record, location)
        if patterns:
            by_strategy = record.fetch(recoveries.strategy_patterns(most))
            by_failure = record.fetch(recoveries.recovery_patterns(most))
            causes = record.fetch(recoveries.fix_causes(most))
            if as_json:
                write_json("recoveries", {}, strategies=by_strategy, failures=by_failure, causes=causes)
            else:
                width = make_console().width
                show(_patterns(by_strategy, by_failure, causes, width), paging=location.paging)
            return
        task_id = record.answer(named_test(test, project, location.checkout_project())).id if test else None
        filters = record.answer(filters_of(typed, project, location))
        asked = recoveries.recoveries(limit=most, filters=filters, task_id=task_id, project=project, strategy=strategy)
        found = record.stream(asked)
        if as_json:
            write_json("recoveries", {}, recoveries=found)
            return
        listed = nonempty(found)
        if listed is None:
            click.echo("No recoveries.")
            return
        columns = [
            Column("recovery", "id"),
            Column("when", "faint", optional=3),
            Column("by", "pass"),
            Column("sure", right=True),
            Column("after", right=True, optional=1),
            Column("what was different", flexible=True),
            Column("test", flexible=True, is_whole=True, optional=4),
            Column("failure", "fail", flexible=True, optional=2),
        ]
        from pytest_debugloop.text.lines import Line

        lines = table(columns, map(_row, listed), make_console().width)
        show(chain(lines, [Line.of(f'{DOUBT} "sure" is how likely.', "faint")]), paging=location.paging)


def _row(recovery: Recovery) -> Row:
    from pytest_debugloop.answers.recoveries import reason_of
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import ago, error_line, percent, short, span

    return [
        short(recovery.id),
        ago(recovery.correlated_at),
        reason_of(recovery.recovery_strategy, recovery.confidence_score),
        percent(float(recovery.confidence_score)),
        span(recovery.recovery_duration_ms),
        printable(recovery.recovery_path or ""),
        printable(recovery.node_id),
        error_line(recovery.error_code, recovery.error_type, recovery.error_message),
    ]


def _patterns(
    by_strategy: list[StrategyPattern], by_failure: list[RecoveryPattern], causes: list[FixCause], width: int
) -> Iterator[Line]:
    from pytest_debugloop.cli.views.tables import Column, table
    from pytest_debugloop.text.lines import Line
    from pytest_debugloop.text.printable import printable
    from pytest_debugloop.text.words import ago, percent, span

    if not by_strategy:
        yield Line.of("No recoveries.")
        return
    yield Line.of("Recoveries by error type", "title")
    columns = [
        Column("recovered", right=True),
        Column("error type"),
        Column("by", "pass"),
        Column("median after", right=True),
        Column("90 % after", right=True, optional=1),
        Column("sure", right=True),
    ]
    yield from table(
        columns,
        (
            [
                f"{p.errors_recovered:,}",
                printable(p.error_type),
                printable(p.recovery_strategy or ""),
                span(p.median_duration_ms),
                span(p.p90_duration_ms),
                percent(p.avg_confidence),
            ]
            for p in by_strategy
        ),
        width,
    )
    yield Line.of("")
    yield Line.of("Recoveries by failure", "title")
    columns = [
        Column("recovered", right=True),
        Column("failure", "fail", flexible=True),
        Column("mostly by", "pass"),
        Column("by itself", right=True),
        Column("median after", right=True, optional=1),
        Column("sure", right=True),
        Column("fingerprint", "faint", optional=2),
    ]
    yield from table(
        columns,
        (
            [
                f"{p.errors_recovered:,}",
                printable(p.error_code or p.error_type),
                printable(p.dominant_strategy),
                percent(p.share_by_itself),
                span(p.median_duration_ms),
                percent(p.avg_confidence),
                printable(p.fingerprint or ""),
            ]
            for p in by_failure
        ),
        width,
    )
    if causes:
        yield Line.of("")
        yield Line.of("Changes that came with recoveries", "title")
        columns = [
            Column("recovered", right=True),
            Column("last", "faint"),
            Column("what", flexible=True, keep_end=True),
        ]
        yield from table(
            columns,
            ([f"{c.errors_recovered:,}", ago(c.last_at), printable(_cause(c))] for c in causes),
            width,
        )


def _cause(cause: FixCause) -> str:
    return f"{cause.file}::{cause.name}" if cause.file else f"{cause.kind} {cause.name}"
