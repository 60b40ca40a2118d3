"""Where the journals of a run go, where instead when that place cannot be written, and where they are found again."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import uuid
from contextlib import suppress
from pathlib import Path

from pytest_debugloop import private
from pytest_debugloop.private import JOURNALS, NotPrivateError

_IGNORE = ".gitignore"
_CHECKOUT = "checkout-id"
_IGNORED = "# Made by pytest-debugloop.\n*\n"
# One of these says that a folder is a record's.
_OURS = {JOURNALS, "postgres", "postgres.lock", "loader.log"}


def candidate_folders(wanted: Path) -> list[Path]:
    """List where the record of a checkout may be: a run takes the first place that it can write.

    Args:
        wanted: the folder that the settings name.

    Returns:
        That folder, one in the user's state folder where he has a home, and one in the folder of temporary files.
    """
    # By its real path: a run may be given another name of the checkout than the command.
    real = Path(os.path.realpath(wanted.parent)) / wanted.name
    name = hashlib.sha256(os.fsencode(real)).hexdigest()[:16]
    state, fallback = state_folder(), fallback_folder()
    return [wanted, *([state / name] if state is not None else []), fallback.with_name(f"{fallback.name}-{name}")]


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
        for other in candidate_folders(wanted)[1:]:
            with suppress(OSError):
                _make(other)
                return other, f"cannot write to {wanted} ({error.strerror}): recording to {other} instead."
        raise
    return wanted, None


def checkout_id(folder: Path, rootdir: Path) -> str | None:
    """Tell a checkout from all others: a name may be that of several, and change.

    Args:
        folder: of the record, where an id is kept.
        rootdir: pytest's rootdir: several may share a folder, and a copy of both is another checkout.

    Returns:
        A UUID; None where no id can be kept.
    """
    path = folder / _CHECKOUT
    try:
        try:
            with private.make_file(path) as file:
                file.write(uuid.uuid4().hex.encode())
        except FileExistsError:
            pass
        with private.read_file(path) as file:
            return str(uuid.uuid5(uuid.UUID(file.read(32).decode("ascii")), os.path.realpath(rootdir)))
    except (OSError, ValueError):
        return None


def find_folder(wanted: Path) -> Path | None:
    """Give the folder that runs of this user have been recorded to.

    Args:
        wanted: the folder that the settings name.

    Returns:
        The first that a run could go on with, else a record that this user may enter; None where there is none.
    """
    there = [folder for folder in candidate_folders(wanted) if os.access(f"{folder}/", os.R_OK | os.X_OK)]
    ours = (folder for folder in there if not obstacle(folder))
    others = (folder for folder in there if any(os.access(folder / name, os.F_OK) for name in _OURS))
    return next(ours, None) or next(others, None)


def new_folder(wanted: Path) -> Path:
    """Give the folder that the first run will be recorded to.

    Args:
        wanted: the folder that the settings name; given where nothing can be written.
    """
    return next((folder for folder in candidate_folders(wanted) if not obstacle(folder)), wanted)


def obstacle(folder: Path) -> str:
    """Say what keeps a run of this user from being recorded to a folder, and change nothing.

    Args:
        folder: of the record, which may not be there.

    Returns:
        A few words; nothing where it can be.
    """
    try:
        _check_is_record(folder)
        with suppress(FileNotFoundError):
            _refuse_others(folder / JOURNALS)
    except FileNotFoundError:
        there = next(parent for parent in folder.absolute().parents if os.access(parent, os.F_OK))
    except OSError as error:
        return error.strerror or str(error)
    else:
        there = folder
    if os.access(there, os.W_OK | os.X_OK):
        return ""
    return os.strerror(errno.EROFS if os.statvfs(there).f_flag & os.ST_RDONLY else errno.EACCES)


def fallback_folder() -> Path:
    """Give the folder, on the disk of temporary files, of journals that could not stay where they were begun."""
    # Not by tempfile: it would settle for the tests, too, which folder that is.
    temporary = Path(os.environ.get("TMPDIR", ""))
    return (temporary if temporary.is_absolute() else Path("/tmp")) / f"pytest-debugloop-{os.getuid()}"  # noqa: S108


def state_folder() -> Path | None:
    """Give the folder, in the user's home, of records that could not stay in their checkout; None without a home."""
    # A path that is not absolute is to be ignored, says the XDG Base Directory Specification.
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():
        with suppress(RuntimeError):
            base = Path("~/.local/state").expanduser()
    return base / "pytest-debugloop" if base.is_absolute() else None


def _make(folder: Path) -> None:
    """Make a folder of the record, or take one that we made, or that holds our own."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        _check_is_record(folder)
    _close_to_others(folder)
    with suppress(FileExistsError):
        (folder / JOURNALS).mkdir(mode=0o700)
    _close_to_others(folder / JOURNALS)
    with suppress(FileExistsError, NotPrivateError), private.make_file(folder / _IGNORE) as file:
        file.write(_IGNORED.encode())
    if not os.access(folder / JOURNALS, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _refuse_others(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise NotPrivateError(folder, "it is not a directory of this user")


def _check_is_record(folder: Path) -> None:
    _refuse_others(folder)
    names = set(os.listdir(folder))  # noqa: PTH208 - all of them, at once
    if names and not names & _OURS and not _is_ours(folder / _IGNORE):
        raise NotPrivateError(folder, "it contains other files: choose a new directory")


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
            raise NotPrivateError(folder, "it belongs to another user")
        if found.st_mode & 0o077:
            os.fchmod(fd, 0o700)
    finally:
        os.close(fd)
