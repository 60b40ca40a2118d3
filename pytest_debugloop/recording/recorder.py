"""From the phases of each test to lines of the journal.

An attempt begins where setup is entered, whichever plugin repeats it. A failure is written as soon as it is seen;
pytest's own verdict comes with the log report, at once, late or never, and corrects what was written where it differs
(an expected failure, a rerun). Which hooks say what happens is decided elsewhere: :mod:`.phase_hooks`.
"""

from __future__ import annotations

from _thread import RLock, get_ident  # a test may patch those of threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.recording.states import RecorderState, States
from pytest_debugloop.writing.facts import facts_of
from pytest_debugloop.writing.failure import SKIP_EXCEPTIONS, errors_of, kind_for, root_of
from pytest_debugloop.writing.reports import (
    UndecidedFailures,
    custom_outcome_of,
    failure_of_report,
    outcome_of,
    reason_of,
    step_of_subtest,
    subtest_name,
    write_step_of_other_process,
)
from pytest_debugloop.writing.steps import NO_ATTEMPT, Attempt, Step

if TYPE_CHECKING:
    from pytest_debugloop.recording.attempts import Attempts
    from pytest_debugloop.recording.trace_selection import TraceSelection
    from pytest_debugloop.writing.failure_context import Failure
    from pytest_debugloop.writing.writer import Writer


class Recorder:
    """What a process that runs tests knows of them.

    Args:
        writer: takes lines and failures, and catches our own faults.
        attempts: counts those of this process.
        selection: decides which attempts are traced.

    Attributes:
        attempt: the test under way.
        step: the phase that began last.
        buffer: lines that are written with the next.
        phase_to_step: called before others ask for the step: makes one of a phase that has none yet.
    """

    def __init__(self, writer: Writer, attempts: Attempts, selection: TraceSelection) -> None:
        self._writer = writer
        self._now = writer.now
        self.attempts = attempts
        self._trace_selection = selection
        self._states = States(writer.fault)
        self.enter = self._states.enter
        self.attempt = NO_ATTEMPT
        self.step = Step(0, "", 0, "")
        self.phase_to_step: Callable[[], None] = lambda: None
        self._undecided = UndecidedFailures(writer)
        self.buffer = ""
        self._subtests: dict[int, Step] = {}  # the last of each thread: failed, and its exception may still come
        self._turn = RLock()  # threads of a test may report parts of it at once

    def current_step(self) -> tuple[Attempt, Step]:
        """Give the attempt and the step that began last."""
        self.phase_to_step()
        return self.attempt, self.step

    # -- phases --------------------------------------------------------------------------------------------------------

    @property
    def traced(self) -> frozenset[str]:
        """The tests that are traced at their first attempt."""
        return self._trace_selection.names

    def end_trace(self) -> None:
        """Note that the attempt is over, as far as it is traced."""
        if self._trace_selection.is_active:
            self._writer.guarded(self._trace_selection.end)

    def begin(self, item: pytest.Item, phase: str) -> None:
        """Note that a phase begins, and write so.

        Args:
            item: the test.
            phase: ``setup``, ``call`` or ``teardown``; an attempt begins with its setup.
        """
        try:
            self.buffer += self._take_ended_lines()
            if phase == "setup" or not self.attempt.is_of(item):
                self.begin_attempt(item)
            self.begin_phase(phase)
        except Exception as fault:
            self._writer.fault(fault)

    def begin_phase(self, phase: str) -> None:
        """Note that a phase of the attempt begins, and write so.

        Args:
            phase: ``setup``, ``call`` or ``teardown``.
        """
        try:
            self.enter(RecorderState.RUNNING)
            text = self.buffer + self._take_ended_lines()
            self.buffer = ""
            writer = self._writer
            step = self.step = self.attempt.begin(writer.next_n(), phase, self._now())
            writer.write(text + step.started_line())
        except Exception as fault:
            self._writer.fault(fault)

    def resume(self, n: int, phase: str, started: int) -> Step:
        """Make the step of a phase that is under way, and that the journal knows already.

        Args:
            n: its record's number.
            phase: ``setup``, ``call`` or ``teardown``.
            started: when it began.
        """
        self._states.now = RecorderState.RUNNING
        self.step = self.attempt.step_of(n, phase, started)
        return self.step

    def end(self) -> None:
        """Note that the phase is over, and nothing was raised."""
        self.step.ended = self._now()
        self.enter(RecorderState.ENDED)

    def begin_attempt(self, item: pytest.Item) -> Attempt:
        """Note that a test is tried.

        Args:
            item: the test.
        """
        attempt = self.attempt = self.attempts.begin(item)
        self._subtests.clear()
        if self._undecided.steps:
            self._undecided.resolve(attempt.task)
        if self._trace_selection.begin(attempt, self.current_step):
            attempt.is_watched = True
        return attempt

    def record_exception(self, item: pytest.Item, raised: BaseException | None) -> None:
        """Note that the phase is over, and write its failure.

        Args:
            item: the test.
            raised: what ended the phase; None where unittest has kept it.

        Raises:
            KeyboardInterrupt: it came meanwhile.
        """
        step = self.step
        self.end()
        try:
            error, *others = errors_of(item, raised, step.phase)
            if isinstance(error, SKIP_EXCEPTIONS):
                step.outcome = "xfailed" if isinstance(error, pytest.xfail.Exception) else "skipped"
                step.add_reason(self._writer.short(str(error)))
                return
            step.outcome = "failed"
            if item.get_closest_marker("xfail") is not None:
                # Most likely pytest will call this expected: it is taken now, and written with the verdict.
                step.expected = self._failure(step, error, item, others)
            else:
                self._fail(step, self._failure(step, error, item, others))
        except Exception as fault:
            self._writer.fault(fault)
        self._writer.pass_on_interrupt()

    def _failure(self, step: Step, error: BaseException, item: object, others: Sequence[BaseException] = ()) -> Failure:
        kind = kind_for(item, root_of(error), step.phase)
        return self._writer.failure_of_exception(error, kind, self.attempt.context_of(step), facts_of(item), others)

    def _fail(self, step: Step, failure: Failure) -> None:
        step.error = True
        self.attempts.failed.add(self.attempt.task)
        step.expected = step.report = None
        step.extra += failure.reference
        self._writer.write_failure(failure, step.ended_line())

    # -- pytest's verdict -------------------------------------------------------------------------------------------

    def log_report(self, report: pytest.TestReport) -> None:
        """Hold what pytest says of a phase against what was seen of it.

        Args:
            report: of a phase, or of a subtest.
        """
        try:
            attempt = self.attempt
            name = subtest_name(report)
            step = attempt.steps.get(str(report.when))
            if name is not None:
                if not self._writer.is_fork:
                    with self._turn:
                        self._log_subtest(report, name)
            elif attempt is NO_ATTEMPT:
                write_step_of_other_process(self._writer, report)
            elif step is not None:
                step.ended = step.ended or self._now()
                outcome = outcome_of(report, step.outcome)
                if outcome != report.outcome:
                    step.add_custom_outcome(self._writer.redact(custom_outcome_of(report)))
                if outcome == "passed" and step.phase == "call" and attempt.is_failed_by_subtests:
                    outcome = "failed"  # where no terminal has said so before: in workers of xdist
                if outcome != step.outcome:
                    self._correct(step, outcome, report)
                if step.expected is not None:
                    self.flush()
        except Exception as fault:
            self._writer.fault(fault)

    def end_attempt(self, *, has_next: bool) -> None:
        """Write what is left of a test, or have it written with the start of the next.

        Args:
            has_next: whether another test follows at once.
        """
        try:
            if has_next:
                self.buffer += self._take_ended_lines()
            else:
                self.flush()
            self.enter(RecorderState.IDLE)
            self.attempt = NO_ATTEMPT
        except Exception as fault:
            self._writer.fault(fault)

    def _correct(self, step: Step, outcome: str, report: pytest.TestReport) -> None:
        step.outcome = outcome
        step.written = False
        if outcome == "rerun":
            self._undecided.add(self.attempt.task, step)
        if outcome in ("skipped", "xfailed", "xpassed"):
            step.expected = None
            step.add_reason(self._writer.short(reason_of(report)))
        elif outcome in ("failed", "rerun") and not step.error and step.expected is None:
            step.report = report
            by_subtests = step.phase == "call" and self.attempt.is_failed_by_subtests
            if by_subtests or isinstance(report.longrepr, str):
                self._fail_from_report(step)  # no exception will come

    @pytest.hookimpl(tryfirst=True)
    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: pytest.TestReport
    ) -> None:
        """Take the failures whose exception no wrapper saw: unittest keeps it to itself, and so do subtests."""
        try:
            # pytest-retry has a report passed while the exception of the first attempt is still reported with it.
            if not isinstance(report, pytest.TestReport) or not report.failed or call.excinfo is None:
                return
            if self._writer.is_fork:  # nothing is written, and somebody may have held the lock
                return
            is_subtest = subtest_name(report) is not None
            step = self._subtests.get(get_ident()) if is_subtest else self.attempt.steps.get(str(report.when))
            if step is None or step.error or step.expected is not None:
                return
            step.outcome = "failed"
            step.ended = step.ended or self._now()
            with self._turn:
                self._fail(step, self._failure(step, call.excinfo.value, node))
        except Exception as fault:
            self._writer.fault(fault)

    def _log_subtest(self, report: pytest.TestReport, name: str) -> None:
        self.phase_to_step()
        self._flush_subtest(get_ident())
        step = step_of_subtest(self._writer, self.attempt, report, name)
        if step.outcome == "failed":
            self.attempt.failed_subtests += 1
            step.report = report
            self._subtests[get_ident()] = step
        else:
            self._writer.write(step.ended_line())

    def finish(self) -> None:
        """Write what is left at the end of the run."""
        self.enter(RecorderState.FINISHED)
        for write in (self.flush, self._trace_selection.end, self._undecided.resolve):
            self._writer.guarded(write)

    # -- what is known and not yet written --------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what is known of the steps that have ended."""
        text = self.buffer + self._take_ended_lines()
        self.buffer = ""
        if text:
            self._writer.write(text)

    def _take_ended_lines(self) -> str:
        for thread in list(self._subtests):
            self._flush_subtest(thread)
        text = ""
        for step in self.attempt.steps.values():
            if step.written or not step.ended:
                continue
            if step.expected is not None:
                self._fail(step, step.expected)
            elif step.report is not None:
                self._fail_from_report(step)
            else:
                text += step.ended_line()
        return text

    def _flush_subtest(self, thread: int) -> None:
        step = self._subtests.pop(thread, None)
        if step is not None and not step.written:
            self._fail_from_report(step)

    def _fail_from_report(self, step: Step) -> None:
        if step.report is not None:
            self._fail(step, failure_of_report(self._writer, self.attempt, step, step.report))
