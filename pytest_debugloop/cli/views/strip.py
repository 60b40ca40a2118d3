"""The history of a test as people read it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pytest_debugloop.text.words import verdict_mark

if TYPE_CHECKING:
    from rich.text import Text

    from pytest_debugloop.queries.recoveries import PastAttempt


def strip_of(attempts: Iterable[PastAttempt]) -> Text:
    """Write the verdicts of attempts in a row, the oldest first; a gap where the code became another.

    Args:
        attempts: the latest first.
    """
    from rich.text import Text

    text = Text()
    before: str | None = None
    for attempt in reversed(list(attempts)):
        if len(text) and attempt.code_version != before:
            text.append(" ")
        before = attempt.code_version
        text.append(verdict_mark(attempt.failed), style="fail" if attempt.failed else "pass")
    return text
