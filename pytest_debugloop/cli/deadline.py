"""Ends what takes too long, wherever it waits."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_debugloop.errors import CannotJudgeError


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Interrupt what is done within after some time.

    Args:
        seconds: how long it may take.

    Raises:
        CannotJudgeError: it took longer.
    """
    too_long = CannotJudgeError(reason=f"the record did not answer within {seconds:g} seconds")
    rang = False

    def ring(number: int, frame: Any) -> None:
        nonlocal rang
        rang = True
        raise too_long

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except Exception as error:
        if not rang or error is too_long:
            raise
        raise too_long from error  # whoever was interrupted had a handler of its own, as the driver's import has
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
