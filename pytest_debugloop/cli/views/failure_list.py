"""Groups of failures as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_debugloop.cli.views.tables import Column, Row, table
from pytest_debugloop.queries.failures import FailureGroup
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, error_line, local, passes_elsewhere, percent, short

_COLUMNS = [
    Column("error", "id"),
    Column("times", right=True),
    Column("tests", right=True, optional=3),
    Column("runs", right=True, optional=2),
    Column("recovered", right=True, optional=1),
    Column("state", flexible=True),
    Column("first seen", "faint", optional=4),
    Column("last seen", "faint", optional=5),
    Column("where", flexible=True, is_whole=True),
    Column("failure", "fail", flexible=True, least=50),
]


def failure_group_lines(groups: Iterable[FailureGroup], width: int) -> Iterator[Line]:
    """Write a table of groups of failures.

    Args:
        groups: the most frequent first.
        width: columns of the terminal.
    """
    return table(_COLUMNS, map(_row, groups), width)


def _row(group: FailureGroup) -> Row:
    where = f"{group.file}:{group.line} {group.function or ''}".rstrip() if group.file else group.last_node_id
    return [
        short(group.last_error_id),
        f"{group.times:,}",
        f"{group.tests:,}",
        f"{group.runs:,}",
        percent(group.recovered / group.times),
        _state(group),
        ago(group.first_at),
        ago(group.last_at),
        printable(where),
        error_line(group.error_code, group.error_type, group.error_message),
    ]


def _state(group: FailureGroup) -> str:
    if group.recovered >= group.times:
        return "recovered"
    if group.not_run_since:
        return f"open, not run since {local(group.not_run_since)[:10]}"
    return ", ".join(filter(None, ["open", passes_elsewhere(group.passes_elsewhere)]))
