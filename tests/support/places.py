"""Where tests keep what they make: in memory where there is room for it, else on the disk."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_FOR_SERVERS = 2_000_000_000
_ROOM_FOR_ALL = 6_000_000_000


def fast_place() -> Path:
    """Choose where servers of tests keep their data."""
    return _MEMORY if _has(_ROOM_FOR_SERVERS) else Path("/tmp")  # not TMPDIR: its path may be too long for a socket


def temporary_root() -> Path:
    """Choose below which folder pytest makes those of all tests: an embedded record is a thousand files."""
    return _MEMORY if _has(_ROOM_FOR_ALL) else Path(tempfile.gettempdir())


def _has(room: int) -> bool:
    """Tell whether so many bytes, and programs, can be kept in memory."""
    if not os.access(_MEMORY, os.W_OK | os.X_OK) or os.statvfs(_MEMORY).f_flag & getattr(os, "ST_NOEXEC", 0):
        return False
    return shutil.disk_usage(_MEMORY).free > room
