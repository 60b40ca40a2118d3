"""Room on the stack for a snapshot, where a test left next to none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_LOW_LIMIT = 500


@contextmanager
def room_on_stack() -> Iterator[None]:
    """Have room on the stack where a test set a low limit; what it set is put back."""
    limit = sys.getrecursionlimit()
    if limit >= _LOW_LIMIT:
        yield
        return
    sys.setrecursionlimit(limit + _LOW_LIMIT)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
