"""Lends a name to a user number that has none, for ``initdb``, which asks for one; the server itself does not.

In a user namespace a process of ours may have any one number, that of a user with a name too. Files and processes stay
ours, as everybody else sees them.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import subprocess
from collections.abc import Callable
from typing import Any

_CLONE_NEWUSER = 0x10000000  # of <linux/sched.h>
_NUMBERS = "/proc/self/uid_map"


def lent_name(uid: int) -> dict[str, Any]:
    """Tell `subprocess` how to run a program as a user with a name.

    Args:
        uid (int): our number.

    Returns:
        dict[str, Any]: keyword arguments; none where the number has a name, or where this cannot be had.
    """
    if has_name(uid):
        return {}
    number = next((user.pw_uid for user in pwd.getpwall() if user.pw_uid), 0)
    enter = _entering(uid, number)
    try:
        done = subprocess.run(["/bin/sh", "-c", ":"], check=False, preexec_fn=enter)
    except subprocess.SubprocessError:
        return {}
    return {} if done.returncode or not number else {"preexec_fn": enter}


def has_name(uid: int) -> bool:
    """Tell whether a user number has a name.

    Args:
        uid (int): the number.
    """
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _entering(uid: int, number: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None, use_errno=True)

    def enter() -> None:
        if libc.unshare(_CLONE_NEWUSER):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        table = os.open(_NUMBERS, os.O_WRONLY)
        os.write(table, f"{number} {uid} 1".encode())
        os.close(table)

    return enter
