"""Where the journals of a run go, and where instead when that place cannot be written."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from pytest_debugloop.handover import JOURNALS


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
            with contextlib.suppress(OSError):
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
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(13, "it is not a folder of this user")
    if found.st_mode & 0o077:
        folder.chmod(0o700)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("# Made by pytest-debugloop.\n*\n", encoding="utf-8")
    (folder / JOURNALS).mkdir(mode=0o700, exist_ok=True)
    if not os.access(folder / JOURNALS, os.W_OK | os.X_OK):
        raise PermissionError(13, os.strerror(13))
