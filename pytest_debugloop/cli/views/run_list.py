"""A list of runs as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_debugloop.answers.runs import code_of, duration_of, marks_of_code, verdict_of
from pytest_debugloop.cli.views.tables import Column, Row, table
from pytest_debugloop.queries.runs import Run
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, short

_COLUMNS = [
    Column("run", "id"),
    Column("when", "faint"),
    Column("result"),
    Column("passed", right=True),
    Column("failures", right=True),
    Column("skipped", right=True, optional=1),
    Column("recoveries", right=True, optional=2),
    Column("time", right=True, optional=3),
    Column("code", flexible=True, is_whole=True),
    Column("project", flexible=True, is_whole=True),
]


def run_lines(runs: Iterable[Run], width: int) -> Iterator[Line]:
    """Write a table of runs, and below it what the marks after commits mean.

    Args:
        runs: the latest first.
        width: columns of the terminal.
    """
    is_dirty: set[bool | None] = set()
    yield from table(_COLUMNS, (_row(run, is_dirty) for run in runs), width)
    if marks := marks_of_code(is_dirty):
        yield Line.of(marks, "faint")


def _row(run: Run, is_dirty: set[bool | None]) -> Row:
    if run.git_commit:
        is_dirty.add(run.is_dirty)
    verdict, style = verdict_of(run)
    return [
        short(run.id),
        ago(run.started_at),
        Line.of(verdict, style),
        f"{run.successes_total or 0:,}",
        Line.of(f"{run.errors_total or 0:,}", "fail" if run.errors_total else ""),
        f"{run.skipped_total or 0:,}",
        f"{run.recoveries_total or 0:,}",
        duration_of(run),
        code_of(run.git_branch, run.git_commit, run.is_dirty),
        printable(run.project),
    ]
