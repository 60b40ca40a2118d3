"""Which files a project's code is in, and what is in each: from git where there is a checkout, else from the folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_SECONDS = 20
_WALK_SECONDS = 5.0
_MAX_FILES = 20_000
_MAX_CODE = 50_000
_LARGEST = 4 * 1024 * 1024
_EXECUTABLE = "100755"
DOCUMENTS = (".md", ".rst", ".adoc", ".png", ".svg", ".jpg", ".gif", ".pdf")
"""How files end that seldom have to do with a test: they make no version."""
# What is code where no git tells which files are the project's.
_CODE = (".py", ".pyi", ".toml", ".cfg", ".ini")
_NOT_PROJECT = frozenset({"node_modules", "build", "dist", "__pycache__", "site-packages"})


class Tree(NamedTuple):
    """The code of a project at one moment.

    Attributes:
        files: SHA-1 of each file as git makes it, by its path relative to rootdir.
        tree: git's tree of the commit, empty without one.
        dirty: the files that are not as the commit has them, with their hashes; empty text for one that is gone.
        executable: those that git has and that may be executed, without Python.
        is_cut: whether there are so many that nothing but code is listed.
    """

    files: dict[str, str]
    tree: str
    dirty: dict[str, str]
    executable: frozenset[str] = frozenset()
    is_cut: bool = False


def tree_of(rootdir: Path) -> Tree | None:
    """Say what code is below a folder.

    Args:
        rootdir: pytest's rootdir.

    Returns:
        None where that is not known, or where there is too much of it.
    """
    try:
        return _from_git(rootdir) or _from_folder(rootdir)
    except _TooMuchError:  # a walk would find no less
        return None


class _TooMuchError(Exception):
    """There is more code than is listed."""


def version_of(files: dict[str, str]) -> str:
    """Name the code of a project: the same name is the same code.

    Args:
        files: hash of each file by its path.

    Returns:
        SHA-256 over all of them, in hexadecimal digits.
    """
    listed = "\n".join(f"{path}\0{digest}" for path, digest in sorted(files.items()))
    return hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()


def file_hash(data: bytes) -> str:
    """Hash a file as git does, so that what git knows need not be read.

    Args:
        data: what is in it.
    """
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _from_git(rootdir: Path) -> Tree | None:
    tree = git(rootdir, "rev-parse", "--verify", "--quiet", "HEAD^{tree}")
    listed = git(rootdir, "ls-tree", "-r", "-z", "HEAD") if tree is not None else None
    changed = git(rootdir, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", ".")
    top = git(rootdir, "rev-parse", "--show-prefix")
    if tree is None or listed is None or changed is None or top is None:
        return None
    prefix = top.strip()
    changes = [(entry[:2], entry[3:].removeprefix(prefix)) for entry in changed.split("\0") if entry]
    environments = tuple(path.removesuffix("pyvenv.cfg") for _, path in changes if path.endswith("/pyvenv.cfg"))
    files = {}
    executable = set()
    for entry in filter(None, listed.split("\0")):
        about, _, path = entry.partition("\t")
        mode, kind, digest = about.split()
        if kind == "blob" and _counts(path):
            files[path] = digest
            if mode == _EXECUTABLE and not path.endswith(".py"):
                executable.add(path)
    # Of very many files code matters most; where there is too much of that, too, nothing is listed.
    is_cut = len(files) > _MAX_FILES or len(changes) > _MAX_FILES
    if is_cut:
        files = {path: digest for path, digest in files.items() if path.endswith(_CODE)}
        changes = [(state, path) for state, path in changes if path.endswith(_CODE)]
    if len(changes) > _MAX_FILES or len(files) > _MAX_CODE:
        raise _TooMuchError
    dirty: dict[str, str] = {}
    for state, path in changes:
        if not _counts(path) or (state == "??" and (not path.endswith(_CODE) or path.startswith(environments))):
            continue
        executable.discard(path)
        if not path.endswith(".py") and os.access(rootdir / path, os.X_OK):
            executable.add(path)
        dirty[path] = hash_of(rootdir / path)
        if dirty[path]:
            files[path] = dirty[path]
        else:
            files.pop(path, None)
    # A folder that the checkout around it ignores has nothing to do with it.
    return Tree(files, tree.strip(), dirty, frozenset(executable & files.keys()), is_cut) if files else None


def _from_folder(rootdir: Path) -> Tree | None:
    files: dict[str, str] = {}
    deadline = time.monotonic() + _WALK_SECONDS
    for path in _walk(rootdir):
        # rootdir may be somebody's home, or the whole machine.
        if len(files) >= _MAX_FILES or time.monotonic() > deadline:
            return None
        if path is None:
            continue
        digest = hash_of(path)
        if digest:
            files[path.relative_to(rootdir).as_posix()] = digest
    return Tree(files, "", {})


def _walk(rootdir: Path) -> Iterator[Path | None]:
    """Give the files of code below a folder, and None for each folder entered: there may be many without code."""
    for folder, folders, names in os.walk(rootdir):
        here = Path(folder)
        yield None
        folders[:] = sorted(
            name for name in folders if not is_no_project(name) and not (here / name / "pyvenv.cfg").exists()
        )
        yield from (here / name for name in sorted(names) if name.endswith(_CODE))


def is_no_project(folder: str) -> bool:
    """Tell whether a folder is one of tools, or of what they make, and not of a project.

    Args:
        folder: its name.
    """
    return folder.startswith(".") or folder in _NOT_PROJECT or folder.endswith(".egg-info")


def _counts(path: str) -> bool:
    return not path.endswith(DOCUMENTS) and not path.startswith((".github/", ".debugloop/"))


def hash_of(path: Path) -> str:
    """Hash a file as git does; of a very large one nothing but that is known, and of one that is not there nothing.

    Args:
        path: of the file.
    """
    try:
        if path.stat().st_size > _LARGEST:
            return "large"
        return file_hash(path.read_bytes())
    except OSError:
        return ""


def git(folder: Path, *arguments: str) -> str | None:
    """Ask git.

    Args:
        folder: in a checkout, or not.
        *arguments: a command that changes nothing, and its arguments.

    Returns:
        What it printed; None where it failed, took too long, or is not there.
    """
    if not is_in_checkout(folder):
        return None
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-c", "core.quotepath=off", "--no-optional-locks", *arguments],  # noqa: S607 - the user's git
            cwd=folder,
            env=environ,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def is_in_checkout(folder: Path) -> bool:
    """Tell whether git would find a checkout, without starting it: most projects that have none would ask four times.

    Args:
        folder: any.
    """
    try:
        place = folder.resolve()
        return any((one / ".git").exists() for one in (place, *place.parents))
    except (OSError, RuntimeError):  # a loop of links, or a folder that may not be entered
        return True
