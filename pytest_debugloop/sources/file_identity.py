"""Which file it is, as in git's index: what an earlier run has found of a file holds as long as that is the same."""

from __future__ import annotations

import os
import time
from typing import TypeAlias

Identity: TypeAlias = tuple[int, int, int, int]
"""Its times in nanoseconds (of its content, and of its status), size in bytes and inode."""

# A file that was written within one tick of a clock before it was read may be written again within that tick.
_TICK = 2_000_000_000


def identity_of(status: os.stat_result) -> Identity:
    """Give the identity of a file.

    Args:
        status: of it.
    """
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def is_settled(identity: Identity) -> bool:
    """Tell whether a file that is written again from now on will have another identity.

    Args:
        identity: of it.
    """
    return max(identity[:2]) < time.time_ns() - _TICK
