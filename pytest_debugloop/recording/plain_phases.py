"""Phases told by what pytest calls once for each: the setup's hook, and the report that is made of every phase.

A phase begins where the one before it has ended. What passes is a few lines put together here; of what does not, and
of a phase that somebody has asked for, a :class:`Step` is made, and the recorder does the rest. What a phase has raised
is still alive when its report is made; an interrupt goes past the report, and is seen on its way out of pytest.

Lines are written before code runs that is not pytest's. A test without fixtures has none but its function, so all that
is known is written once, before that.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from _pytest.skipping import xfailed_key

from pytest_debugloop.journal.records import json_string
from pytest_debugloop.journal.step_lines import step_ended, step_head, steps_before
from pytest_debugloop.recording.phase_lines import PhaseLines
from pytest_debugloop.recording.states import RecorderState
from pytest_debugloop.recording.tracebacks import is_of_part, is_raised_by_phase, remove_from_traceback
from pytest_debugloop.writing.steps import Attempt, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_debugloop.recording.recorder import Recorder
    from pytest_debugloop.writing.writer import Writer

_Function = pytest.Function


class PlainPhases(PhaseLines):
    """Tells the recorder of each phase, and writes those that pass.

    Args:
        recorder: of this process.
        writer: of this process.
        last_item: none follows it.
        await_reports: has pytest's reports handed to :meth:`log_report` from now on.
        await_teardowns: has :meth:`write_waiting` called from now on.
    """

    __slots__ = (
        "_attempt", "_attempts", "_await_reports", "_await_teardowns", "_has_own_code", "_has_parts",
        "_hears_teardowns", "_is_bare", "_is_odd", "_item", "_last_item", "_leaves_code", "_next_phase", "_now",
        "_parameters", "_parameters_of", "_path", "_step", "_successor", "_tells_more", "_traced",
    )  # fmt: skip

    def __init__(
        self,
        recorder: Recorder,
        writer: Writer,
        last_item: pytest.Item | None,
        await_reports: Callable[[], None],
        await_teardowns: Callable[[], None],
    ) -> None:
        super().__init__(recorder, writer)
        self._now = writer.now
        self._await_reports = await_reports
        self._await_teardowns = await_teardowns
        self._last_item = last_item
        self._successor: Callable[[], None] | None = None
        self._is_odd = recorder.attempts.kinds.is_odd
        self._has_own_code = recorder.attempts.kinds.has_own_code
        self._leaves_code = recorder.attempts.kinds.leaves_code
        self._attempts = recorder.attempts.counts
        self._parameters_of = recorder.attempts.plain_parameters
        self._traced: frozenset[str] | None = None
        self._path: object = None  # of a file whose tests are named as pytest names them
        # The test under way. Its texts are what stands in lines; its objects are made where somebody needs them.
        self._item: pytest.Item | None = None
        self._attempt: Attempt | None = None
        self._step: Step | None = None
        self._next_phase = ""  # begins when the report of this one is there
        self._parameters = ""
        self._hears_teardowns = False
        self._is_bare = False  # whether only pytest's code runs before and after its function
        self._has_parts = False  # whether reports are made of subtests too
        self._tells_more = False  # whether other plugins may change reports
        recorder.phase_to_step = self._phase_to_step

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Begin an attempt."""
        try:
            parameters: str | None = ""
            if (
                self._phase
                or self._next_phase
                or item.path is not self._path
                or (node_id := item.nodeid) in self._attempts
                or node_id in self._traced  # type: ignore[operator]
                or (item.__class__ is not _Function and self._is_odd(item.__class__))
                or ("[" in node_id and (parameters := self._parameters_of(item)) is None)
            ):
                self._begin_attempt(item)
                if not self._hears_teardowns and self._leaves_code(item):
                    self.hear_teardowns()
                return
            self._attempts[node_id] = 1
            self._item = item
            self._attempt = self._step = None
            self._has_parts = False
            self._after = ""
            self._phase = "setup"
            self._parameters = parameters or ""
            self._identity = f'{parameters}"node_id":{json_string(node_id)},"attempt":1}}\n'
            self._n = f"{self._next_n()}"
            self._started = f"{self._now()}"
            if self._has_own_code(item):
                self._is_bare = False
                self._write_start()
                if not self._hears_teardowns:
                    self.hear_teardowns()
            else:
                self._is_bare = self._is_unwritten = True
        except Exception as fault:
            self._writer.fault(fault)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """End a phase, and begin the next."""
        try:
            phase = call.when
            if (
                call.excinfo is not None
                or phase != self._phase
                or item is not self._item
                or (phase == "call" and item.stash.get(xfailed_key, None) is not None)
                or (self._step is not None and not self._is_plain(self._step))
            ):
                self._end_step(item, call)
                return
            ended = f"{self._now()}"
            if self._is_bare and self._step is None and (self._is_unwritten or phase == "call"):
                self._end_bare_phase(phase, ended)
            else:
                self._end_plain_phase(phase, ended)
            if phase == "teardown" and (item is self._last_item or self._successor is not None):
                self._leave()
        except Exception as fault:
            self._writer.fault(fault)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Record what has ended the run in the middle of a phase."""
        if self._phase and self._item is not None:
            self._phase_to_step()
            self._phase = ""
            if is_raised_by_phase(excinfo.value):  # and not, say, in the debugger, of a failure that was reported
                with suppress(KeyboardInterrupt):  # one more, while the first is recorded
                    self._recorder.record_exception(self._item, excinfo.value)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        """Write what is left."""
        if self._phase and self._is_unwritten:
            self._writer.guarded(self._write_start)
        self._writer.guarded(self._recorder.flush)

    def log_report(self, report: pytest.TestReport) -> None:
        """Take pytest's verdict of a phase.

        Args:
            report: of it.
        """
        if self._attempt is None:
            return  # all of it has passed, and nobody can say otherwise
        self._recorder.log_report(report)
        phase, self._next_phase = self._next_phase, ""
        if phase == "end":
            self._leave()
        elif phase and self._item is not None:
            self._begin(self._item, phase)

    def hear_teardowns(self) -> None:
        """Be ready for code that is not pytest's where more than a test itself is torn down."""
        if not self._hears_teardowns:
            self._hears_teardowns = True
            self._await_teardowns()

    def expect_parts(self) -> None:
        """Be ready for reports of parts of the test under way."""
        self._await_reports()
        self._phase_to_step()
        self._has_parts = True

    def expect_changes(self) -> None:
        """Be ready for plugins that change reports of any test."""
        if self._tells_more:
            return
        self._await_reports()
        self._phase_to_step()
        self._tells_more = True
        self._path = None

    def replace(self, successor: Callable[[], None]) -> None:
        """Give way when no test is under way.

        Args:
            successor: called then.
        """
        self._successor = successor
        if not self._phase and not self._next_phase:
            self._leave()

    # -- what passes ---------------------------------------------------------------------------------------------------

    def _end_plain_phase(self, phase: str, ended: str) -> None:
        step, n, started, after = self._step, self._n, self._started, self._after
        if step is None:
            self._hold(step_ended(step_head(n, phase, started), after + self._identity, ended, "passed"), 1)
        else:
            step.ended = int(ended)
            self._recorder.enter(RecorderState.ENDED)
            self._hold(step.ended_line(), 1)
            self._step = None
        if phase == "teardown":
            self._phase = ""
        else:
            self._after = steps_before(after, n, started)
            self._n, self._started = f"{self._next_n()}", ended
            self._phase = "call" if phase == "setup" else "teardown"
            self._write_start()

    # -- what is no plain pass -----------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Write what is known of a test, now that it is over."""
        self._writer.guarded(self._recorder.flush)
        if self._successor is not None:
            self._recorder.phase_to_step = lambda: None
            self._successor()

    def _is_plain(self, step: Step) -> bool:
        is_watched = self._attempt is None or self._attempt.is_watched
        return step.phase == self._phase and not (is_watched or self._has_parts or self._tells_more)

    def _begin_attempt(self, item: pytest.Item) -> None:
        """Begin an attempt of which we do not know yet that nothing is special about it."""
        recorder = self._recorder
        if self._phase:  # no report was made of it
            self._phase_to_step()
            recorder.enter(RecorderState.RUNNING)
            recorder.end()
        elif self._next_phase:
            recorder.flush()
        self._phase = self._next_phase = ""
        self._item = self._attempt = self._step = None
        self._is_bare = self._is_unwritten = False
        attempt = recorder.begin_attempt(item)
        self._item, self._attempt = item, attempt
        self._has_parts = self._is_odd(item.__class__)
        if not self._tells_more:
            self._path = recorder.attempts.plain_path
            self._traced = recorder.traced
        if self._has_parts or self._tells_more or attempt.is_watched:
            self._begin(item, "setup")
            return
        self._identity, self._after = attempt.identity, ""
        self._n, self._started = f"{self._next_n()}", f"{self._now()}"
        self._phase = "setup"
        self._write_start()

    def _begin(self, item: pytest.Item, phase: str) -> None:
        recorder = self._recorder
        if recorder.attempt.is_of(item):
            recorder.begin_phase(phase)
        else:
            recorder.begin(item, phase)
        attempt, step = recorder.attempt, recorder.step
        self._phase, self._step, self._attempt = phase, step, attempt
        self._n, self._started, self._identity = f"{step.n}", f"{step.started}", attempt.identity
        self._after = f'"after":[{attempt.after}],' if attempt.after else ""

    def _phase_to_step(self) -> None:
        """Make a step of the phase that is under way, or was the last: somebody wants to add to it, or name it."""
        recorder, item = self._recorder, self._item
        if self._step is not None or item is None or not self._n:
            return
        if self._is_unwritten:
            self._write_start()
        n, started = int(self._n), int(self._started)
        if self._phase:
            attempt = self._attempt
            if attempt is None:
                attempt = self._attempt = recorder.attempt = Attempt(item.nodeid, 1, item, "", self._parameters)
            attempt.after, attempt.place = self._after[9:-2], ""
            self._step = recorder.resume(n, self._phase, started)
        elif not self._next_phase and recorder.step.n != n:
            step = recorder.step = Step(n, "teardown", started, self._identity)
            step.ended, step.written = started, True

    def _end_step(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """End a phase of which there is more to tell, or may be once its report is there."""
        if self._has_parts and is_of_part():
            return
        recorder, phase = self._recorder, str(call.when)
        self._await_reports()
        self._phase_to_step()
        if item is not self._item or phase != self._phase:  # nobody has said that it began
            if self._phase:
                recorder.end()
            self._item = item
            self._begin(item, phase)
        self._phase, self._step = "", None
        if phase == "teardown":
            recorder.end_trace()
        followers = {"setup": "call" if call.excinfo is None else "teardown", "call": "teardown"}
        self._next_phase = followers.get(phase, "end")
        if call.excinfo is not None:
            remove_from_traceback(call.excinfo.value.__traceback__)
            recorder.record_exception(item, call.excinfo.value)
        elif phase != "setup" and getattr(item, "_excinfo", None):
            recorder.record_exception(item, None)
        else:
            recorder.end()
