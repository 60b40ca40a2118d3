"""Finds a user number for root's server that no other process has, and hands files over to it.

PostgreSQL refuses to run as root. As `nobody`, any other process of `nobody` could enter the server's folder, by
/proc/PID/cwd, and so read and change all that is in it; a number without a name has no other processes.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from contextlib import suppress
from pathlib import Path

# No system gives these to anybody: between the users that systemd makes for a time and `nobody`.
_NUMBERS = range(65520, 65532)
# Users of the system, as opposed to people, have smaller numbers.
_FIRST_PERSON = 1000
NOBODY = "nobody"


def free_number() -> int | None:
    """Find a number that a process of root's may take and that is nobody's; always the same one on a machine.

    Returns:
        int | None: the number, of a user and a group; None where there is none, as in some containers.
    """
    for number in _NUMBERS:
        if all(_is_mapped(Path("/proc/self", table), number) for table in ("uid_map", "gid_map")):
            try:
                pwd.getpwuid(number)
            except KeyError:
                with suppress(KeyError):
                    grp.getgrgid(number)
                    continue
                return number
    return None


def idle_user() -> int:
    """Find a user with a name and without a process, for `initdb`, which asks for its name.

    Returns:
        int: the number of `nobody`, or where that has processes of another user of the system.

    Raises:
        KeyError: there is no user `nobody`.
    """
    nobody = pwd.getpwnam(NOBODY).pw_uid
    others = sorted({user.pw_uid for user in pwd.getpwall() if 0 < user.pw_uid < _FIRST_PERSON}, reverse=True)
    busy = _users_with_processes()
    return next((uid for uid in (nobody, *others) if uid not in busy), nobody)


def hand_over(folder: Path, old: int, new: int) -> None:
    """Give what one user has in a folder, and the folder, to another user, and to the group of the same number.

    Args:
        folder (Path): the folder; nobody may be at work there.
        old (int): the number of the user that it is taken from: what is of others stays as it is, and so do links.
        new (int): the number of the other user.

    Raises:
        OSError: it cannot be done.
    """
    for _, folders, files, above in os.fwalk(folder):
        _give(above, old, new)
        for name in (*folders, *files):
            try:
                # Opened first: a name may be another file's a moment later, a file that is open stays the same.
                fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=above)
            except OSError as error:
                if error.errno in (errno.ELOOP, errno.ENXIO, errno.ENOENT):
                    continue
                raise
            try:
                _give(fd, old, new)
            finally:
                os.close(fd)


def _give(fd: int, old: int, new: int) -> None:
    found = os.fstat(fd)
    if found.st_uid == old and (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        os.fchown(fd, new, new)


def _is_mapped(table: Path, number: int) -> bool:
    """Tell whether a number exists in the namespace that we are in."""
    try:
        rows = [[int(word) for word in line.split()] for line in table.read_text(encoding="ascii").splitlines()]
    except OSError:
        return False
    return any(first <= number < first + count for first, _, count in rows)


def _users_with_processes() -> set[int]:
    found: set[int] = set()
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            lines = status.read_text(encoding="utf-8", errors="replace").splitlines()
            found.update(int(uid) for line in lines if line.startswith("Uid:") for uid in line.split()[1:])
    return found
