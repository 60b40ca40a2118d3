"""What a run was run on, as lines for its journal: the project's files, their functions, distributions, variables.

Made in the loader's process while the tests run. A file that has changed since the test process loaded it is left out:
what was run is not known then, and nothing is better than what was not.
"""

from __future__ import annotations

import hashlib
import re
import tokenize
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.records import clean_text, json_line
from pytest_debugloop.sources.beside import is_beside, tree_beside
from pytest_debugloop.sources.secrets import LONGEST_UNIT, read_data
from pytest_debugloop.sources.tree import Tree, tree_of, version_of
from pytest_debugloop.sources.units import Unit, units_of

_LARGEST = 2 * 1024 * 1024
_LARGEST_READ = 256 * 1024
_MOST_READ = 50 * 1024 * 1024
_LONGEST_VALUE = 500
# They differ between any two machines, or between any two tests.
_NEVER = frozenset({"PATH", "HOME", "USER", "LOGNAME", "PWD", "OLDPWD", "TMPDIR", "TMP", "TEMP", "HOSTNAME", "SHLVL"})
_NEVER_PREFIXES = ("PYTEST_", "DEBUGLOOP", "COV_")
_DIST_INFO = re.compile(r"([^-]+)-([^-]+)\.dist-info")


class SourceFile(NamedTuple):
    """A file as it was loaded; its hash is of its text without secrets."""

    path: str
    hash: str
    source: str
    has_secrets: bool


KnownFiles = Callable[[list[tuple[str, str]]], Mapping[tuple[str, str], Iterable[str]]]
"""From files, by path and hash, to the environment variables that are named in those that are known."""


class Survey:
    """Looks at the code that a run loads.

    Args:
        rootdir: pytest's rootdir.
        redactor: takes secrets out of source and of variables.
        environ: of the run.
    """

    def __init__(self, rootdir: Path, redactor: Redactor, environ: Mapping[str, str]) -> None:
        self._rootdir = rootdir
        self._redactor = redactor
        self._environ = environ
        self._seen: set[tuple[str, int, int]] = set()
        self._variables: set[str] = set()
        self._beside: dict[str, None] = {}
        self._read = 0

    def look_at(self, loaded: Iterable[tuple[str, int, int]], known: KnownFiles | None = None) -> list[dict[str, Any]]:
        """Look at source files.

        Args:
            loaded: path as the project names it, time of change in nanoseconds and size in bytes of each, as they were
                when the test process had loaded them.
            known: asked once which files need not be looked at again; None where there is nobody to ask.

        Returns:
            A record of the kind ``code_file`` for each that is new, still the same, and not known.
        """
        new = [one for one in dict.fromkeys(loaded) if one not in self._seen]
        files = [file for one in new if (file := self._file(*one)) is not None]
        has = known([(file.path, file.hash) for file in files]) if known is not None else {}
        self._seen.update(new)
        self._beside |= {path: None for path, _, _ in new if is_beside(path)}
        for variables in has.values():
            self._variables.update(variables)
        return [self._record(file) for file in files if (file.path, file.hash) not in has]

    def _file(self, path: str, changed: int, size: int) -> SourceFile | None:
        file = self._rootdir / path
        try:
            status = file.stat()
            if (status.st_mtime_ns, status.st_size) != (changed, size) or size > _LARGEST:
                return None
            data = file.read_bytes()
            tokenize.detect_encoding(BytesIO(data).readline)
        except (OSError, SyntaxError):  # what is in no encoding that Python knows is no Python
            return None
        read = read_data(path, data, self._redactor)
        return SourceFile(clean_text(path), read.hash, read.text, read.has_secrets)

    def _record(self, file: SourceFile) -> dict[str, Any]:
        units, variables = units_of(file.source)
        self._variables |= variables
        return {
            "kind": "code_file",
            "file": file.path,
            "hash": file.hash,
            "variables": sorted(map(clean_text, variables)),
            "units": [self._unit(unit, has_secrets=file.has_secrets) for unit in units],
        }

    def _unit(self, unit: Unit, *, has_secrets: bool) -> dict[str, Any]:
        text = self._redactor.text(unit.text, is_source=True) if has_secrets else unit.text
        text = clean_text(text)
        return {
            "function": clean_text(unit.function),
            "first": unit.first,
            "last": unit.last,
            "hash": hashlib.sha256(text.encode()).hexdigest(),
            "source": text[:LONGEST_UNIT],
            "provides": unit.provides,
            "uses": unit.uses,
        }

    def conclude(self) -> dict[str, Any]:
        """Say what holds for the whole run, once all its files were looked at.

        Returns:
            A record of the kind ``survey``.
        """
        tree = tree_of(self._rootdir)
        record: dict[str, Any] = {
            "kind": "survey",
            "distributions": installed_distributions(),
            "environment": self._read_variables(),
        }
        if tree is not None:
            beside = tree_beside(self._rootdir, self._beside)
            tree = Tree({**tree.files, **beside.files}, tree.tree, {**tree.dirty, **beside.dirty})
            files = {path: self.told_hash(path, digest) for path, digest in tree.files.items()}
            record["files"] = {clean_text(path): digest for path, digest in files.items()}
            record["code_version"] = version_of(record["files"])
            record["tree"] = tree.tree
            record["dirty"] = {clean_text(path): files.get(path, digest) for path, digest in tree.dirty.items()}
        return record

    def told_hash(self, path: str, digest: str) -> str:
        """Give the hash of a file, or of its text without secrets where it holds any, whoever has loaded it.

        Args:
            path: as the project names it.
            digest: of all that is in it.
        """
        most = _LARGEST if path.endswith(".py") else _LARGEST_READ
        try:
            if self._read >= _MOST_READ or (self._rootdir / path).stat().st_size > most:
                return digest
            data = (self._rootdir / path).read_bytes()
        except OSError:
            return digest
        self._read += len(data)
        read = read_data(path, data, self._redactor)
        return read.hash if read.has_secrets else digest

    def variables(self) -> dict[str, Any]:
        """Say which variables the code names that was looked at since :meth:`conclude`.

        Returns:
            A record of the kind ``survey``.
        """
        return {"kind": "survey", "environment": self._read_variables()}

    def _read_variables(self) -> dict[str, str | None]:
        """Give the variables that the project's code names; None for those that are not set."""
        found: dict[str, str | None] = {}
        for name in sorted(self._variables):
            if name in _NEVER or name.startswith(_NEVER_PREFIXES):
                continue
            value = self._environ.get(name)
            if value is not None:
                is_secret = self._redactor.names.is_secret(name)
                value = REDACTED if is_secret else self._redactor.text(clean_text(value))[:_LONGEST_VALUE]
            found[clean_text(name)] = value
        return found


def installed_distributions() -> dict[str, str]:
    """List the distributions that can be imported here: normalised name to version, the first found of each."""
    found: dict[str, str] = {}
    for distribution in metadata.distributions():
        try:
            name, version = _name_and_version(distribution)
        except Exception:  # noqa: S112 - one that is damaged, as an interrupted pip leaves it, is none
            continue
        if name and version:
            found.setdefault(name.lower().replace("_", "-").replace(".", "-"), str(version))
    return dict(sorted(found.items()))


def _name_and_version(distribution: metadata.Distribution) -> tuple[str, str]:
    """Read both from the name of the folder where it has them: to parse all metadata takes most of a survey's time.

    Source: https://packaging.python.org/en/latest/specifications/recording-installed-packages/
    """
    folder = getattr(distribution, "_path", None)
    if isinstance(folder, Path) and (folder / "METADATA").is_file():
        named = _DIST_INFO.fullmatch(folder.name)
        if named is not None:
            return named[1], named[2]
    return distribution.metadata["Name"], distribution.version


def lines_of(records: Iterable[dict[str, Any]]) -> bytes:
    """Write records as lines of a journal.

    Args:
        records: what :class:`Survey` gave.
    """
    return b"".join(json_line(record) for record in records)
