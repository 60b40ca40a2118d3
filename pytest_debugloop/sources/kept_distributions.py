"""What is known of installed distributions from the last run, in the folder of the record.

To read what was installed with each takes a run of few tests a tenth of its time. What is kept of a distribution holds
as long as its metadata are the same files, and none of its code is newer than they.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pytest_debugloop.private import read_file, write_atomically
from pytest_debugloop.sources.file_identity import Identity, identity_of, is_settled

KEPT = "distributions.json"
"""File in the folder of the record."""

# Another number makes what older versions have kept void: count it up with each change of what `installed` tells.
_FORMAT = 1
_LARGEST = 16 * 1024 * 1024
_MOST = 5_000
_METADATA = ("RECORD", "METADATA", "entry_points.txt")
_Identities: TypeAlias = tuple[Identity | None, ...]


class KeptDistribution(NamedTuple):
    """What is kept of a distribution.

    Attributes:
        name: normalised.
        version: of it.
        digest: of its files.
        modules: by which it is imported.
        requires: what it needs.
        code: files of it that are looked at, relative to where it is installed.
    """

    name: str
    version: str
    digest: str
    modules: tuple[str, ...]
    requires: tuple[str, ...]
    code: tuple[str, ...]


class KeptDistributions:
    """What is known of distributions, by the folders of their metadata.

    Args:
        folder: of the record; None keeps nothing.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._path = None if folder is None else folder / KEPT
        self._before: dict[str, Any] = {}
        self._now: dict[str, Any] = {}
        if self._path is not None:
            with contextlib.suppress(OSError, ValueError, LookupError, TypeError, RecursionError):
                with read_file(self._path) as file:
                    kept = json.loads(file.read(_LARGEST))
                if kept["format"] == _FORMAT:
                    self._before = dict(kept["distributions"])

    def find(self, folder: Path) -> KeptDistribution | None:
        """Give what is known of a distribution, if it is still the same.

        Args:
            folder: of its metadata.
        """
        key = os.fspath(folder)
        with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError):
            identity, interpreter, name, version, digest, *lists = self._before[key]
            modules, requires, code = (tuple(map(str, one)) for one in lists)
            found = _identities(key)
            if (
                [one and list(one) for one in found] == identity
                and interpreter == sys.implementation.cache_tag  # its code may be another's
                and _is_older(key, code, found)
            ):
                return KeptDistribution(str(name), str(version), str(digest), modules, requires, code)
        return None

    def keep(self, folder: Path, distribution: KeptDistribution) -> None:
        """Keep what was found of a distribution.

        Args:
            folder: of its metadata.
            distribution: what is known of it.
        """
        if self._path is None:
            return
        key = os.fspath(folder)
        found = _identities(key)
        if all(map(is_settled, filter(None, found))) and _is_older(key, distribution.code, found):
            self._now[key] = [found, sys.implementation.cache_tag, *distribution]

    def save(self) -> None:
        """Keep what was found for the next run; nothing is kept where that cannot be."""
        if self._path is not None and self._now:
            # Another environment that is used in turn with this one has its own.
            kept = dict(list((self._before | self._now).items())[-_MOST:])
            data = json.dumps({"format": _FORMAT, "distributions": kept}, separators=(",", ":")).encode()
            with contextlib.suppress(OSError):
                write_atomically(self._path, data)


def _identities(folder: str) -> _Identities:
    return tuple(_identity_of(f"{folder}/{name}") for name in _METADATA)


def _identity_of(path: str) -> Identity | None:
    try:
        return identity_of(os.stat(path))  # noqa: PTH116 - half the time
    except OSError:
        return None


def _is_older(folder: str, code: tuple[str, ...], metadata: _Identities) -> bool:
    """Tell whether a distribution has a record, and all of its code is older."""
    record = metadata[0]
    if record is None:
        return False
    parent = os.path.dirname(folder)  # noqa: PTH120 - a path for each takes longer
    try:
        return all(os.stat(f"{parent}/{path}").st_mtime_ns <= record[0] for path in code)  # noqa: PTH116
    except OSError:  # one is gone
        return False
