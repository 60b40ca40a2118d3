"""Our frames taken out of tracebacks, so that what pytest shows is as without us."""

from __future__ import annotations

import contextlib
import os
import sys
from types import FrameType, TracebackType
from typing import Any

import pytest
from _pytest import runner

import pytest_debugloop

# With their separators.
_PACKAGE = os.path.join(os.path.dirname(pytest_debugloop.__file__), "")  # noqa: PTH118, PTH120
_WRAPPERS = os.path.join(os.path.dirname(__file__), "")  # noqa: PTH118, PTH120
_call_and_report, _runtest_call = runner.call_and_report.__code__, runner.pytest_runtest_call.__code__
_from_call = runner.CallInfo.from_call.__func__.__code__  # type: ignore[attr-defined]  # of a class method
_getframe = sys._getframe


def remove_from_traceback(traceback: TracebackType | None, files: str = _WRAPPERS) -> None:
    """Unlink the frames of our hook wrappers from a traceback, so that no style of it shows them.

    Args:
        traceback: of an exception that passed them.
        files: how the names of the files begin that the wrappers are in.
    """
    before: list[TracebackType] = []
    while traceback is not None:
        # In front of a wrapper's frame is the one in which pluggy threw the exception into it.
        if len(before) >= 2 and traceback.tb_frame.f_code.co_filename.startswith(files):
            before.pop()
            before[-1].tb_next = traceback.tb_next
        else:
            before.append(traceback)
        traceback = traceback.tb_next


def remove_from_internal_error(excrepr: Any, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    """Take the frames of our hook wrappers out of an internal error, which pytest has put into words already.

    Args:
        excrepr: what pytest is going to print, changed here.
        excinfo: the error.
    """
    remove_from_error(excinfo.value)
    with contextlib.suppress(Exception):  # of an exception that cannot be shown, pytest has words already
        if excrepr.reprtraceback.style == "native":  # the others leave out what says that it is to be hidden
            excrepr.__dict__.update(excinfo.getrepr(funcargs=True, style="native").__dict__)


def remove_from_error(error: BaseException | None) -> None:
    """Unlink the frames of our hook wrappers from an error and those it is chained to; one of our own stays as it is.

    Args:
        error: that passed them; None for none.
    """
    seen: set[int] = set()
    with contextlib.suppress(Exception):  # of an error that does not let itself be looked at
        while error is not None and id(error) not in seen and not _is_ours(error.__traceback__):
            seen.add(id(error))
            remove_from_traceback(error.__traceback__, _PACKAGE)
            error = error.__cause__ or error.__context__


def _is_ours(traceback: TracebackType | None) -> bool:
    """Tell whether the innermost frame is one of this package."""
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_PACKAGE)


def is_of_part() -> bool:
    """Tell whether a report is of a part of a test: it is made while the test's function runs.

    A thread or a greenlet of the test does not lead back to pytest, which reports phases from none.
    """
    frame: FrameType | None = _getframe(1)
    while frame is not None and frame.f_code is not _runtest_call:
        if frame.f_code is _call_and_report:
            return False
        frame = frame.f_back
    return True


def is_raised_by_phase(error: BaseException) -> bool:
    """Tell whether an exception came out of a phase, and not out of what pytest does between two.

    Args:
        error: with its traceback.
    """
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code is not _from_call:
        traceback = traceback.tb_next
    return traceback is not None
