"""Each phase in a wrapper of its own, for runs in which a plugin may call phases, or end them, in its own way.

Wrappers see every attempt, whichever plugin repeats it, and an exception before anybody else does; they cost several
times what :mod:`.plain_phases` costs.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_debugloop.recording.tracebacks import remove_from_traceback

if TYPE_CHECKING:
    from pytest_debugloop.recording.recorder import Recorder
    from pytest_debugloop.writing.writer import Writer

T = TypeVar("T")


class WrappedPhases:
    """Tells the recorder of each phase.

    Args:
        recorder: of this process.
        writer: catches our own faults.
    """

    def __init__(self, recorder: Recorder, writer: Writer) -> None:
        self._recorder = recorder
        self._writer = writer
        self._has_next = False  # whether another test follows at once

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, T, T]:
        """Begin an attempt."""
        __tracebackhide__ = True
        self._recorder.begin(item, "setup")
        try:
            result = yield
        except BaseException as error:
            self._recorder.record_exception(item, error)
            raise
        self._recorder.end()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, T, T]:
        """Record the call phase."""
        __tracebackhide__ = True
        self._recorder.begin(item, "call")
        try:
            result = yield
        except BaseException as error:
            self._recorder.record_exception(item, error)
            raise
        self._recorder.end()
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, T, T]:
        """Record the teardown phase."""
        __tracebackhide__ = True
        self._has_next = nextitem is not None
        self._recorder.begin(item, "teardown")
        try:
            result = yield
        except BaseException as error:
            self._recorder.record_exception(item, error)
            raise
        else:
            self._recorder.end()
        finally:
            self._recorder.end_trace()
        return result

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Leave no trace of ourselves in what pytest shows, and take what unittest kept to itself."""
        try:
            if call.excinfo is not None:
                remove_from_traceback(call.excinfo.value.__traceback__)
            elif call.when in ("call", "teardown") and getattr(item, "_excinfo", None):
                self._recorder.record_exception(item, None)
        except Exception as fault:
            self._writer.fault(fault)

    @pytest.hookimpl(trylast=True)  # after the terminal's: it turns a test with failed subtests into a failed one
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take pytest's verdict."""
        self._recorder.log_report(report)

    def pytest_runtest_logfinish(self) -> None:
        """Write what is left of a test, or have it written with the start of the next."""
        self._recorder.end_attempt(has_next=self._has_next)
