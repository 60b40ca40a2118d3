"""What is said of a failure in words: how often it was seen, what it recovers by, and where its test passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.text.changed import changed_words, since_pass
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, local, passes_elsewhere, percent, short

if TYPE_CHECKING:
    from pytest_debugloop.queries.failures import FailureHistory


def history_line(history: FailureHistory | None) -> str:
    """Say in one line what the record knows of this kind of failure.

    Args:
        history: of a failure; None where it is of no test.
    """
    if history is None or history.seen <= 1:
        return "" if history is None else "seen for the first time"
    seen = f"seen {counted(history.seen, 'time')} in {counted(history.runs, 'run')}, first {ago(history.first_at)}"
    parts = [seen]
    if history.recovered and history.dominant_times:
        share = history.dominant_times / history.seen
        parts.append(f"recovers by {printable(str(history.dominant_strategy))} {percent(share)}")
    elif not history.recovered:
        parts.append("never recovered")
    if history.last_fixed_function:
        where = f"{history.last_fixed_file}::{history.last_fixed_function}"
        parts.append(f"last fixed by a change in {printable(where)}, {ago(history.last_fixed_at)}")
    return ", ".join(parts)


def open_line(history: FailureHistory | None) -> str:
    """Say that a failure is open, whether anybody has looked since, and where its test passes.

    Args:
        history: of the failure; None where it is of no test.

    Returns:
        Nothing where it is recovered, or fails everywhere and was run lately.
    """
    if history is None or not history.is_open:
        return ""
    parts = [f"not run since {local(history.not_run_since)[:10]}"] if history.not_run_since else []
    parts += filter(None, [passes_elsewhere(history.passes_elsewhere)])
    return ", ".join(["open", *parts]) if parts else ""


def passed_line(history: FailureHistory | None) -> str:
    """Say when the test last passed, and what is different since.

    Args:
        history: of the failure; None where it is of no test.

    Returns:
        Nothing where it is recovered, or no pass before it is known.
    """
    if history is None or not history.is_open or history.last_passed_at is None:
        return ""
    changed = history.changed_since
    is_known = not (isinstance(changed, dict) and changed.get("missing"))
    run, branch = short(history.last_passed_run_id), history.last_passed_branch
    return since_pass(ago(history.last_passed_at), run, changed_words(changed), branch, is_known=is_known)
