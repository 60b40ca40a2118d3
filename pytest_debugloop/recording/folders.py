"""Where the journals of a run go, and where instead when that place cannot be written."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from pytest_debugloop import private
from pytest_debugloop.private import JOURNALS, NotPrivateError

_IGNORE = ".gitignore"
_IGNORED = "# Made by pytest-debugloop.\n*\n"
# One of these says that a folder is a record's.
_OURS = {JOURNALS, "postgres", "postgres.lock", "loader.log"}


def open_folder(wanted: Path) -> tuple[Path, str | None]:
    """Make the folder of the record, private to its owner.

    Args:
        wanted: the folder that the settings name.

    Returns:
        The folder, and one sentence where another one had to be taken.

    Raises:
        OSError: no place on this machine can be written.
    """
    try:
        _make(wanted)
    except OSError as error:
        for other in (state_folder(wanted), spare_folder()):
            with suppress(OSError):
                _make(other)
                return other, f"{wanted} cannot be written ({error.strerror}): recording to {other} instead."
        raise
    return wanted, None


def spare_folder() -> Path:
    """Give the folder, on the disk of temporary files, of journals that could not stay where they were begun."""
    # Not by tempfile: it would settle for the tests, too, which folder that is.
    return Path(os.environ.get("TMPDIR") or "/tmp") / f"pytest-debugloop-{os.getuid()}"  # noqa: S108


def state_folder(wanted: Path) -> Path:
    """Give the folder that takes the place of one that cannot be written.

    Args:
        wanted: the folder that the settings name.
    """
    base = os.environ.get("XDG_STATE_HOME") or str(Path("~/.local/state").expanduser())
    return Path(base) / "pytest-debugloop" / hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]


def _make(folder: Path) -> None:
    """Make a folder of the record, or take one that we made, or that holds our own."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        _take(folder)
    _close_to_others(folder)
    with suppress(FileExistsError):
        (folder / JOURNALS).mkdir(mode=0o700)
    _close_to_others(folder / JOURNALS)
    with suppress(FileExistsError, NotPrivateError), private.make_file(folder / _IGNORE) as file:
        file.write(_IGNORED.encode())
    if not os.access(folder / JOURNALS, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _take(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotPrivateError(folder, "it is not a folder of this user")
    names = set(os.listdir(folder))  # noqa: PTH208 - all of them, at once
    if names and not names & _OURS and not _is_ours(folder / _IGNORE):
        raise NotPrivateError(folder, "it holds something else: name a folder that is not there yet")


def _is_ours(ignore: Path) -> bool:
    with suppress(OSError, ValueError):
        return not ignore.is_symlink() and ignore.read_text(encoding="utf-8") == _IGNORED
    return False


def _close_to_others(folder: Path) -> None:
    """Let nobody else enter a folder of ours; a link in its place is left alone."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        if found.st_uid != os.geteuid():
            raise NotPrivateError(folder, "it is of another user")
        if found.st_mode & 0o077:
            os.fchmod(fd, 0o700)
    finally:
        os.close(fd)
