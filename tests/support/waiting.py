"""Waiting for what another process does: asked again and again, and given up with a reason, never slept for."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PATIENCE = 120.0
"""Seconds until something that was to happen is said not to: far more than it takes on a machine with other work."""


def wait_until(condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """Ask again and again until the answer is true.

    Args:
        condition: the question.
        seconds: to ask for, at most.

    Returns:
        The answer.
    """
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"it did not come true within {seconds:g} s: {condition}"
        time.sleep(0.01)


def has_ended(pid: int) -> bool:
    """Tell whether a process has ended; a dead one that nobody has waited for counts as ended."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return True
    return state == "Z"
