"""What a run was run on, as lines for its journal: the project's files, their functions, distributions, variables.

Made in the loader's process while the tests run. A file that has changed since the test process loaded it is left out:
what was run is not known then, and nothing is better than what was not.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pytest_debugloop.capture.redact import REDACTED, Redactor
from pytest_debugloop.environment.ini import find_ini
from pytest_debugloop.journal.records import clean_text, json_line
from pytest_debugloop.sources.beside import is_beside, tree_beside
from pytest_debugloop.sources.data_files import data_files
from pytest_debugloop.sources.file_hashes import LARGEST_SOURCE, FileHashes
from pytest_debugloop.sources.installed import installed
from pytest_debugloop.sources.keyed import EXECUTABLE, IGNORED_PYTHON, NO_DATA, keyed, keyed_hash
from pytest_debugloop.sources.secrets import LONGEST_UNIT
from pytest_debugloop.sources.tree import Tree, hash_of, tree_of, version_of
from pytest_debugloop.sources.units import Unit, is_test_file, units_of

_LONGEST_VALUE = 500
_MAX_EDITED = 200
_MAX_SCRIPTS = 200
_MAX_EXECUTABLE = 500
_LARGEST_SCRIPT = 256 * 1024
_DEEPEST = 6
# They differ between any two shells or machines, or between any two tests.
_NEVER = frozenset({"PWD", "OLDPWD", "HOSTNAME", "SHLVL", "_"})
# Of them it is known whether they differ, and no value: it tells of a person, or a machine.
_NO_VALUE = frozenset({"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP"})
_NEVER_PREFIXES = ("PYTEST_", "DEBUGLOOP", "COV_")


class SourceFile(NamedTuple):
    """A file as it was loaded.

    Attributes:
        path: as it is recorded.
        name: as the project names it.
        hash: of its text without secrets.
    """

    path: str
    name: str
    hash: str


KnownFiles = Callable[[list[tuple[str, str]]], Mapping[tuple[str, str], Iterable[str]]]
"""From files, by path and hash, to the environment variables that are named in those that are known."""


class Survey:
    """Looks at the code that a run loads.

    Args:
        rootdir: pytest's rootdir.
        redactor: takes secrets out of source and of variables.
        environ: of the run.
        folder: of the record, where what is known of files is kept for the next run; None keeps nothing.

    Attributes:
        began: when the run began, in nanoseconds since 1970; None where that is not known.
    """

    def __init__(
        self, rootdir: Path, redactor: Redactor, environ: Mapping[str, str], folder: Path | None = None
    ) -> None:
        self._rootdir = rootdir
        self._redactor = redactor
        self._environ = environ
        self._folder = folder
        self._hashes = FileHashes(rootdir, redactor, folder)
        self._seen: set[tuple[str, int, int]] = set()
        self._variables: set[str] = set()
        self._beside: dict[str, None] = {}
        self._ignored: dict[str, str] | None = None
        self._executable: list[str] = []
        self._has_data = True
        self._extensions: dict[str, str] = {}
        self._files: Collection[str] = ()
        self._dirty: Collection[str] = ()
        self._installations: dict[Path, bool] = {}
        self.began: int | None = None

    def read_files(
        self, loaded: Iterable[tuple[str, int, int]], known: KnownFiles | None = None
    ) -> list[dict[str, Any]]:
        """Look at source files.

        Args:
            loaded: path as the project names it, time of change in nanoseconds and size in bytes of each, as they were
                when the test process had loaded them.
            known: asked once which files need not be looked at again; None where there is nobody to ask.

        Returns:
            A record of the kind ``code_file`` for each that is new, still the same, and not known.
        """
        new = [one for one in dict.fromkeys(loaded) if one not in self._seen and not self._is_installed(one[0])]
        files = [file for one in new if (file := self._file(*one)) is not None]
        has = known([(file.path, file.hash) for file in files]) if known is not None else {}
        self._seen.update(new)
        self._beside |= {path: None for path, _, _ in new if is_beside(path)}
        for variables in has.values():
            self._variables.update(variables)
        unknown = [file for file in files if (file.path, file.hash) not in has]
        records = [record for file in unknown if (record := self._record(file)) is not None]
        self._hashes.forget_sources()
        return records

    def _is_installed(self, path: str) -> bool:
        """Tell whether a file beside the project is of a distribution, which has its own hash."""
        if not is_beside(path):
            return False
        folders = list((self._rootdir / path).parents)[:_DEEPEST]
        for folder in folders:
            if folder not in self._installations:
                self._installations[folder] = any(folder.glob("*.dist-info"))
        return any(self._installations[folder] for folder in folders)

    def not_loaded(self) -> list[tuple[str, int, int]]:
        """List files of Python that no test process has loaded: one that a test starts may run them.

        Returns:
            Path, time of change and size of each, as :meth:`read_files` takes them; those that git has otherwise first.
        """
        loaded = {path for path, _, _ in self._seen}
        differing = [path for path in self._files if path in self._dirty]
        found = []
        for path in dict.fromkeys([*differing, *self._files]):
            if path.endswith(".py") and path not in loaded and not is_test_file(path):
                with contextlib.suppress(OSError):
                    status = (self._rootdir / path).stat()
                    if status.st_size <= _LARGEST_SCRIPT:
                        found.append((path, status.st_mtime_ns, status.st_size))
            if len(found) == _MAX_SCRIPTS:
                break
        return found

    def _file(self, path: str, changed: int, size: int) -> SourceFile | None:
        file = self._rootdir / path
        try:
            status = file.stat()
            if (status.st_mtime_ns, status.st_size) != (changed, size):
                return None
            if not path.endswith(".py"):
                self._extensions[clean_text(path)] = hash_of(file)
            if not path.endswith(".py") or size > LARGEST_SOURCE:
                return None
        except OSError:
            return None
        digest = self._hashes.of_source(path, status)
        return None if digest is None else SourceFile(clean_text(path), path, digest)

    def _record(self, file: SourceFile) -> dict[str, Any] | None:
        read = self._hashes.read_source(file.name)
        if read is None or read.hash != file.hash:  # written meanwhile
            return None
        units, variables = units_of(read.text)
        self._variables |= variables
        return {
            "kind": "code_file",
            "file": file.path,
            "hash": file.hash,
            "variables": sorted(map(clean_text, variables)),
            "units": [self._unit(unit, has_secrets=read.has_secrets) for unit in units],
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
        found = installed(self._folder)
        record: dict[str, Any] = {
            "kind": "survey",
            "distributions": {name: one.version for name, one in found.items()},
            "installed": {name: list(one) for name, one in found.items()},
            "environment": self._read_variables(),
            "ini_options": self._ini_options(),
        }
        record["installation"] = hashlib.sha256(json_line(record["installed"])).hexdigest()
        tree = tree_of(self._rootdir)
        if tree is not None:
            beside = tree_beside(self._rootdir, self._beside)
            self._executable = sorted(tree.executable)[:_MAX_EXECUTABLE]
            self._has_data = not tree.is_cut
            tree = Tree({**tree.files, **beside.files}, tree.tree, {**tree.dirty, **beside.dirty})
            self._files, self._dirty = tree.files, tree.dirty
            record["files"] = files = self._hashes.told_of_all(tree.files)
            record["code_version"] = version_of(files)
            record["tree"] = tree.tree
            record["dirty"] = {(p := clean_text(path)): files.get(p, digest) for path, digest in tree.dirty.items()}
            record["edited"] = sorted(map(clean_text, self._edited(tree)))[:_MAX_EDITED]
            data = data_files(self._rootdir, tree.files, self.began)
            record["other_files"] = self._hashes.told_of_all(data.shown)
            record["other_version"] = version_of(record["other_files"])
            self._ignored = self._hashes.told_of_all(data.ignored)
        self._hashes.save()
        return record

    def _edited(self, tree: Tree) -> Iterator[str]:
        """Name the files that were written since the run began: what they were when it loaded them is not known."""
        for path in tree.dirty if tree.tree else tree.files:
            with contextlib.suppress(OSError, ValueError):
                if self.began is not None and (self._rootdir / path).stat().st_mtime_ns > self.began:
                    yield path

    def keyed(self, key: bytes) -> dict[str, Any]:
        """Say that of which only a keyed hash is known: it holds no more of a value than whether it is the same.

        Args:
            key: of the record that it is for.

        Returns:
            A record of the kind ``survey``: ``variables``, all that were set, None for a secret; and, once
            :meth:`conclude` was called, ``ignored_files``.
        """
        record: dict[str, Any] = {"kind": "survey", "variables": {}}
        for name, value in self._environ.items():
            if not _is_never(name):
                text = clean_text(value)
                is_secret = self._redactor.names.is_secret(name) or self._redactor.text(text) != text
                record["variables"][clean_text(name)] = None if is_secret else keyed(key, "variable", name, text)
        if self._ignored is not None:
            files = self._ignored | self._extensions | {IGNORED_PYTHON: ""}
            files |= {f"{clean_text(path)}{EXECUTABLE}": "" for path in self._executable}
            files |= {} if self._has_data else {NO_DATA: ""}
            record["ignored_files"] = {path: keyed_hash(key, path, digest) for path, digest in files.items()}
        return record

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
            if _is_never(name) or name in _NO_VALUE:
                continue
            value = self._environ.get(name)
            if value is not None:
                is_secret = self._redactor.names.is_secret(name)
                value = REDACTED if is_secret else self._redactor.text(clean_text(value))[:_LONGEST_VALUE]
            found[clean_text(name)] = value
        return found

    def _ini_options(self) -> dict[str, str | list[str]]:
        """Give pytest's options of its ini file, without secrets."""
        found: dict[str, str | list[str]] = {}
        for name, value in find_ini(self._rootdir)[1].items():
            texts = [self._shown(name, part) for part in (value if isinstance(value, list) else [value])]
            found[clean_text(name)] = texts if isinstance(value, list) else texts[0]
        return found

    def _shown(self, name: str, value: object) -> str:
        is_secret = self._redactor.names.is_secret(name)
        return REDACTED if is_secret else self._redactor.text(clean_text(str(value)))[:_LONGEST_VALUE]


def _is_never(name: str) -> bool:
    return name in _NEVER or name.startswith(_NEVER_PREFIXES)


def lines_of(records: Iterable[dict[str, Any]]) -> bytes:
    """Write records as lines of a journal.

    Args:
        records: what :class:`Survey` gave.
    """
    return b"".join(json_line(record) for record in records)
