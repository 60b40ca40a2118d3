"""From pytest's hooks around each phase of each test to lines of the journal.

The wrappers see every attempt, whichever plugin repeats it: an attempt begins where setup is entered. What a phase
did is known at the wrapper's end, and a failure is written there and then; pytest's own verdict comes with the log
report, at once, late or never, and corrects what was written where it differs (an expected failure, a rerun).
"""

from __future__ import annotations

import unittest
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pytest_debugloop.recording.failure import FAILED_SUBTESTS, kind_of, kind_of_report
from pytest_debugloop.records import clean_text, json_string, step_ended, step_started, step_suffix

if TYPE_CHECKING:
    from pytest_debugloop.recording.writer import Failure, Writer

T = TypeVar("T")


class Step:
    """A phase under way, or ended and not yet final."""

    __slots__ = (
        "ended",
        "error",
        "expected",
        "extra",
        "n",
        "outcome",
        "phase",
        "report",
        "rev",
        "started",
        "subtest",
        "suffix",
        "written",
    )

    def __init__(self, n: int, phase: str, started: int, suffix: str) -> None:
        self.n = n
        self.phase = phase
        self.started = started
        self.suffix = suffix
        self.ended = 0
        self.outcome = "passed"
        self.rev = 0
        self.extra = ""
        self.subtest: str | None = None
        self.written = False  # whether the journal holds all that is known
        self.error = False  # whether the journal holds its error event
        self.expected: Failure | None = None  # of a test marked xfail: written once pytest says that it counts
        self.report: pytest.TestReport | None = None  # says failed, while no exception was seen

    def ended_line(self) -> str:
        """Write what is known."""
        self.written = True
        self.rev += 1
        return step_ended(self.suffix, self.n, self.phase, self.started, self.ended, self.outcome, self.rev, self.extra)

    def add_reason(self, reason: str) -> None:
        """Say why it was skipped, or expected to fail."""
        self.extra += f'"reason":{json_string(reason)},'


class Attempt:
    """One time that a test is run: its steps so far."""

    __slots__ = ("_after", "_identity", "failed_subtests", "is_unittest", "node_id", "number", "steps")

    def __init__(self, node_id: str, number: int, *, is_unittest: bool) -> None:
        self.node_id = node_id
        self.number = number
        self.steps: dict[str, Step] = {}
        self.failed_subtests = 0
        self.is_unittest = is_unittest
        self._identity = step_suffix(node_id, number)
        self._after = ""

    def begin(self, n: int, phase: str, started: int) -> Step:
        """Begin a phase; it depends on those before it."""
        suffix = f'"after":[{self._after}],{self._identity}' if self._after else self._identity
        step = self.steps[phase] = Step(n, phase, started, suffix)
        self._after = f"{self._after},{n},{started}" if self._after else f"{n},{started}"
        return step

    def begin_subtest(self, n: int, started: int) -> Step:
        """Begin a subtest; its parent is the test's call."""
        call = self.steps.get("call")
        parent = "" if call is None else f'"parent":[{call.n},{call.started}],'
        return Step(n, "subtest", started, parent + self._identity)


class Recorder:
    """The hooks of a process that runs tests.

    Args:
        writer: takes lines and failures, and catches our own faults.
        group_suffix: whether xdist appends ``@group`` to node ids here (``--dist loadgroup``).
    """

    def __init__(self, writer: Writer, *, group_suffix: bool) -> None:
        self._writer = writer
        self._now = writer.now
        self._group_suffix = group_suffix
        self._attempts: dict[str, int] = {}
        self._attempt = Attempt("", 0, is_unittest=False)
        self._step = Step(0, "", 0, "")  # the one that began last
        self._subtest: Step | None = None  # failed, and its exception may still come

    # -- phases -----------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, T, T]:
        """Begin an attempt."""
        __tracebackhide__ = True
        self._begin(item, "setup")
        try:
            result = yield
        except BaseException as error:
            self._raised(item, error)
            raise
        self._step.ended = self._now()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, T, T]:
        """Record the call phase."""
        __tracebackhide__ = True
        self._begin(item, "call")
        try:
            result = yield
        except BaseException as error:
            self._raised(item, error)
            raise
        self._step.ended = self._now()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, T, T]:
        """Record the teardown phase."""
        __tracebackhide__ = True
        self._begin(item, "teardown")
        try:
            result = yield
        except BaseException as error:
            self._raised(item, error)
            raise
        self._step.ended = self._now()
        return result

    def _begin(self, item: pytest.Item, phase: str) -> None:
        try:
            text = self._settle()
            if phase == "setup" or self._attempt.node_id != self._node_id(item):
                self._begin_attempt(item)
            writer = self._writer
            step = self._step = self._attempt.begin(writer.next_n(), phase, self._now())
            writer.write(text + step_started(step.suffix, step.n, phase, step.started))
        except Exception as fault:
            self._writer.fault(fault)

    def _begin_attempt(self, item: pytest.Item) -> None:
        node_id = self._node_id(item)
        number = self._attempts.get(node_id, 0) + 1
        number = max(number, getattr(item, "execution_count", 0) or 0)
        self._attempts[node_id] = number
        cls = getattr(item, "cls", None)
        is_unittest = isinstance(cls, type) and issubclass(cls, unittest.TestCase)
        self._attempt = Attempt(node_id, number, is_unittest=is_unittest)
        self._subtest = None

    def _node_id(self, item: pytest.Item) -> str:
        node_id = item.nodeid
        if self._group_suffix and "@" in node_id:
            marker = item.get_closest_marker("xdist_group")
            if marker is not None:
                name = str(marker.args[0] if marker.args else marker.kwargs.get("name", "default"))
                return node_id.removesuffix("@" + name)
        return node_id

    def _raised(self, item: pytest.Item, error: BaseException) -> None:
        step = self._step
        step.ended = self._now()
        try:
            if isinstance(error, (pytest.skip.Exception, unittest.SkipTest, pytest.xfail.Exception)):
                step.outcome = "xfailed" if isinstance(error, pytest.xfail.Exception) else "skipped"
                step.add_reason(str(error))
                return
            step.outcome = "failed"
            if item.get_closest_marker("xfail") is not None:
                # Most likely pytest will call this expected: it is taken now, and written with the verdict.
                step.expected = self._failure(step, error, item)
            else:
                self._fail(step, self._failure(step, error, item))
        except Exception as fault:
            self._writer.fault(fault)

    def _failure(self, step: Step, error: BaseException, item: object) -> Failure:
        return self._writer.failure_of_exception(
            error,
            kind_of(error, step.phase),
            step=(step.n, step.started),
            at=step.ended,
            node_id=self._attempt.node_id,
            phase=step.phase,
            attempt=self._attempt.number,
            fixtures=getattr(item, "funcargs", None) or {},
            subtest=step.subtest,
        )

    def _fail(self, step: Step, failure: Failure) -> None:
        step.error = True
        step.expected = step.report = None
        step.extra += failure.reference
        self._writer.write_failure(failure, step.ended_line())

    # -- pytest's verdict -------------------------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)  # after the terminal's: it turns a test with failed subtests into a failed one
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hold what pytest says of a phase against what was seen of it."""
        try:
            if _is_subtest(report):
                self._log_subtest(report)
                return
            phase = str(report.when)
            step = self._attempt.steps.get(phase)
            if step is None or not step.ended:
                return
            outcome = self._verdict(report)
            if outcome != step.outcome:
                self._correct(step, outcome, report)
            if phase == "teardown" or step.expected is not None:
                self.settle()
        except Exception as fault:
            self._writer.fault(fault)

    def _verdict(self, report: pytest.TestReport) -> str:
        outcome: str = report.outcome
        if hasattr(report, "wasxfail"):
            return "xfailed" if outcome == "skipped" else "xpassed" if outcome == "passed" else outcome
        attempt = self._attempt
        # Where no terminal has done it (xdist's workers): pytest's own subtests fail the test, unittest's do not.
        if outcome == "passed" and report.when == "call" and attempt.failed_subtests and not attempt.is_unittest:
            return "failed"
        return outcome if outcome in ("passed", "failed", "skipped") else "rerun"

    def _correct(self, step: Step, outcome: str, report: pytest.TestReport) -> None:
        step.outcome = outcome
        step.written = False
        if outcome in ("skipped", "xfailed", "xpassed"):
            step.expected = None
            step.add_reason(_reason(report))
        elif outcome in ("failed", "rerun") and not step.error and step.expected is None:
            step.report = report
            if self._attempt.failed_subtests or isinstance(report.longrepr, str):
                self._fail_from_report(step)  # no exception will come

    @pytest.hookimpl(tryfirst=True)
    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: pytest.TestReport
    ) -> None:
        """Take the failures whose exception no wrapper saw: unittest keeps it to itself, and so do subtests."""
        try:
            if not isinstance(report, pytest.TestReport) or call.excinfo is None:
                return
            step = self._subtest if _is_subtest(report) else self._attempt.steps.get(str(report.when))
            if step is None or step.error or step.expected is not None:
                return
            step.outcome = "failed"
            step.ended = step.ended or self._now()
            self._fail(step, self._failure(step, call.excinfo.value, node))
        except Exception as fault:
            self._writer.fault(fault)

    def _log_subtest(self, report: Any) -> None:
        self._settle_subtest()
        ended = self._now()
        duration = max(int(report.duration * 1_000_000), 0)
        step = self._attempt.begin_subtest(self._writer.next_n(), ended - duration)
        step.ended = ended
        step.outcome = self._verdict(report)
        step.subtest = str(report._sub_test_description())
        step.extra = f'"subtest":{json_string(step.subtest)},'
        if step.outcome in ("skipped", "xfailed"):
            step.add_reason(_reason(report))
        if step.outcome == "failed":
            self._attempt.failed_subtests += 1
            step.report = report
            self._subtest = step
        else:
            self._writer.write(step.ended_line())

    # -- what is known and not yet written --------------------------------------------------------------------------

    def settle(self) -> None:
        """Write what is known of the steps that have ended."""
        text = self._settle()
        if text:
            self._writer.write(text)

    def _settle(self) -> str:
        self._settle_subtest()
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

    def _settle_subtest(self) -> None:
        step, self._subtest = self._subtest, None
        if step is not None and not step.written:
            self._fail_from_report(step)

    def _fail_from_report(self, step: Step) -> None:
        report = step.report
        if report is None:
            return
        attempt = self._attempt
        text = clean_text(report.longreprtext)
        kind = kind_of_report(step.phase, text)
        if attempt.failed_subtests and step.phase == "call":
            kind, text = FAILED_SUBTESTS, f"contains {attempt.failed_subtests} failed subtest(s)"
        failure = self._writer.failure_of_text(
            text,
            kind,
            step=(step.n, step.started),
            at=step.ended,
            node_id=attempt.node_id,
            phase=step.phase,
            attempt=attempt.number,
            subtest=step.subtest,
        )
        self._fail(step, failure)

    # -- collection -------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Record the collection of each file, and every collection that fails or is skipped."""
        __tracebackhide__ = True
        started = self._now()
        step = self._begin_collect(collector, started) if isinstance(collector, pytest.File) else None
        report = yield
        if step is not None or report.outcome != "passed":
            self._end_collect(collector, report, step, started)
        return report

    def _begin_collect(self, collector: pytest.Collector, started: int) -> Step | None:
        try:
            step = Step(self._writer.next_n(), "collect", started, step_suffix(collector.nodeid, 1))
            self._writer.write(step_started(step.suffix, step.n, "collect", started))
        except Exception as fault:
            self._writer.fault(fault)
            return None
        return step

    def _end_collect(
        self, collector: pytest.Collector, report: pytest.CollectReport, step: Step | None, started: int
    ) -> None:
        try:
            node_id = collector.nodeid
            step = step or Step(self._writer.next_n(), "collect", started, step_suffix(node_id, 1))
            step.ended = self._now()
            step.outcome = report.outcome
            if report.outcome != "failed":
                if report.outcome == "skipped":
                    step.add_reason(_reason(report))
                self._writer.write(step.ended_line())
                return
            call = report.__dict__.get("call")
            excinfo = None if call is None else call.excinfo
            place: dict[str, Any] = {
                "step": (step.n, step.started),
                "at": step.ended,
                "node_id": node_id,
                "phase": "collect",
                "attempt": 1,
            }
            if excinfo is None:
                text = clean_text(report.longreprtext)
                failure = self._writer.failure_of_text(text, kind_of_report("collect", ""), **place)
            else:
                kind = kind_of(excinfo.value, "collect")
                failure = self._writer.failure_of_exception(excinfo.value, kind, fixtures={}, **place)
            self._fail(step, failure)
        except Exception as fault:
            self._writer.fault(fault)


def _is_subtest(report: pytest.TestReport) -> bool:
    return getattr(report, "context", None) is not None


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Say why a test was skipped, or expected to fail."""
    why = getattr(report, "wasxfail", None)
    if isinstance(why, str):
        return why
    if isinstance(report.longrepr, tuple) and len(report.longrepr) == 3:
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return ""
