"""The lines of the test under way, while all of it passes: put together from texts, and written as seldom as may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.journal.step_lines import call_and_teardown_passed, setup_passed, step_passed

if TYPE_CHECKING:
    from pytest_debugloop.recording.recorder import Recorder
    from pytest_debugloop.writing.writer import Writer


class PhaseLines:
    """Knows the phase under way as the texts that stand in lines, and which lines wait to be written.

    Args:
        recorder: of this process; its buffer holds what waits.
        writer: of this process.
    """

    # Of more than 30 attributes, Python finds none at once without these.
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
        self._called = ""  # when the call has ended, while its teardown is under way and has no line of its own yet
        self._waiting = 0  # lines that are written with the next

    def expect_teardown(self) -> None:
        """Write what has waited: more than the test itself is torn down now."""
        if self._is_unwritten:
            self._writer.guarded(self._write_start)

    def _end_bare_phase(self, phase: str, ended: str) -> None:
        """End a phase of a test of which all that is known is written just before its function."""
        if phase == "call":  # written with its teardown, unless somebody asks before
            self._phase, self._called, self._is_unwritten = "teardown", ended, True
            return
        n, started, identity = self._n, self._started, self._identity
        self._n, self._is_unwritten = f"{self._next_n()}", False
        if phase == "setup":
            text, self._recorder.buffer = self._recorder.buffer, ""
            self._phase, self._started, self._after = "call", ended, f'"after":[{n},{started}],'
            lines = setup_passed(n, started, ended, self._n, self._after, identity)
            self._writer.write_soon(text + lines, self._waiting + 2 if text else 2)
        else:
            self._phase, self._started, self._called = "", self._called, ""
            self._hold(call_and_teardown_passed(n, started, self._started, self._n, ended, self._after, identity), 2)

    def _hold(self, lines: str, count: int) -> None:
        """Have lines written with the next."""
        buffer = self._recorder.buffer
        self._waiting = self._waiting + count if buffer else count
        self._recorder.buffer = buffer + lines

    def _follow(self, phase: str, started: str) -> None:
        place, after = f"{self._n},{self._started}", self._after
        self._after = f"{after[:-2]},{place}]," if after else f'"after":[{place}],'
        self._n, self._started, self._phase = f"{self._next_n()}", started, phase

    def _write_start(self) -> None:
        """Write that the phase under way has begun, after what has ended before it."""
        if called := self._called:
            self._called = ""
            self._hold(step_passed(self._n, "call", self._started, called, self._after + self._identity), 1)
            self._follow("teardown", called)
        text, self._recorder.buffer = self._recorder.buffer, ""
        self._is_unwritten = False
        self._writer.write_soon(
            f'{text}{{"kind":"step","rev":0,"n":{self._n},"phase":"{self._phase}","started":{self._started},'
            f"{self._after}{self._identity}",
            self._waiting + 1 if text else 1,
        )
