"""What pytest's reports say, where their attributes alone do not."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import pytest


def subtest_name(report: pytest.TestReport) -> str | None:
    """Name the subtest that a report is of.

    Args:
        report: of a test, or of a subtest of pytest 9 or of pytest-subtests.

    Returns:
        What pytest calls it, None where it is the report of a whole test.
    """
    if getattr(report, "context", None) is None:
        return None
    describe: Any = getattr(report, "_sub_test_description", None) or getattr(report, "sub_test_description", None)
    return None if describe is None else str(describe())


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Say why a test was skipped, or expected to fail.

    Args:
        report: of the phase that says so.
    """
    why = getattr(report, "wasxfail", None)
    if isinstance(why, str):
        return why
    if isinstance(report.longrepr, tuple) and len(report.longrepr) == 3:
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    return ""


def remove_from_traceback(traceback: TracebackType | None, file: str) -> None:
    """Unlink the frames of our hook wrappers from a traceback, so that no style of it shows them.

    Args:
        traceback: of an exception that passed them.
        file: where the wrappers are written.
    """
    before: list[TracebackType] = []
    while traceback is not None:
        # In front of a wrapper's frame is the one in which pluggy threw the exception into it.
        if len(before) >= 2 and traceback.tb_frame.f_code.co_filename == file:
            before.pop()
            before[-1].tb_next = traceback.tb_next
        else:
            before.append(traceback)
        traceback = traceback.tb_next
