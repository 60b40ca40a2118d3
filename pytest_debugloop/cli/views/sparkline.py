"""The history of a test as people read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.words import verdict_mark

if TYPE_CHECKING:
    from pytest_debugloop.queries.recoveries import PastAttempt


def strip_of(attempts: Iterable[PastAttempt]) -> Line:
    """Write the verdicts of attempts in a row, the oldest first; a gap where the code became another.

    Args:
        attempts: the latest first.
    """
    spans: list[tuple[str, str]] = []
    before: str | None = None
    for attempt in reversed(list(attempts)):
        if spans and attempt.code_version != before:
            spans.append((" ", ""))
        before = attempt.code_version
        spans.append((verdict_mark(attempt.failed), "fail" if attempt.failed else "pass"))
    return Line((("", ""), *spans))
