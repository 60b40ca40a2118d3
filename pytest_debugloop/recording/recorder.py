"""From pytest's hooks around each phase of each test to lines of the journal.

The wrappers see every attempt, whichever plugin repeats it: an attempt begins where setup is entered. What a phase
did is known at the wrapper's end, and a failure is written there and then; pytest's own verdict comes with the log
report, at once, late or never, and corrects what was written where it differs (an expected failure, a rerun).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pytest_debugloop.recording.return_capture import capture_return
from pytest_debugloop.recording.states import RecorderState, StateChangeError
from pytest_debugloop.recording.tracebacks import remove_from_traceback
from pytest_debugloop.writing.facts import facts_of
from pytest_debugloop.writing.failure import SKIP_EXCEPTIONS, errors_of, kind_for, root_of
from pytest_debugloop.writing.parameters import parameters_of
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
    from pytest_debugloop.recording.tasks import Tasks
    from pytest_debugloop.recording.trace_selection import TraceSelection
    from pytest_debugloop.writing.node_ids import NodeIds
    from pytest_debugloop.writing.writer import Failure, Writer

T = TypeVar("T")


class Recorder:
    """The hooks of a process that runs tests.

    Args:
        writer: takes lines and failures, and catches our own faults.
        node_ids: as they are recorded.
        tasks: names tests across runs.
        selection: decides which attempts are traced.
    """

    def __init__(self, writer: Writer, node_ids: NodeIds, tasks: Tasks, selection: TraceSelection) -> None:
        self._writer = writer
        self._now = writer.now
        self._node_ids = node_ids
        self._tasks = tasks
        self._trace_selection = selection
        self._failed: set[str] = set()  # the tests of which an attempt failed
        self._attempts: dict[str, int] = {}
        self._state = RecorderState.IDLE
        self._state_faults: set[tuple[RecorderState, RecorderState]] = set()
        self._attempt = NO_ATTEMPT
        self._step = Step(0, "", 0, "")  # the one that began last
        self._has_next = False  # whether another test follows at once
        self._undecided = UndecidedFailures(writer)
        self._buffer = ""  # lines that are written with the next
        self._subtest: Step | None = None  # failed, and its exception may still come

    def current_step(self) -> tuple[Attempt, Step]:
        """Give the attempt and the step that began last."""
        return self._attempt, self._step

    def _enter(self, state: RecorderState) -> None:
        """Change the state; a change that cannot be is noted, once, and made nevertheless: what follows is recorded."""
        if self._state not in state.follows and (self._state, state) not in self._state_faults:
            self._state_faults.add((self._state, state))
            self._writer.fault(StateChangeError(self._state, state))
        self._state = state

    # -- phases -----------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, T, T]:
        """Begin an attempt."""
        __tracebackhide__ = True
        self._begin(item, "setup")
        try:
            result = yield
        except BaseException as error:
            self._record_exception(item, error)
            raise
        self._end()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, T, T]:
        """Record the call phase."""
        __tracebackhide__ = True
        self._begin(item, "call")
        try:
            has_return_capture = self._attempt.is_after_failure
            result: T = (
                (yield from capture_return(self._writer, self._attempt, item)) if has_return_capture else (yield)
            )
        except BaseException as error:
            self._record_exception(item, error)
            raise
        self._end()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, T, T]:
        """Record the teardown phase."""
        __tracebackhide__ = True
        self._has_next = nextitem is not None
        self._begin(item, "teardown")
        try:
            result = yield
        except BaseException as error:
            self._record_exception(item, error)
            raise
        else:
            self._end()
        finally:
            if self._trace_selection.is_active:
                self._writer.guarded(self._trace_selection.end)
        return result

    def _begin(self, item: pytest.Item, phase: str) -> None:
        try:
            self._enter(RecorderState.RUNNING)
            text = self._buffer + self._take_ended_lines()
            self._buffer = ""
            if phase == "setup" or not self._attempt.is_of(item):
                self._begin_attempt(item)
            writer = self._writer
            step = self._step = self._attempt.begin(writer.next_n(), phase, self._now())
            writer.write(text + step.started_line())
        except Exception as fault:
            self._writer.fault(fault)

    def _end(self) -> None:
        self._step.ended = self._now()
        self._enter(RecorderState.ENDED)

    def _begin_attempt(self, item: pytest.Item) -> None:
        node_id = self._node_ids.of(item)
        task = self._tasks.of(item, node_id)
        number = max(self._attempts.get(task, 0) + 1, getattr(item, "execution_count", 0) or 0)
        self._attempts[task] = number
        parameters = parameters_of(item, self._writer.capturer) if "[" in node_id else ""
        self._attempt = Attempt(node_id, number, item, task, parameters)
        self._attempt.is_after_failure = task in self._failed
        self._subtest = None
        self._undecided.resolve(task)
        self._trace_selection.begin(self._attempt)

    def _record_exception(self, item: pytest.Item, raised: BaseException | None) -> None:
        step = self._step
        self._end()
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
        return self._writer.failure_of_exception(error, kind, self._attempt.context_of(step), facts_of(item), others)

    def _fail(self, step: Step, failure: Failure) -> None:
        step.error = True
        self._failed.add(self._attempt.task)
        step.expected = step.report = None
        step.extra += failure.reference
        self._writer.write_failure(failure, step.ended_line())

    # -- pytest's verdict -------------------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Leave no trace of ourselves in what pytest shows, and take what unittest kept to itself."""
        try:
            if call.excinfo is not None:
                remove_from_traceback(call.excinfo.value.__traceback__, __file__)
            elif call.when in ("call", "teardown") and getattr(item, "_excinfo", None):
                self._record_exception(item, None)
        except Exception as fault:
            self._writer.fault(fault)

    @pytest.hookimpl(trylast=True)  # after the terminal's: it turns a test with failed subtests into a failed one
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hold what pytest says of a phase against what was seen of it."""
        try:
            attempt = self._attempt
            name = subtest_name(report)
            step = attempt.steps.get(str(report.when))
            if name is not None:
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

    def pytest_runtest_logfinish(self) -> None:
        """Write what is left of a test, or have it written with the start of the next, where that follows at once."""
        try:
            if self._has_next:
                self._buffer += self._take_ended_lines()
            else:
                self.flush()
            self._enter(RecorderState.IDLE)
            self._attempt = NO_ATTEMPT
        except Exception as fault:
            self._writer.fault(fault)

    def _correct(self, step: Step, outcome: str, report: pytest.TestReport) -> None:
        step.outcome = outcome
        step.written = False
        if outcome == "rerun":
            self._undecided.add(self._attempt.task, step)
        if outcome in ("skipped", "xfailed", "xpassed"):
            step.expected = None
            step.add_reason(self._writer.short(reason_of(report)))
        elif outcome in ("failed", "rerun") and not step.error and step.expected is None:
            step.report = report
            by_subtests = step.phase == "call" and self._attempt.is_failed_by_subtests
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
            is_subtest = subtest_name(report) is not None
            step = self._subtest if is_subtest else self._attempt.steps.get(str(report.when))
            if step is None or step.error or step.expected is not None:
                return
            step.outcome = "failed"
            step.ended = step.ended or self._now()
            self._fail(step, self._failure(step, call.excinfo.value, node))
        except Exception as fault:
            self._writer.fault(fault)

    def _log_subtest(self, report: pytest.TestReport, name: str) -> None:
        self._flush_subtest()
        step = step_of_subtest(self._writer, self._attempt, report, name)
        if step.outcome == "failed":
            self._attempt.failed_subtests += 1
            step.report = report
            self._subtest = step
        else:
            self._writer.write(step.ended_line())

    def finish(self) -> None:
        """Write what is left at the end of the run."""
        self._enter(RecorderState.FINISHED)
        for write in (self.flush, self._trace_selection.end, self._undecided.resolve):
            self._writer.guarded(write)

    # -- what is known and not yet written --------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what is known of the steps that have ended."""
        text = self._buffer + self._take_ended_lines()
        self._buffer = ""
        if text:
            self._writer.write(text)

    def _take_ended_lines(self) -> str:
        self._flush_subtest()
        text = ""
        for step in self._attempt.steps.values():
            if step.written or not step.ended:
                continue
            if step.expected is not None:
                self._fail(step, step.expected)
            elif step.report is not None:
                self._fail_from_report(step)
            else:
                text += step.ended_line()
        return text

    def _flush_subtest(self) -> None:
        step, self._subtest = self._subtest, None
        if step is not None and not step.written:
            self._fail_from_report(step)

    def _fail_from_report(self, step: Step) -> None:
        if step.report is not None:
            self._fail(step, failure_of_report(self._writer, self._attempt, step, step.report))
