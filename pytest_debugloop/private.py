"""Files of the record, opened so that what is opened is what a process of this user has made, and nothing else.

Others may have been first where everybody may write, such as the folder of temporary files, and a checkout may bring a
folder of the record along with links in it. So each folder on the way is opened relative to the one above it, no link
is followed, and what is opened must be a regular file (or a folder) of this user that no other may read or write.

A folder of the record holds ``journals``, which has a folder for each run, which holds its files: paths of this form
are what the functions here take.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pytest_debugloop.system import System

JOURNALS = "journals"
"""Folder, below that of the record, with a folder for each run."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe would make who opens it wait, for ever.
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotPrivateError(PermissionError):
    """Somebody else may have made what was to be opened, or may write to it; ``strerror`` says which of these."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(errno.EACCES, reason, str(path))

    def __str__(self) -> str:
        return f"{self.filename} is not used: {self.strerror}"


def open_folder(folder: Path, *, make: bool = False) -> int:
    """Open a folder of the record, or one below it.

    Args:
        folder: its path.
        make: whether those that are missing are made.

    Returns:
        A descriptor.

    Raises:
        NotPrivateError: it, or one above it within the record, is not only this user's.
        OSError: it cannot be opened.
    """
    base, *inner = _steps(folder)
    if make:
        _make_folder(base)
    path = Path(base)
    found = _opened_folder(base, None, path)
    for name in inner:
        path /= name
        above = found
        try:
            if make:
                with suppress(FileExistsError):
                    System.mkdir(name, 0o700, dir_fd=above)
                    System.chmod(name, 0o700, dir_fd=above)  # whatever umask a test has set
            found = _opened_folder(name, above, path)
        finally:
            System.close(above)
    return found


def open_file(path: Path, flags: int) -> int:
    """Open a file in a folder of the record.

    Args:
        path: of the file.
        flags: of ``os.open``; what is made is made for this user alone.

    Returns:
        A descriptor.

    Raises:
        NotPrivateError: it is not a regular file of this user alone, or not in such a folder.
        OSError: it cannot be opened.
    """
    with _entered(path.parent) as folder:
        try:
            fd = System.open(path.name, flags | _FILE, 0o600, dir_fd=folder)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise NotPrivateError(path, "it is a symbolic link, or not a file") from error
            raise
    try:
        found = _check(fd, path, stat.S_ISREG, "it is not a regular file")
        if flags & os.O_CREAT and found.st_mode & 0o600 != 0o600:  # a test has set such a umask
            System.fchmod(fd, 0o600)
    except BaseException:
        System.close(fd)
        raise
    return fd


def read_file(path: Path) -> IO[bytes]:
    """Open a file in a folder of the record to read it.

    Args:
        path: of the file.

    Raises:
        OSError: as :func:`open_file`.
    """
    return System.open_file(open_file(path, os.O_RDONLY), "rb")


def make_file(path: Path) -> IO[bytes]:
    """Make a file in a folder of the record, which must not be there yet.

    Args:
        path: of the file.

    Raises:
        OSError: as :func:`open_file`; FileExistsError where it is there.
    """
    return System.open_file(open_file(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb")


def list_folder(folder: Path) -> list[str]:
    """List what is in a folder of the record; nothing where it is not there.

    Args:
        folder: its path.

    Raises:
        NotPrivateError: it is not only this user's.
    """
    try:
        with _entered(folder) as fd:
            return sorted(System.listdir(fd))
    except NotPrivateError:
        raise
    except OSError:
        return []


def is_private(path: Path) -> bool:
    """Tell whether a file in a folder of the record is a regular one of this user alone.

    Args:
        path: of the file.
    """
    try:
        with _entered(path.parent) as folder:
            found = System.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == System.geteuid() and not found.st_mode & 0o077


def remove(path: Path) -> None:
    """Remove a file from a folder of the record, or an empty folder; what is not there need not be removed.

    Args:
        path: of it.

    Raises:
        OSError: it cannot be removed, or is not in a folder of this user alone.
    """
    with suppress(FileNotFoundError), _entered(path.parent) as folder:
        if stat.S_ISDIR(System.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode):
            System.rmdir(path.name, dir_fd=folder)
        else:
            System.unlink(path.name, dir_fd=folder)


def rename_file(path: Path, name: str) -> None:
    """Give a file in a folder of the record another name, which nothing has yet.

    Args:
        path: of the file.
        name: the new one, in the same folder.

    Raises:
        FileExistsError: something has that name.
        OSError: it cannot be done, or not in a folder of this user alone.
    """
    with _entered(path.parent) as folder:
        try:
            System.link(path.name, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links
            with suppress(FileNotFoundError):
                System.stat(name, dir_fd=folder, follow_symlinks=False)
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
            System.rename(path.name, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            System.unlink(path.name, dir_fd=folder)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file that is there as a whole, or not at all.

    Args:
        path: of it, in a folder of the record.
        data: all that it holds.

    Raises:
        OSError: it cannot be written, or not in a folder of this user alone.
    """
    half = path.with_name(path.name + ".new")
    remove(half)
    begun = make_file(half)
    try:
        with begun as file:
            file.write(data)
    except OSError:
        with suppress(OSError):
            remove(half)  # where the disk is full, others need its room
        raise
    with _entered(path.parent) as folder:
        System.replace(half.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)


def _steps(folder: Path) -> list[str]:
    """Give the folder of the record, and the names below it."""
    if folder.name == JOURNALS:
        return [str(folder.parent), JOURNALS]
    if folder.parent.name == JOURNALS:
        return [str(folder.parents[1]), JOURNALS, folder.name]
    return [str(folder)]


def _make_folder(folder: str, mode: int = 0o700) -> None:
    """Make a folder that is this user's alone, with those above it."""
    try:
        try:
            System.mkdir(folder, mode)
        except FileNotFoundError:
            above = os.path.dirname(folder)  # noqa: PTH120 - a text
            if above in ("", folder):
                raise
            _make_folder(above, 0o777)
            System.mkdir(folder, mode)
    except FileExistsError:
        return
    if mode == 0o700:
        System.chmod(folder, mode)  # whatever umask a test has set


@contextmanager
def _entered(folder: Path) -> Iterator[int]:
    fd = open_folder(folder)
    try:
        yield fd
    finally:
        System.close(fd)


def _opened_folder(name: str, above: int | None, path: Path) -> int:
    try:
        fd = System.open(name, _FOLDER, dir_fd=above)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise NotPrivateError(path, "it is a symbolic link, or not a directory") from error
        raise
    try:
        _check(fd, path, stat.S_ISDIR, "it is not a directory")
    except BaseException:
        System.close(fd)
        raise
    return fd


def _check(fd: int, path: Path, is_kind: Callable[[int], bool], otherwise: str) -> os.stat_result:
    found = System.fstat(fd)
    if not is_kind(found.st_mode):
        raise NotPrivateError(path, otherwise)
    if found.st_uid != System.geteuid():
        raise NotPrivateError(path, "it belongs to another user")
    if found.st_mode & 0o077:
        raise NotPrivateError(path, f"other users can access it (mode {stat.S_IMODE(found.st_mode):04o})")
    return found
