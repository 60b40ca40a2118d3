"""Recoveries, and what they have in common, as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pytest_debugloop.answers.lists import RecoveryPatterns
from pytest_debugloop.answers.recoveries import DOUBT, reason_of
from pytest_debugloop.cli.views.tables import Column, Row, table
from pytest_debugloop.queries.recoveries import FixCause, Recovery
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, error_line, percent, short, span

_COLUMNS = [
    Column("recovery", "id"),
    Column("when", "faint", optional=3),
    Column("by", "pass"),
    Column("sure", right=True),
    Column("after", right=True, optional=1),
    Column("what was different", flexible=True, least=40),
    Column("test", flexible=True, is_whole=True),
    Column("failure", "fail", flexible=True, least=40),
]


def recovery_lines(recoveries: Iterable[Recovery], width: int) -> Iterator[Line]:
    """Write a table of recoveries.

    Args:
        recoveries: the latest first.
        width: columns of the terminal.
    """
    yield from table(_COLUMNS, map(_row, recoveries), width)
    yield Line.of(f'"sure" is the probability of the reason. {DOUBT}', "faint")


def _row(recovery: Recovery) -> Row:
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


def pattern_lines(patterns: RecoveryPatterns, width: int) -> Iterator[Line]:
    """Write what recoveries have in common.

    Args:
        patterns: of recoveries.
        width: columns of the terminal.
    """
    if not patterns.by_strategy:
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
            for p in patterns.by_strategy
        ),
        width,
    )
    yield Line.of("")
    yield Line.of("Recoveries by failure", "title")
    columns = [
        Column("recovered", right=True),
        Column("failure", "fail", flexible=True, least=40),
        Column("mostly by", "pass"),
        Column("by itself", right=True),
        Column("median after", right=True, optional=1),
        Column("sure", right=True),
        Column("fingerprint", "faint", flexible=True, is_whole=True),
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
            for p in patterns.by_failure
        ),
        width,
    )
    if patterns.causes:
        yield Line.of("")
        yield Line.of("Changes that came with recoveries", "title")
        columns = [
            Column("recovered", right=True),
            Column("last", "faint"),
            Column("what", flexible=True, is_whole=True),
        ]
        yield from table(
            columns,
            ([f"{c.errors_recovered:,}", ago(c.last_at), printable(_cause(c))] for c in patterns.causes),
            width,
        )


def _cause(cause: FixCause) -> str:
    return f"{cause.file}::{cause.name}" if cause.file else f"{cause.kind} {cause.name}"
