"""What takes too long ends, also where it takes every exception for its own."""

from __future__ import annotations

import signal
import time

import pytest

from pytest_debugloop.cli.deadline import deadline
from pytest_debugloop.errors import CannotJudgeError


def test_what_waits_is_interrupted() -> None:
    with pytest.raises(CannotJudgeError, match=r"within 0\.01 seconds"), deadline(0.01):
        time.sleep(60)


def test_what_turns_the_interruption_into_another_error_is_still_out_of_time() -> None:
    def stubborn() -> None:
        try:
            time.sleep(60)
        except Exception as error:
            raise ImportError("no pq wrapper available") from error

    with pytest.raises(CannotJudgeError), deadline(0.01):
        stubborn()


def test_an_error_of_its_own_passes() -> None:
    with pytest.raises(ZeroDivisionError), deadline(60):
        _ = 1 / 0


def test_nothing_rings_later() -> None:
    with deadline(60):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
