"""What a report of pytest makes of a step: its outcome, and the failure where no exception was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.recording.failure import FAILED_SUBTESTS, kind_of_report
from pytest_debugloop.records import clean_text

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.recording.steps import Attempt, Step
    from pytest_debugloop.recording.writer import Failure, Writer


def verdict_of(report: pytest.TestReport) -> str:
    """Name the outcome that a report gives its step.

    Args:
        report: of a phase.
    """
    outcome: str = report.outcome
    if hasattr(report, "wasxfail"):
        return "xfailed" if outcome == "skipped" else "xpassed" if outcome == "passed" else outcome
    return outcome if outcome in ("passed", "failed", "skipped") else "rerun"


def failure_of_report(writer: Writer, attempt: Attempt, step: Step, report: pytest.TestReport) -> Failure:
    """Make the failure of a step of which only pytest's report is known.

    Args:
        writer: of this process.
        attempt: of the test.
        step: that failed.
        report: says so.
    """
    text = clean_text(report.longreprtext)
    kind = kind_of_report(step.phase, text)
    if step.phase == "call" and attempt.is_failed_by_subtests:
        number = attempt.failed_subtests
        kind, text = FAILED_SUBTESTS, f"contains {number} failed subtest{'s' if number > 1 else ''}"
    return writer.failure_of_text(
        text,
        kind,
        step=(step.n, step.started),
        at=step.ended,
        node_id=attempt.node_id,
        phase=step.phase,
        attempt=attempt.number,
        subtest=step.subtest,
        task=attempt.task,
        code_places=attempt.code_places,
    )
