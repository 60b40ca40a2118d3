"""Phases that take another time than before, as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_debugloop.answers.timings import LEAST_RUNS, Change, TimesCompared
from pytest_debugloop.cli.views.tables import Column, Row, table
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import counted, span

_COLUMNS = [
    Column("before", right=True),
    Column("after", right=True),
    Column("ratio", right=True),
    Column("95% interval", right=True, optional=2),
    Column("q", right=True, optional=1),
    Column("runs", right=True, optional=3),
    Column("phase"),
    Column("test", flexible=True, is_whole=True),
]


def too_few_line(answer: TimesCompared, last: int, narrowed: str) -> Line:
    """Say that there are too few runs to compare.

    Args:
        answer: the runs that there are.
        last: how many runs were to be the last.
        narrowed: the options that narrow the list, as they are typed; empty for none.
    """
    recent, earlier = len(answer.recent), len(answer.earlier)
    where = f" with {narrowed}" if narrowed else ""
    if last < LEAST_RUNS:
        return Line.of(f"At least {LEAST_RUNS} runs are needed on each side: give --last {LEAST_RUNS} or more.")
    return Line.of(
        f"Too few runs to compare{where}: of the last {last} and of those before, {LEAST_RUNS} each are needed; "
        f"there are {recent} and {earlier}."
    )


def change_lines(answer: TimesCompared, shown: Sequence[Change], min_ms: float, width: int) -> Iterator[Line]:
    """Write what was compared, and a table of what changed.

    Args:
        answer: the runs that were compared.
        shown: those of its changes that are listed.
        min_ms: what phases were left out, by their mean time in milliseconds.
        width: columns of the terminal.
    """
    changes = answer.changes
    phases = (
        f"{counted(changes.phases, 'phase')} of {min_ms:g} ms or more" if min_ms else counted(changes.phases, "phase")
    )
    sides = f"the last {counted(len(answer.recent), 'run')} against {len(answer.earlier)} before"
    significant = sum(change.is_significant for change in changes.changes)
    verdict = "none changed" if not significant else f"{significant:,} changed"
    yield Line.of(f"{phases}, {sides}: {verdict}.", "title")
    if changes.speed_ratio is not None and abs(changes.speed_ratio - 1) >= 0.02:
        factor = _factor(changes.speed_ratio)
        yield Line.of(f"Overall, runs took {factor} as long; the times below are corrected for that.")
    if not shown:
        return
    yield Line.of()
    yield from table(_COLUMNS, (_row(change) for change in shown), width)
    if len(shown) < len(changes.changes):
        yield Line.of(f"... and {len(changes.changes) - len(shown):,} more: --limit 0 shows all.", "faint")


def _row(change: Change) -> Row:
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
    return f"{milliseconds:.2g} ms" if milliseconds < 10 else span(milliseconds)


def _factor(ratio: float) -> str:
    return f"{ratio:.2f}x" if ratio < 10 else f"{min(ratio, 999_999):,.0f}x"


def _chance(q_value: float) -> str:
    return "< 0.0001" if q_value < 0.0001 else f"{q_value:.2g}" if q_value < 0.01 else f"{q_value:.2f}"
