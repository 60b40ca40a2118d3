"""Tells which processes there are, whether one is the PostgreSQL server of a data directory, and ends that.

The keeper of a server that nobody uses lives of this module alone, so it imports little.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

HAS_PROC = Path("/proc/self/cwd").is_dir()


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
        import subprocess

        command = ["ps", "-o", "comm=", "-p", str(pid)]
        return b"postgres" in subprocess.run(command, capture_output=True, check=False).stdout
    process = Path(f"/proc/{pid}")
    try:
        return (process / "exe").readlink().name.startswith("postgres") and (process / "cwd").samefile(data)
    except OSError:
        return False


def server_number(data: Path) -> tuple[int, str]:
    """Give the process number of the server of some data and when it was born; 0 and nothing where it does not run.

    Args:
        data (Path): the data directory.
    """
    pid = read_pid(data / "postmaster.pid")
    return (pid, birth(pid)) if pid and is_server(pid, data) else (0, "")


def has_lost_its_programs(pid: int) -> bool:
    """Tell whether the program of a server was removed or replaced since it was started, and its libraries with it."""
    try:
        return os.readlink(f"/proc/{pid}/exe").endswith(" (deleted)")  # noqa: PTH115 - of what is no path any more
    except OSError:
        return False


def stop_server(data: Path, patience: Callable[[], float]) -> None:
    """Stop the server of some data and wait until it is gone; one that does not go is left to its next user.

    Args:
        data (Path): the data directory.
        patience (Callable): how many seconds each of a friendly and a harsh request to stop may take, asked anew while
            it takes them.
    """
    pid, born = server_number(data)
    for number in (signal.SIGINT, signal.SIGQUIT):
        if not pid or not born or birth(pid) != born:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, number)
        begun = time.monotonic()
        # Until it is gone: on its way out it has no program any more, and still a folder that it runs in.
        while birth(pid) == born and time.monotonic() < begun + patience():
            time.sleep(0.005)


def stop_server_elsewhere(number: tuple[int, str], *, at_once: bool = False) -> None:
    """Stop a server whose directory somebody has removed, which it would notice within a minute, or moved.

    Args:
        number (tuple): what :func:`server_number` gave while the directory was there.
        at_once (bool): whether it must write nothing any more; where there are data, they then recover from that.
    """
    pid, born = number
    if pid and birth(pid) == born:
        is_in_order = not at_once and Path(f"/proc/{pid}/cwd/PG_VERSION").exists()
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGINT if is_in_order else signal.SIGQUIT)
