"""The runs of a CI run or session as people read them, leg by leg."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from pytest_debugloop.answers.runs import code_of, duration_of, verdict_of
from pytest_debugloop.cli.views.tables import Column, table
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, short

if TYPE_CHECKING:
    from pytest_debugloop.answers.shown import ShownSession
    from pytest_debugloop.cli.views.tables import Row
    from pytest_debugloop.queries.runs import Run


def session_lines(shown: ShownSession, width: int) -> Iterator[Line]:
    """Write a session: a table of runs for each leg.

    Args:
        shown: the session.
        width: columns of the terminal.
    """
    verdicts = Counter(verdict_of(run)[0] for run in shown.runs)
    counts = ", ".join(f"{number:,} {verdict}" for verdict, number in verdicts.most_common())
    yield (
        Line.of("session ", "title")
        .append(short(shown.id), "id")
        .append(f" {counted(len(shown.runs), 'run')}: {counts}")
    )
    columns = [
        Column("run", "id"),
        Column("when", "faint", optional=3),
        Column("result"),
        Column("passed", right=True),
        Column("failures", right=True),
        Column("time", right=True, optional=1),
        Column("code", flexible=True, is_whole=True),
    ]
    for leg, runs in groupby(shown.runs, key=lambda run: run.leg):
        yield Line.of()
        yield Line.of(printable(leg) or "no leg", "title")
        yield from table(columns, map(_row, runs), width)
    yield Line.of()
    yield Line.of("To see the failures of one: debugloop show RUN", "faint")


def _row(run: Run) -> Row:
    verdict, style = verdict_of(run)
    return [
        short(run.id),
        ago(run.started_at),
        Line.of(verdict, style),
        f"{run.successes_total or 0:,}",
        Line.of(f"{run.errors_total or 0:,}", "fail" if run.errors_total else ""),
        duration_of(run),
        code_of(run.git_branch, run.git_commit, run.is_dirty),
    ]
