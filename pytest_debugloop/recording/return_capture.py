"""The end of a test's function, while its locals are there: asked for only where an earlier attempt of the test failed.

Python 3.12 and newer tell it through ``sys.monitoring`` (PEP 669), of this one function and at no cost for any other;
before, a profile function is set for as long as the function runs, unless somebody else has set one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from pytest_debugloop.writing.facts import facts_of, function_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_debugloop.writing.steps import Attempt, Step
    from pytest_debugloop.writing.writer import Writer

T = TypeVar("T")

_NAME = "pytest-debugloop"
_TOOL_IDS = (4, 3)  # 0, 1, 2 and 5 belong to debuggers, coverage, profilers and optimizers
_getframe, _getprofile, _setprofile = sys._getframe, sys.getprofile, sys.setprofile
_monitoring: Any = getattr(sys, "monitoring", None)


class ReturnCapture:
    """Keeps the state at the end of a call that passes, where an attempt before it failed.

    Args:
        writer: of this process.
        current_step: gives the attempt and the phase that began last.
    """

    def __init__(self, writer: Writer, current_step: Callable[[], tuple[Attempt, Step]]) -> None:
        self._writer = writer
        self._current_step = current_step

    # Inside of what tells of phases, where that is a wrapper.
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, T, T]:
        """Run a test's call, and keep the state at its end with its step."""
        __tracebackhide__ = True
        attempt, step = self._current_step()
        function = function_of(item)
        if function is None or not attempt.is_after_failure or not attempt.is_of(item) or step.phase != "call":
            return (yield)
        writer = self._writer
        taken: tuple[int | None, bytes] = (None, b"")

        def callback(frame: FrameType) -> None:
            nonlocal taken
            try:
                taken = writer.snapshot_of_return(frame, facts_of(item), attempt.node_id, (step.n, step.started))
            except BaseException as fault:  # it would be the test's
                writer.fault(fault)

        with on_return(function.__code__, callback):
            result = yield
        number, line = taken
        if number is not None:
            step.before = line.decode("ascii")
            step.extra += f'"state":{number},'
        writer.pass_on_interrupt()
        return result


@contextmanager
def on_return(code: CodeType, callback: Callable[[FrameType], None]) -> Iterator[None]:
    """Be called when a function returns; where that cannot be had, nothing is recorded.

    Args:
        code: of the function.
        callback: is given the frame, still alive; it must not raise. It is called for every return, the outermost last.
    """
    if _monitoring is not None:
        with _monitored(code, callback):
            yield
    elif _getprofile() is None:
        with _profiled(code, callback):
            yield
    else:
        yield


def _is_outermost(frame: FrameType, code: CodeType) -> bool:
    return frame.f_code is code and (frame.f_back is None or frame.f_back.f_code is not code)


@contextmanager
def _monitored(code: CodeType, callback: Callable[[FrameType], None]) -> Iterator[None]:
    tool = _free_tool_id()
    if tool is None:
        yield
        return

    def returned(_code: CodeType, _offset: int, _value: object) -> None:
        frame = _getframe(1)
        if _is_outermost(frame, code):
            callback(frame)

    event = _monitoring.events.PY_RETURN
    try:
        _monitoring.register_callback(tool, event, returned)
        _monitoring.set_local_events(tool, code, event)
        yield
    finally:
        _monitoring.set_local_events(tool, code, 0)
        _monitoring.register_callback(tool, event, None)
        _monitoring.free_tool_id(tool)


def _free_tool_id() -> int | None:
    for tool in _TOOL_IDS:
        try:
            _monitoring.use_tool_id(tool, _NAME)
        except ValueError:
            continue
        return tool
    return None


@contextmanager
def _profiled(code: CodeType, callback: Callable[[FrameType], None]) -> Iterator[None]:
    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "return" and _is_outermost(frame, code):
            callback(frame)

    _setprofile(profile)
    try:
        yield
    finally:
        if _getprofile() is profile:
            _setprofile(None)
