"""The end of a test's function, while its locals are there: asked for only of a test that failed before.

Python 3.12 and newer tell it through ``sys.monitoring`` (PEP 669), by the tool of the trace; before, a profile function
is set for as long as the function runs, unless somebody else has set one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import CodeType, FrameType, FunctionType, MethodType
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import pytest

from pytest_debugloop.writing.facts import facts_of, function_of

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_debugloop.writing.steps import Attempt, Step
    from pytest_debugloop.writing.writer import Writer

T = TypeVar("T")
OnReturn: TypeAlias = "Callable[[CodeType, Callable[[FrameType], None]], AbstractContextManager[None]]"

_MOST_RETURNS = 10
"""How many returns of a test's function are looked at in one attempt: the outermost of a recursion is the last."""

_getprofile, _setprofile = sys.getprofile, sys.setprofile
_has_monitoring = hasattr(sys, "monitoring")


class ReturnCapture:
    """Keeps the state at the end of a call that passes, of attempts of which it is to be kept.

    Args:
        writer: of this process.
        current_step: gives the attempt and the phase that began last.
        on_return: has a function called with the frame at each return of another.

    Attributes:
        first_attempts: of how many first attempts it kept the state.
    """

    def __init__(self, writer: Writer, current_step: Callable[[], tuple[Attempt, Step]], on_return: OnReturn) -> None:
        self._writer = writer
        self._current_step = current_step
        self._on_return = on_return if _has_monitoring else _profiled
        self.first_attempts = 0

    def __dir__(self) -> list[str]:
        """Name the hook: pluggy and pytest look at all that is named here, each time that this is registered."""
        return [ReturnCapture.pytest_runtest_call.__name__]

    # Inside of what tells of phases, where that is a wrapper.
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, T, T]:
        """Run a test's call, and keep the state at its end with its step."""
        __tracebackhide__ = True
        attempt, step = self._current_step()
        function = function_of(item)
        is_asked = attempt.keeps_state and attempt.is_of(item) and step.phase == "call"
        if function is None or not is_asked or _is_called_often(item):
            return (yield)
        writer, code = self._writer, function.__code__
        taken: tuple[int | None, bytes] = (None, b"")
        returns = 0

        def callback(frame: FrameType) -> None:
            nonlocal taken, returns
            if returns >= _MOST_RETURNS or not _is_outermost(frame, code):
                return
            returns += 1
            try:
                taken = writer.snapshot_of_return(frame, facts_of(item), attempt.node_id, (step.n, step.started))
            except BaseException as fault:  # it would be the test's
                writer.fault(fault)

        with self._on_return(code, callback):
            result = yield
        number, line = taken
        if number is not None:
            step.before = line.decode("ascii")
            step.extra += f'"state":{number},'
            self.first_attempts += not attempt.is_after_failure
        writer.pass_on_interrupt()
        return result


def _is_called_often(item: pytest.Item) -> bool:
    """Tell whether Hypothesis calls the test's function, once for each example, and within a deadline."""
    test = getattr(item, "obj", None)
    return isinstance(test, (FunctionType, MethodType)) and hasattr(test, "is_hypothesis_test")


def _is_outermost(frame: FrameType, code: CodeType) -> bool:
    return frame.f_code is code and (frame.f_back is None or frame.f_back.f_code is not code)


@contextmanager
def _profiled(code: CodeType, callback: Callable[[FrameType], None]) -> Iterator[None]:
    """Be called when a function returns, before Python 3.12; where somebody else has set a profile function, do not."""
    if _getprofile() is not None:
        yield
        return

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "return" and frame.f_code is code:
            callback(frame)

    _setprofile(profile)
    try:
        yield
    finally:
        if _getprofile() is profile:
            _setprofile(None)
