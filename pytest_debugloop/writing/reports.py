"""What pytest's reports make of a step: its outcome and reason, and the failure where no exception was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_debugloop.journal.records import clean_text, json_string
from pytest_debugloop.writing.failure import FAILED_SUBTESTS, kind_of_report
from pytest_debugloop.writing.node_ids import in_file
from pytest_debugloop.writing.steps import Attempt, Step

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.writing.failure_context import Failure
    from pytest_debugloop.writing.writer import Writer

_OUTCOMES = ("passed", "failed", "skipped")
_LONGEST_WORD = 100


def subtest_name(report: pytest.TestReport) -> str | None:
    """Name the subtest that a report is of.

    Args:
        report: of a test, or of a subtest of pytest 9 or of pytest-subtests.

    Returns:
        What pytest calls it, None where it is the report of a whole test.
    """
    if getattr(report, "context", None) is None:
        return None
    describe: Any = getattr(report, "_sub_test_description", None) or getattr(report, "sub_test_description", None)
    return None if describe is None else str(describe())


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Say why a test was skipped, or expected to fail.

    Args:
        report: of the phase that says so.
    """
    why = getattr(report, "wasxfail", None)
    if isinstance(why, str):
        return why
    if isinstance(report.longrepr, tuple) and len(report.longrepr) == 3:
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return ""


def outcome_of(report: pytest.TestReport | pytest.CollectReport, seen: str) -> str:
    """Name the outcome that a report gives its step.

    Args:
        report: of a phase.
        seen: the outcome by what was seen of the phase itself.

    Returns:
        What pytest makes of it. Of an outcome that a plugin made up, pytest asks nothing but whether it is ``failed``:
        where it is not, what was seen stands, and an attempt that failed does so without counting, as ``rerun``.
    """
    outcome: str = report.outcome
    if outcome in _OUTCOMES:
        if hasattr(report, "wasxfail"):
            return "xfailed" if outcome == "skipped" else "xpassed" if outcome == "passed" else outcome
        return outcome
    for name in _OUTCOMES:
        if getattr(report, name):  # a report of the plugin's own may know what its words mean
            return name
    has_failed = report.longrepr is not None and not isinstance(report.longrepr, tuple)
    return "rerun" if has_failed or seen == "failed" else seen


class UndecidedFailures:
    """The steps that failed while pytest does not call them so, until it is known whether the test is tried again.

    Args:
        writer: of this process.

    Attributes:
        steps: that are kept, and the test of each.
    """

    __slots__ = ("_writer", "steps")

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.steps: list[tuple[str, Step]] = []

    def add(self, task: str, step: Step) -> None:
        """Keep a step of a test in mind."""
        self.steps.append((task, step))

    def resolve(self, next_task: str = "") -> None:
        """Write that they count for nothing, but for those of the test that is run next: these were attempts."""
        if not self.steps:
            return
        steps, self.steps = self.steps, []
        for task, step in steps:
            if task != next_task and step.outcome == "rerun":
                step.mark_expected()
                self._writer.write(step.ended_line())


def custom_outcome_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Give the outcome of a report where it is none of pytest's own.

    Args:
        report: of a phase.

    Returns:
        The word, and nothing where pytest knows it.
    """
    outcome: str = report.outcome
    return "" if outcome in _OUTCOMES else str(outcome)[:_LONGEST_WORD]


def apply_report(writer: Writer, step: Step, report: pytest.TestReport | pytest.CollectReport) -> None:
    """Give a step its outcome by a report, which is all that is known of it and all that will be.

    Args:
        writer: of this process.
        step: that the report is of.
        report: of a subtest, of a collector, or of a phase that was not seen.
    """
    step.outcome = outcome_of(report, "passed")
    step.add_custom_outcome(writer.redact(custom_outcome_of(report)))
    if step.outcome == "rerun":
        step.mark_expected()
    elif step.outcome not in ("passed", "failed"):
        step.add_reason(writer.short(reason_of(report)))


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
    return writer.failure_of_text(text, kind, attempt.context_of(step), attempt.facts.code)


def step_of_subtest(writer: Writer, attempt: Attempt, report: pytest.TestReport, name: str) -> Step:
    """Make the step of a subtest, which has ended.

    Args:
        writer: of this process.
        attempt: of the test.
        report: of the subtest.
        name: what pytest calls it.
    """
    ended = writer.now()
    step = attempt.begin_subtest(writer.next_n(), ended - _duration_of(report))
    step.ended = ended
    step.subtest = name = writer.short(name)
    step.extra = f'"subtest":{json_string(name)},'
    apply_report(writer, step, report)
    return step


def _duration_of(report: pytest.TestReport) -> int:
    """Say how many microseconds it took."""
    return max(int(report.duration * 1_000_000), 0)


def _times_of(report: pytest.TestReport, now: int) -> tuple[int, int]:
    """Say when a phase began and ended: several may be reported at once, after the last of them."""
    duration = _duration_of(report)
    began = int(getattr(report, "start", 0) * 1_000_000)
    started = min(began or now, now - duration)
    return started, started + duration


def write_step_of_other_process(writer: Writer, report: pytest.TestReport) -> None:
    """Write a phase that ran in another process, as pytest-forked has it: its report is all that there is.

    Args:
        writer: of this process.
        report: of the phase.
    """
    started, ended = _times_of(report, writer.now())
    phase = report.when if report.when in ("setup", "teardown") else "call"
    file = report.location[0]  # from rootdir, which a node id is not where the file is outside of it
    node_id = in_file(report.nodeid, file) if file.startswith("../") else report.nodeid
    attempt = Attempt(writer.redact(node_id), 1)
    step = attempt.begin(writer.next_n(), phase, started)
    step.ended = ended
    apply_report(writer, step, report)
    if step.outcome == "failed":
        failure = failure_of_report(writer, attempt, step, report)
        step.extra += failure.reference
        writer.write_failure(failure, step.ended_line())
    else:
        writer.write(step.ended_line())
