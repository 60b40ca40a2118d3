"""Says as which user of the operating system the embedded server runs, and who may connect to it."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_debugloop.database.processes import HAS_PROC
from pytest_debugloop.database.server_user import NOBODY, free_number, idle_user
from pytest_debugloop.errors import EmbeddedServerError

# On Linux a process has this name for the folder it runs in, whatever is above that and however long its path is.
_OWN_FOLDER = Path("/proc/self/cwd")


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system.

    Attributes:
        uid: its number.
        gid: the number of its group.
    """

    uid: int
    gid: int

    @classmethod
    def for_data(cls, data: Path) -> Account:
        """Choose who runs the server of a data directory.

        We do, unless we are root, whom PostgreSQL refuses: then the directory's owner, and for root's own directories a
        number that is nobody else's, or where there is none `nobody`.

        Args:
            data (Path): the data directory; it need not exist, but its parent must.

        Returns:
            Account: that user.

        Raises:
            EmbeddedServerError: there is no such user.
        """
        uid = os.geteuid()
        if uid:
            return cls(uid, os.getegid())
        if not HAS_PROC:
            reason = "it cannot run as root here: use another user, or set --debugloop-dsn"
            raise EmbeddedServerError(directory=data.parent, reason=reason)
        owner = (data if data.is_dir() else data.parent).stat()
        try:
            nobody = cls(pwd.getpwnam(NOBODY).pw_uid, pwd.getpwnam(NOBODY).pw_gid)
        except KeyError:
            nobody = None
        is_roots = not owner.st_uid or (nobody and owner.st_uid == nobody.uid and not data.parent.stat().st_uid)
        if not is_roots and (data.is_dir() or _name(owner.st_uid)):
            return cls(owner.st_uid, owner.st_gid)
        if nobody is None:  # `initdb` needs a user with a name
            reason = "PostgreSQL refuses to run as root, and there is no user nobody: set --debugloop-dsn"
            raise EmbeddedServerError(directory=data.parent, reason=reason)
        number = free_number()
        return nobody if number is None else cls(number, number)

    @property
    def is_ours(self) -> bool:
        """Whether this is who we are."""
        return self.uid == os.geteuid()

    def maker(self) -> Account:
        """Choose who makes the data for this user.

        Returns:
            Account: this one, or for root's server a user with a name and as few processes as can be had.
        """
        return self if self.is_ours or _name(self.uid) else Account(idle_user(), self.gid)

    def welcome(self) -> list[str]:
        """List the users who may connect: the owner of the data, we, and root, who can become either of them anyway.

        Returns:
            list[str]: their names, without the `nobody` that root's server runs as, for others run as that too.
        """
        wanted = {0, os.geteuid(), self.uid}
        return sorted(name for uid in wanted if (name := _name(uid)) and (name != NOBODY or uid == os.geteuid()))

    def check(self) -> None:
        """Try whether a process of ours can become this user; in a container, root may be less than root.

        Raises:
            OSError: it cannot.
        """
        try:
            subprocess.run(["/bin/sh", "-c", ":"], check=False, **self.process_options(Path("/")))
        except OSError as error:
            reason = f"PostgreSQL refuses to run as root, and root cannot switch to user id {self.uid} here"
            raise OSError(error.errno, f"{reason}: use another user, or set --debugloop-dsn") from error

    def process_options(self, folder: Path) -> dict[str, Any]:
        """Tell `subprocess` how to run a server's program: as whom, where, and cut off from our terminal and variables.

        Args:
            folder (Path): where it runs; entered before the change of user, who need not be let into what is above.

        Returns:
            dict[str, Any]: keyword arguments.
        """
        # No PG* variable may turn a server, and no secret of ours may be read in another user's process.
        env = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        if libraries := os.environ.get("LD_LIBRARY_PATH"):
            env["LD_LIBRARY_PATH"] = libraries
        options: dict[str, Any] = {"cwd": folder, "env": env, "umask": 0o077, "start_new_session": True}
        if not self.is_ours:
            options.update(user=self.uid, group=self.gid, extra_groups=[])
        return options


def own_folder(folder: Path) -> str:
    """Name a folder for a process that runs in it.

    Args:
        folder (Path): the folder.

    Returns:
        str: a name that works whatever is above the folder, where the system has one.
    """
    return str(_OWN_FOLDER if HAS_PROC else folder)


def open_private(path: Path, flags: int) -> int:
    """Open a file that is for the owner of its folder only, and make it where it is not there.

    Args:
        path (Path): the file.
        flags (int): as for `os.open`.

    Returns:
        int: a file descriptor that no program started by us inherits.
    """
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        file = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(file, owner.st_uid, owner.st_gid)
    return file


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""
