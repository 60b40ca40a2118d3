"""Tells which processes there are, and whether one is the PostgreSQL server of a data directory."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from pytest_debugloop.database.account import HAS_PROC


def read_pid(path: Path) -> int | None:
    """Read the process number that a file of PostgreSQL's starts with.

    Args:
        path (Path): the file.

    Returns:
        int | None: the number; 0 where the file holds none, and None where there is no file.
    """
    try:
        first = path.read_text(encoding="ascii", errors="replace").partition("\n")[0]
    except FileNotFoundError:
        return None
    return int(first.lstrip("-")) if re.fullmatch(r"-?\d{1,9}", first) else 0  # single-user servers write it negative


def exists(pid: int) -> bool:
    """Tell whether a process number is taken, be it by a process that ended and that its parent never asked about."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def is_alive(pid: int) -> bool:
    """Tell whether a process runs, or is still on its way out."""
    return bool(birth(pid))


def birth(pid: int) -> str:
    """Tell when a process was started, which tells it from a later one of the same number.

    Args:
        pid (int): its number.

    Returns:
        str: the moment, by a clock of the system's, or where there is no /proc the number; nothing if it has ended.
    """
    if not HAS_PROC:
        return str(pid) if exists(pid) else ""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *rest = status.rpartition(")")[2].split()
    return "" if state in "ZX" else rest[18]


def is_server(pid: int, data: Path) -> bool:
    """Tell whether a process is a PostgreSQL server, and where the system lets us see that, the one of these data."""
    if not HAS_PROC:
        command = ["ps", "-o", "comm=", "-p", str(pid)]
        return b"postgres" in subprocess.run(command, capture_output=True, check=False).stdout
    process = Path(f"/proc/{pid}")
    try:
        return (process / "exe").readlink().name.startswith("postgres") and (process / "cwd").samefile(data)
    except OSError:
        return False
