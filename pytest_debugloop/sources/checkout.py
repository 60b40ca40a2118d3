"""Whole files as a run had them, found by their hash in the folder where they still lie, or in its git."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.sources.secrets import decoded, is_as_recorded, read_data
from pytest_debugloop.sources.tree import file_hash

_SECONDS = 10
_LARGEST = 8 * 1024 * 1024
_GIT_HASH = re.compile(r"[0-9a-f]{40}")


class FoundFile(NamedTuple):
    """A file as it was.

    Attributes:
        text: what was in it; None where that cannot be had.
        is_current: whether the file is still the same in the folder; None where there is none of that name.
    """

    text: str | None
    is_current: bool | None


def find_file(
    folders: Iterable[Path], file: str, digest: str, redactor: Redactor, units: Iterable[tuple[str, str]] = ()
) -> FoundFile:
    """Find what was in a file.

    Args:
        folders: where the project may lie.
        file: its path from there.
        digest: the hash of what was in it without secrets, as git makes it.
        redactor: takes secrets out as the run's did, as far as that is known.
        units: qualified name and text of each function that was in it, without secrets, where these are known.
    """
    is_current: bool | None = None
    known = [folder for folder in dict.fromkeys(folders) if folder.is_dir()]
    for folder in known:
        data = read_whole(folder / file)
        if data is not None:
            read = read_data(file, data, redactor)
            is_current = digest in (read.hash, file_hash(data)) or is_as_recorded(read.text, units)
            if is_current:
                return FoundFile(read.text, is_current=True)
    for folder in known:
        data = _from_git(folder, digest)
        if data is not None:
            return FoundFile(decoded(data), is_current)
    return FoundFile(None, is_current)


def text_of(path: Path) -> str | None:
    """Read a file of source in the encoding that it says it has.

    Args:
        path: of the file.

    Returns:
        None where it cannot be read, is no file, or is larger than source ever is.
    """
    data = read_whole(path)
    return None if data is None else decoded(data)


def read_whole(path: Path) -> bytes | None:
    """Read a file of a project.

    Args:
        path: of the file.

    Returns:
        None where it cannot be read, is no file, or is larger than source ever is.
    """
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_bytes()
    except (OSError, ValueError):
        return None


def _from_git(folder: Path, digest: str) -> bytes | None:
    if not _GIT_HASH.fullmatch(digest):
        return None
    environ = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "cat-file", "blob", digest],  # noqa: S607 - the user's git
            cwd=folder,
            env=environ | {"GIT_NO_LAZY_FETCH": "1"},  # nothing is fetched for this
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    # A hash of another kind, as of text without secrets, is no blob's.
    return done.stdout if done.returncode == 0 and file_hash(done.stdout) == digest else None
