"""The lines of the test under way, while all of it passes: put together from texts, and written as seldom as may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.journal.step_lines import (
    call_and_teardown_passed,
    setup_passed,
    step_ended,
    step_head,
    step_started,
    steps_before,
)

if TYPE_CHECKING:
    from pytest_debugloop.recording.recorder import Recorder
    from pytest_debugloop.writing.writer import Writer


class PhaseLines:
    """Keeps the phase under way as the texts of its lines, and the lines that wait to be written.

    Args:
        recorder: of this process; its buffer holds what waits.
        writer: of this process.
    """

    # A subclass adds to them: without slots, Python is slow to find one of more than 30 attributes.
    __slots__ = (
        "_after", "_called", "_identity", "_is_unwritten", "_n", "_next_n", "_phase", "_recorder", "_started",
        "_waiting", "_writer",
    )  # fmt: skip

    def __init__(self, recorder: Recorder, writer: Writer) -> None:
        self._recorder = recorder
        self._writer = writer
        self._next_n = writer.next_n
        self._phase = ""  # empty between two tests
        self._identity = self._after = self._n = self._started = ""
        self._is_unwritten = False  # whether the journal does not know yet that the phase has begun
        # When the call has ended, while its teardown is under way and has no number yet: the number, the start and what
        # comes before are still those of the call.
        self._called = ""
        self._waiting = 0  # lines that are written with the next

    def write_waiting(self) -> None:
        """Write what has waited: more than the test itself is torn down now."""
        if self._is_unwritten:
            self._writer.guarded(self._write_start)

    # An interrupt comes where a function is entered. So all is put together first, and then stored without a call.

    def _end_bare_phase(self, phase: str, ended: str) -> None:
        """End a phase of a test whose lines are all written just before its function is called."""
        if phase == "call":  # written with its teardown, unless somebody asks before
            self._phase, self._called, self._is_unwritten = "teardown", ended, True
            return
        recorder, n, started, identity = self._recorder, self._n, self._started, self._identity
        text, called, after = recorder.buffer, self._called, self._after
        count, next_n = self._waiting + 2 if text else 2, f"{self._next_n()}"
        if phase == "setup":
            after = f'"after":[{n},{started}],'
            text += setup_passed(n, started, ended, next_n, after, identity)
            self._phase, self._n, self._started, self._after = "call", next_n, ended, after
            self._is_unwritten, recorder.buffer = False, ""
            self._writer.write_soon(text, count)
        elif called:
            text += call_and_teardown_passed(n, started, called, next_n, ended, after, identity)
            self._phase, self._n, self._started, self._called = "", next_n, called, ""
            self._is_unwritten, recorder.buffer, self._waiting = False, text, count
        else:  # another thread has asked for the step in this moment, and the teardown has a line of its own
            self._hold(step_ended(step_head(n, phase, started), after + identity, ended, "passed"), 1)
            self._phase, self._is_unwritten = "", False

    def _hold(self, lines: str, count: int) -> None:
        """Have lines written with the next."""
        buffer = self._recorder.buffer
        self._waiting = self._waiting + count if buffer else count
        self._recorder.buffer = buffer + lines

    def _write_start(self) -> None:
        """Write that the phase under way has begun, after what has ended before it."""
        recorder, identity = self._recorder, self._identity
        n, started, after, text = self._n, self._started, self._after, recorder.buffer
        count = self._waiting + 1 if text else 1
        if called := self._called:
            text += step_ended(step_head(n, "call", started), after + identity, called, "passed")
            after = steps_before(after, n, started)
            n, started, count = f"{self._next_n()}", called, count + 1
        text += step_started(step_head(n, self._phase, started), after + identity)
        self._n, self._started, self._after, self._called = n, started, after, ""
        self._is_unwritten, recorder.buffer = False, ""
        self._writer.write_soon(text, count)
