"""Flaky tests as people read them: how often each failed, as what it ranks, how it fails, and when."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from pytest_debugloop.answers.correlations import Correlation
from pytest_debugloop.answers.flaky import RankedTest
from pytest_debugloop.cli.views.tables import cell_width
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, classes_by_leg, error_line, percent, short, span

RANKED_BY = (
    "Ranked by the lower bound: the failure rate on good code is at least this with a probability of 95%. "
    "Few attempts prove little, so 1 of 2 ranks below 40 of 400."
)
_STYLES = {"flaky": "warn", "newly flaky": "fail", "broken": "fail", "fixed": "pass"}
_INDENT = "    "
_GAP = "  "


def flaky_lines(tests: Sequence[RankedTest], width: int) -> Iterator[Line]:
    """Write flaky tests, each with what is known of it below; node ids are never cut.

    Args:
        tests: at least one, in the order of their rank.
        width: columns of the terminal.
    """
    yield from _wrapped(RANKED_BY, width, indent="", style="faint")
    titles = ("failed", "lower bound", "class", "test")
    rows = [_cells(ranked) for ranked in tests]
    widths = [max(cell_width(row[index]) for row in [titles, *rows]) for index in range(3)]
    longest = max(cell_width(row[3]) for row in rows)
    is_folded = sum(widths) + 3 * len(_GAP) + longest > width
    yield Line.of()
    yield _row(titles, widths, "faint", is_folded=is_folded)
    for ranked, cells in zip(tests, rows, strict=True):
        if sum(widths) + 2 * len(_GAP) > width:
            yield Line.of(f"{cells[0]}{_GAP}{cells[1]}")
            yield from _wrapped(cells[2], width, style=_style(cells[2]))
        else:
            yield _row(cells, widths, _style(cells[2]), is_folded=is_folded)
        if is_folded:
            yield Line.of(f"  {cells[3]}", is_whole=True)
        yield from _known(ranked, width)


def _row(cells: Sequence[str], widths: Sequence[int], style: str, *, is_folded: bool) -> Line:
    failed, bound, class_ = (" " * (width - cell_width(cell)) for cell, width in zip(cells, widths, strict=False))
    line = Line.of(f"{cells[0]}{failed}{_GAP}{bound}{cells[1]}{_GAP}").append(cells[2], style)
    return line if is_folded else line.append(f"{class_}{_GAP}{cells[3]}")


def _style(class_: str) -> str:
    return _STYLES.get(class_.split(" on ")[0], "")


def _cells(ranked: RankedTest) -> tuple[str, str, str, str]:
    test = ranked.test
    class_ = classes_by_leg({leg.leg: leg.class_ for leg in ranked.legs}) or printable(test.class_)
    failed = f"failed {test.failures:,} of {test.attempts:,} ({percent(test.failures / test.attempts)})"
    return failed, percent(test.score), class_, printable(test.node_id)


def _known(ranked: RankedTest, width: int) -> Iterator[Line]:
    test, failure = ranked.test, ranked.failure
    if failure is not None:
        message = error_line(failure.error_code, failure.error_type, failure.error_message)
        times = "" if failure.times == failure.failures else f"{failure.times:,} of {failure.failures:,} failures: "
        yield from _wrapped(f"{times}{message}  {short(failure.last_error_id)}", width)
    for found in ranked.correlations:
        yield from _wrapped(correlation_words(found), width, style="warn")
    facts = [
        f"up to {percent(test.flakiness_high)}",
        f"first tries {percent(test.failure_rate)}",
        f"flips {percent(test.flip_rate)}" if test.flip_rate is not None else "",
        f"recovers by {printable(test.dominant_strategy)}" if test.dominant_strategy else "",
        f"cost {span(ranked.cost_ms)}" if ranked.cost_ms >= 1 else "",
        f"last failed {ago(test.last_failed_at)}",
    ]
    yield from _wrapped(", ".join(fact for fact in facts if fact), width, style="faint")


def correlation_words(found: Correlation) -> str:
    """Say with what failures go together.

    Args:
        found: that is significant.
    """
    value = printable(found.value)
    where = {
        "leg": f"in leg {value}" if value else "outside of any leg",
        "hour": f"in runs that start between {value}:00 and {value}:59 UTC",
        "hash_seed": f"with PYTHONHASHSEED={value}",
        "machine": f"on the machine with boot id {value}",
        "platform": f"on {value}",
        "parallel": "in a worker of pytest-xdist" if value == "yes" else "without pytest-xdist",
        "previous_test": f"directly after {value}" if value else "as the first test of its process",
        "earlier_test": f"if {value} ran before it",
    }[found.factor]
    more = found.failures * found.other_attempts >= found.other_failures * found.attempts
    often = "more" if more else "less"
    return (
        f"fails {often} often {where}: {found.failures:,} of {found.attempts:,}, otherwise "
        f"{found.other_failures:,} of {found.other_attempts:,} (q = {found.q_value:.2g})"
    )


def _wrapped(text: str, width: int, *, indent: str = _INDENT, style: str = "") -> Iterator[Line]:
    """Write a text in as many lines as it needs; a word that is wider than the terminal is not broken."""
    parts = textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from (Line.of(part, style, is_whole=True) for part in parts)
