"""A test: its attempts on each line, how it fails, how long it takes, and whether it is flaky."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from pytest_debugloop.answers.duration_changes import duration_changes
from pytest_debugloop.answers.filters import TypedFilters
from pytest_debugloop.answers.flaky import ranked_tests
from pytest_debugloop.answers.lists import history_of
from pytest_debugloop.answers.not_loaded import not_loaded
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.lookup import Test
from pytest_debugloop.queries.recoveries import PastAttempt, recoveries
from pytest_debugloop.text.words import error_line, local, short, span
from pytest_debugloop.web.charts import Mark, Point
from pytest_debugloop.web.view import Asked, View

_ATTEMPTS = 500
_OF_LINE = 60
_LINES = 12
_LISTED = 50
_POINTS = 120


@dataclass(frozen=True, slots=True)
class Reason:
    """One way in which a test fails.

    Attributes:
        times: how often, of its attempts.
        last: its last failure.
    """

    times: int
    last: PastAttempt

    @property
    def line(self) -> str:
        """What failed, in a line."""
        return error_line(self.last.error_code, "", self.last.error_message or "")


def test_page(asked: Asked) -> View:
    """Show a test.

    Args:
        asked: for which.
    """
    typed = TypedFilters(branch=asked.text("branch"), leg=asked.text("leg"))
    found = asked.record.answer(history_of(typed, asked.location, asked.id, _ATTEMPTS))
    attempts = asked.record.fetch(found.attempts)
    facts = {"test": found.test, "not_loaded": not_loaded(asked.location)}
    values = {} if asked.is_json else _values(asked, found.test, attempts)
    return View("test.html", found.test.node_id, values, "history", facts, {"attempts": attempts})


def _values(asked: Asked, test: Test, attempts: list[PastAttempt]) -> dict[str, Any]:
    scores = asked.record.answer(ranked_tests(None, 1, filters=Filters(task_ids=(test.id,))))
    recovered = asked.record.fetch(recoveries(task_id=test.id, limit=20))
    durations = [attempt for attempt in attempts if attempt.duration_ms is not None][:_POINTS][::-1]
    changes = duration_changes([float(attempt.duration_ms or 0) for attempt in durations])
    return {
        "test": test,
        "attempts": attempts[:_LISTED],
        "many": len(attempts),
        "failed": sum(attempt.failed for attempt in attempts),
        "strips": _strips(attempts),
        "marks": marks_of,
        "reasons": _reasons(attempts),
        "score": scores[0] if scores else None,
        "points": [
            Point(float(one.duration_ms or 0), f"{span(one.duration_ms)}, {local(one.ended_at)}") for one in durations
        ],
        "changes": [(change, durations[change.place]) for change in changes],
        "recovered": recovered,
        "query": dict(asked.query),
    }


def _strips(attempts: list[PastAttempt]) -> list[tuple[str, str, list[PastAttempt]]]:
    lines: dict[tuple[str, str], list[PastAttempt]] = defaultdict(list)
    for attempt in attempts:
        lines[attempt.git_branch or "", attempt.leg or ""].append(attempt)
    return [(branch, leg, found[:_OF_LINE]) for (branch, leg), found in list(lines.items())[:_LINES]]


def marks_of(attempts: list[PastAttempt], root: str) -> list[Mark]:
    """Draw attempts in a row, the oldest first.

    Args:
        attempts: the latest first.
        root: path of the front page.
    """
    marks = []
    for attempt in reversed(attempts):
        what = "failed" if attempt.failed else "passed"
        title = f"{what} {local(attempt.ended_at)}, commit {(attempt.git_commit or 'unknown')[:9]}"
        place = f"failures/{short(attempt.error_id)}" if attempt.error_id else f"runs/{short(attempt.run_id)}"
        marks.append(Mark(what, title, f"{root}/{place}", gap=bool(attempt.is_code_changed)))
    return marks


def _reasons(attempts: list[PastAttempt]) -> list[Reason]:
    failed = [attempt for attempt in attempts if attempt.failed]
    counts = Counter(attempt.fingerprint for attempt in failed)
    last = {attempt.fingerprint: attempt for attempt in reversed(failed)}
    return [Reason(times, last[fingerprint]) for fingerprint, times in counts.most_common(20)]
