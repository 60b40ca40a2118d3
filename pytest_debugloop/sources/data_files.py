"""Files of a project beside those of its version that a test may read: documents, untracked files, ignored ones.

What makes a project's version (:mod:`pytest_debugloop.sources.tree`) is what everybody has. A file that is in one
checkout alone, such as ``.env``, can break a test as well, and so can a picture that a test compares with.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Container, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pytest_debugloop.sources.tree import DOCUMENTS, file_hash, git, is_no_project

_MAX_FILES = 2_000
_MAX_IGNORED = 500
_MAX_IN_FOLDER = 200
_MAX_BYTES = 30 * 1024 * 1024
_LARGEST = 2 * 1024 * 1024
_WALK_SECONDS = 2.0
_PYTHON = ".py"
# What runs and tools leave behind, and no test reads.
_LEFT_BEHIND = (
    *(".pyc", ".pyo", ".log", ".pid", ".tmp", ".swp", ".swo", ".bak", ".orig", "~", ".prof", ".profraw", ".gcda"),
    *(".gcno", ".o", ".obj", ".a", ".d", ".egg", ".whl", ".lcov", "-journal", "-wal", "-shm", ".DS_Store"),
)
_REPORTS = (".coverage", "coverage.", "junit", "report.", ".python-version", "pip-log", ".git", "Thumbs.db")


class DataFiles(NamedTuple):
    """Files beside those of a version, with their hashes as git makes them, by their path from rootdir.

    Attributes:
        shown: documents of the project, and files that git neither has nor ignores.
        ignored: those that git ignores, Python among them: settings of one machine, or what was generated.
    """

    shown: dict[str, str]
    ignored: dict[str, str]


def data_files(rootdir: Path, known: Container[str], before: int | None = None) -> DataFiles:
    """Look at the files of a project that are not of its version.

    Args:
        rootdir: pytest's rootdir.
        known: the files of the version.
        before: moment in nanoseconds; what was written later is what the run has made, and left out. None for none.
    """
    listed = _lists_of_git(rootdir)
    shown, ignored = listed if listed is not None else (_walk(rootdir, _MAX_FILES), [])
    reading = _Reading(rootdir, known, before)
    found = reading.hashes((path for path in shown if not path.endswith(_PYTHON)), _MAX_FILES)
    paths = list(ignored)
    ignored_hashes: dict[str, str] = {}
    # First what is no Python: there may be much that is generated.
    for is_python in (False, True):
        part = [path for path in paths if path.endswith(_PYTHON) is is_python]
        ignored_hashes |= reading.hashes(part, _MAX_IGNORED)
    return DataFiles(found, ignored_hashes)


def _lists_of_git(rootdir: Path) -> tuple[Iterator[str], Iterator[str]] | None:
    documents = git(rootdir, "ls-files", "-z", "--", *(f"*{ending}" for ending in DOCUMENTS))
    if documents is None or git(rootdir, "rev-parse", "--verify", "--quiet", "HEAD^{tree}") is None:
        return None
    others = git(rootdir, "ls-files", "-z", "--others", "--exclude-standard")
    ignored = git(rootdir, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    shown = (path for part in (documents, others) for path in (part or "").split("\0"))
    return shown, _inside(rootdir, (ignored or "").split("\0"))


def _inside(rootdir: Path, paths: Iterable[str]) -> Iterator[str]:
    """Give files, and of folders those that are in them: of a large one nothing."""
    for path in paths:
        if not path.endswith("/"):
            yield path
        elif not _is_passed_over(rootdir, path.rstrip("/")):
            found = list(islice(_walk(rootdir / path, _MAX_IN_FOLDER + 1), _MAX_IN_FOLDER + 1))
            yield from (path + inner for inner in found if len(found) <= _MAX_IN_FOLDER)


def _is_passed_over(rootdir: Path, path: str) -> bool:
    parts = path.split("/")
    return any(map(is_no_project, parts)) or (rootdir / path / "pyvenv.cfg").exists()


def _walk(folder: Path, most: int) -> Iterator[str]:
    deadline = time.monotonic() + _WALK_SECONDS
    for entered, (place, folders, names) in enumerate(os.walk(folder)):
        if entered > most or time.monotonic() > deadline:
            return
        folders[:] = sorted(
            name for name in folders if not is_no_project(name) and not (Path(place) / name / "pyvenv.cfg").exists()
        )
        below = os.path.relpath(place, folder)
        yield from (name if below == "." else f"{below}/{name}" for name in sorted(names))


class _Reading:
    """Hashes files until it has read enough."""

    def __init__(self, rootdir: Path, known: Container[str], before: int | None) -> None:
        self._before = before
        self._rootdir = rootdir
        self._known = known
        self._read = 0

    def hashes(self, paths: Iterable[str], most: int) -> dict[str, str]:
        found: dict[str, str] = {}
        for path in paths:
            if len(found) >= most:
                break
            if path and path not in self._known and not is_left_behind(path):
                digest = self._hash(self._rootdir / path)
                if digest:
                    found[path] = digest
        return found

    def _hash(self, path: Path) -> str:
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode) or (self._before is not None and status.st_mtime_ns > self._before):
                return ""
            if status.st_size > _LARGEST or self._read + status.st_size > _MAX_BYTES:
                return f"{status.st_size} bytes"
            self._read += status.st_size
            return file_hash(path.read_bytes())
        except (OSError, ValueError):
            return ""


def is_left_behind(path: str) -> bool:
    """Tell whether a file is one that runs and tools leave behind.

    Args:
        path: from rootdir.
    """
    *folders, name = path.split("/")
    return name.endswith(_LEFT_BEHIND) or name.startswith(_REPORTS) or any(map(is_no_project, folders))
