"""Hashes of files without their secrets, of which those that have not changed since an earlier run are not read again.

Looking for secrets takes far longer than reading a file. So hashes are kept in the folder of the record, and hold as
long as the file's times, size and inode are the same, as in git's index.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tokenize
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from pytest_debugloop.capture import redact
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.private import read_file, write_atomically
from pytest_debugloop.sources.file_identity import identity_of, is_settled
from pytest_debugloop.sources.secrets import ReadFile, read_data

KEPT = "file-hashes.json"
"""File in the folder of the record."""

LARGEST_SOURCE = 2 * 1024 * 1024
"""Bytes of a file of Python that is read."""

_LARGEST_DATA = 256 * 1024
_MAX_READ = 50 * 1024 * 1024
_MOST = 100_000
_LARGEST_KEPT = 50 * 1024 * 1024
_Known = tuple[int, int, int, int, str, bool]


class FileHashes:
    """Hashes of a project's files.

    Args:
        rootdir: pytest's rootdir.
        redactor: takes secrets out.
        folder: of the record, in which hashes are kept; None keeps none.
    """

    def __init__(self, rootdir: Path, redactor: Redactor, folder: Path | None = None) -> None:
        self._rootdir = rootdir
        self._redactor = redactor
        self._path = None if folder is None else folder / KEPT
        self._rules = ""
        self._kept: dict[str, _Known] | None = None
        self._used: dict[str, _Known] = {}
        self._fresh: dict[str, ReadFile] = {}
        self._read = 0

    def of_source(self, path: str, status: os.stat_result) -> str | None:
        """Give the hash of a source file.

        Args:
            path: as the project names it.
            status: of the file.

        Returns:
            None where it is no Python that can be read.
        """
        known = self._find(path, status)
        if known is None:
            read = self.read_source(path)
            if read is None:
                return None
            self._fresh[path] = read
            known = self._keep(path, status, read)
        return known[4]

    def read_source(self, path: str) -> ReadFile | None:
        """Read a source file; what :meth:`of_source` has just read is not read again, but once.

        Args:
            path: as the project names it.

        Returns:
            None where it is no Python that can be read.
        """
        if (read := self._fresh.pop(path, None)) is not None:
            return read
        try:
            data = (self._rootdir / path).read_bytes()
            tokenize.detect_encoding(BytesIO(data).readline)
        except (OSError, SyntaxError):  # what is in no encoding that Python knows is no Python
            return None
        return read_data(path, data, self._redactor)

    def told(self, path: str, digest: str) -> str:
        """Give the hash of a file, or of its text without secrets where it holds any, whoever has loaded it.

        Args:
            path: as the project names it.
            digest: of all that is in it.
        """
        file = self._rootdir / path
        try:
            status = file.stat()
            if status.st_size > (LARGEST_SOURCE if path.endswith(".py") else _LARGEST_DATA):
                return digest
            known = self._find(path, status)
            if known is None:
                if self._read >= _MAX_READ:
                    return digest
                data = file.read_bytes()
                self._read += len(data)
                known = self._keep(path, status, read_data(path, data, self._redactor))
        except OSError:
            return digest
        return known[4] if known[5] else digest

    def told_of_all(self, files: Mapping[str, str]) -> dict[str, str]:
        """Give what :meth:`told` gives for each file, by its recorded path.

        Args:
            files: path and digest of each.
        """
        return {clean_text(path): self.told(path, digest) for path, digest in files.items()}

    def forget_sources(self) -> None:
        """Let go of the sources that were read, and not asked for."""
        self._fresh.clear()

    def save(self) -> None:
        """Keep what was found for the next run; nothing is kept where that cannot be."""
        if self._path is None or self._kept is None or self._used.items() <= self._kept.items():
            return
        # What a run of a part has not looked at holds for the next run of the whole.
        files = dict(list((self._kept | self._used).items())[-_MOST:])
        with contextlib.suppress(OSError):
            write_atomically(self._path, json.dumps({"rules": self._rules, "files": files}).encode())

    def _find(self, path: str, status: os.stat_result) -> _Known | None:
        known = self._used.get(path) or self._all_kept().get(path)
        if known is None or known[:4] != identity_of(status):
            return None
        self._used[path] = known
        return known

    def _keep(self, path: str, status: os.stat_result, read: ReadFile) -> _Known:
        identity = identity_of(status)
        known = (*identity, read.hash, read.has_secrets)
        if is_settled(identity):
            self._used[path] = known
        return known

    def _all_kept(self) -> dict[str, _Known]:
        if self._kept is None:
            self._kept = {}
            if self._path is not None:
                self._rules = _rules(self._rootdir, self._redactor)
                with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
                    with read_file(self._path) as file:
                        kept: dict[str, Any] = json.loads(file.read(_LARGEST_KEPT))
                    if kept["rules"] == self._rules:
                        self._kept = {str(path): _checked(*known) for path, known in kept["files"].items()}
        return self._kept


def _checked(mtime: int, ctime: int, size: int, inode: int, digest: str, has_secrets: Any) -> _Known:
    return int(mtime), int(ctime), int(size), int(inode), str(digest), bool(has_secrets)


def _rules(rootdir: Path, redactor: Redactor) -> str:
    """Name the project and the rules by which secrets are taken out: those of this installation, and the run's own."""
    rules: list[object] = [str(rootdir), redactor.to_plain()]
    for module in sorted([*Path(redact.__file__).parent.glob("*.py"), *Path(__file__).parent.glob("*.py")]):
        status = module.stat()
        rules.append((module.name, status.st_mtime_ns, status.st_size))
    return hashlib.sha256(json.dumps(rules).encode()).hexdigest()
