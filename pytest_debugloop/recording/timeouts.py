"""Where a test hangs that pytest-timeout ends together with its process (``--timeout-method thread``).

Its timer prints the stacks of all threads and leaves by ``os._exit``: no hook is called, and nothing is raised. So what
prints the stacks is wrapped, and the failure is written before, from the timer's thread. Nothing is printed or awaited.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from types import FrameType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from pytest_debugloop.writing.failure import PROCESS_CRASH

if TYPE_CHECKING:
    from pytest_debugloop.writing.steps import Attempt, Step
    from pytest_debugloop.writing.writer import Writer

_PRINTS = "dump_stacks"
_current_frames, _getframe, _get_ident = sys._current_frames, sys._getframe, threading.get_ident


class Timeouts:
    """What wraps pytest-timeout, where it is loaded.

    Args:
        writer: of this process.
        current_step: gives the attempt and the step that began last.
    """

    def __init__(self, writer: Writer, current_step: Callable[[], tuple[Attempt, Step]]) -> None:
        self._writer = writer
        self._current_step = current_step
        self._runner = _get_ident()  # the thread that runs the tests
        self._module: ModuleType | None = None
        self._prints: Any = None

    def watch(self) -> None:
        """Wrap it."""
        module = sys.modules.get("pytest_timeout")
        prints = getattr(module, _PRINTS, None)
        if module is None or not callable(prints):
            return

        @functools.wraps(prints)
        def printing(*arguments: Any, **named: Any) -> Any:
            if _get_ident() != self._runner:  # by a signal it fails the test, which is seen as any failure
                self._record(_getframe(1))
            return prints(*arguments, **named)

        self._module, self._prints = module, prints
        setattr(module, _PRINTS, printing)

    def pytest_unconfigure(self) -> None:
        """Leave it as it was."""
        if self._module is not None:
            setattr(self._module, _PRINTS, self._prints)

    def _record(self, caller: FrameType) -> None:
        try:
            attempt, step = self._current_step()
            if not step.started or step.ended:
                return
            seconds = getattr(caller.f_locals.get("settings"), "timeout", None)
            after = "" if seconds is None else f" (>{seconds}s)"
            error = TimeoutError(f"Timeout{after} from pytest-timeout, which ended the process")
            failure = self._writer.failure_of_exception(
                error.with_traceback(_traceback_of(_current_frames().get(self._runner))),
                PROCESS_CRASH,
                attempt.context_of(step).changed(at=self._writer.now()),
                attempt.facts,
            )
            self._writer.write_failure(failure)
        except Exception as fault:
            self._writer.fault(fault)


def _traceback_of(frame: FrameType | None) -> TracebackType | None:
    """Make a traceback of where a thread is, as an exception raised there would have it."""
    traceback = None
    while frame is not None:
        traceback = TracebackType(traceback, frame, frame.f_lasti, frame.f_lineno or frame.f_code.co_firstlineno)
        frame = frame.f_back
    return traceback
