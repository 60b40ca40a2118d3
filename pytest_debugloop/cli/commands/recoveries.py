"""``debugloop recoveries``: what made failures pass again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.completion import complete_thing
from pytest_debugloop.cli.filters import filter_options, limit_option
from pytest_debugloop.cli.json_pages import paged_json_option
from pytest_debugloop.cli.output import make_console, show, write_json
from pytest_debugloop.text.strategies import STRATEGIES

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import TypedFilters


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
    if patterns and (test or strategy or typed):
        raise click.UsageError("--patterns cannot be combined with TEST, --strategy or options that narrow the list.")
    from pytest_debugloop.answers.connection import open_record
    from pytest_debugloop.answers.lists import listed_recoveries, recovery_patterns
    from pytest_debugloop.cli.views.recovery_list import pattern_lines, recovery_lines
    from pytest_debugloop.cli.views.tables import nonempty
    from pytest_debugloop.queries.question import MANY

    most = limit or MANY
    with open_record(location) as record:
        if patterns:
            common = record.answer(recovery_patterns(most))
            if as_json:
                strategies, failures, causes = common.by_strategy, common.by_failure, common.causes
                write_json("recoveries", {}, strategies=strategies, failures=failures, causes=causes)
            else:
                show(pattern_lines(common, make_console().width), paging=location.paging)
            return
        answer = record.answer(listed_recoveries(typed, location, most, test=test, strategy=strategy))
        if as_json:
            write_json("recoveries", {}, recoveries=record.stream(answer.recoveries))
            return
        found = nonempty(record.stream(answer.recoveries))
        if found is None:
            click.echo("No recoveries match." if test or strategy or typed else "No recoveries.")
            return
        show(recovery_lines(found, make_console().width), paging=location.paging)
