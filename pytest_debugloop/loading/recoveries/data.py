"""Which files that are no Python differ between a failure and the pass that recovered it, and which a test reads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.facts import Facts, Pending, RunFacts
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.naming import (
    MAX_WANTED,
    Mentions,
    Named,
    Wanted,
    by_key,
    escaped,
    nearest_namings,
)
from pytest_debugloop.sources.keyed import EXECUTABLE, IGNORED_PYTHON, NO_DATA
from pytest_debugloop.text import strategies

_MAX_FILES = 10
_MAX_UNTIED = 10
_PYTHON = (".py", ".pyi")
# Which of them pytest reads is compared as options; what else is in them is for other tools.
_CONFIGURATION = frozenset({"pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml"})
_EXTENSIONS = (".c", ".cc", ".cpp", ".cxx", ".h", ".hpp", ".pyx", ".pxd", ".rs", ".f90", ".f", ".so", ".pyd", ".go")
_DOTENV = ("dotenv", "decouple", "environs", "environ", "dynaconf", "starlette")
_MAX_KINDS = 20
_FILE_NAME = re.compile(r"[\"']([^\"'\n]{1,200}\.\w{1,10})[\"']")
_WORD_ENDS = re.compile(r"[\s'\"=,;:()<>\[\]]+")
_WHOLE, _PART, _FOLDER = 3, 2, 1


class _File(NamedTuple):
    """A file that differs; hashes are None for one that is not there."""

    path: str
    before: str | None
    after: str | None
    situation: str = ""
    is_edited: bool = False

    @property
    def change(self) -> str:
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    def as_evidence(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"file": self.path, "change": self.change, "before": self.before, "after": self.after}
        entry |= {"edited_meanwhile": True} if self.is_edited else {}
        return entry | ({"opened": True} if self.situation == weights.DATA_OPENED else {})


def compare_data(one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts, found: Findings) -> None:
    """Add the files that differ and are no Python to what was found.

    Args:
        one: the recovery.
        failing: the run of the failure.
        passing: the run of the success.
        facts: what the database knows.
        found: is added to.
    """
    if failing.files is None or passing.files is None:
        return
    if any(NO_DATA in (run.ignored_files or {}) for run in (failing, passing)):
        found.missing.append("data")
    test = _Test.of(one, [*(failing.command_line or ()), *_values(failing.ini_options)])
    differing = facts.remembered(("data", failing.id, passing.id), lambda: _differing(failing, passing))
    if not differing:
        return
    named_anywhere = _names_in_code(differing, passing, facts) if len(differing) > MAX_WANTED else frozenset()
    differing = sorted(
        differing,
        key=lambda file: (_last(file.path) not in named_anywhere, not test.is_near(file.path), file.path),
    )
    wanted = [wanted_file(file.path) for file in differing]
    named = nearest_namings(wanted, one, failing, passing, facts)
    tied: list[_File] = []
    untied: list[_File] = []
    opened = {path for side in facts.traces(one).known for path in side.opened}
    for file in differing:
        is_opened = file.path in opened
        situation = weights.DATA_OPENED if is_opened else _situation(file.path, test, by_key(named, file.path))
        (tied if situation else untied).append(file._replace(situation=situation))
    tied.sort(key=lambda file: -weights.ODDS[file.situation])
    if tied:
        found.evidence["data"] = [file.as_evidence() for file in tied[:_MAX_FILES]]
        found.explain(strategies.DATA, *(file.situation for file in tied))
        if len(tied) > _MAX_FILES:
            found.evidence["more_data"] = len(tied) - _MAX_FILES
    if untied:
        found.is_untied = True
        found.evidence["other_data"] = [file.path for file in untied[:_MAX_UNTIED]]
        found.evidence["other_data_count"] = len(untied)


def _differing(failing: RunFacts, passing: RunFacts) -> list[_File]:
    before, after = dict(failing.files or {}), dict(passing.files or {})
    for of_failing, of_passing in (
        (failing.other_files, passing.other_files),
        (failing.ignored_files, passing.ignored_files),
    ):
        if of_failing is not None and of_passing is not None:
            before |= of_failing
            after |= of_passing
    modes = _modes(before, after)
    # What was written while a run went on may have been read before, and then differs, too.
    edited = {*(failing.edited_files or ()), *(passing.edited_files or ())}
    return modes + [
        _File(path, before.get(path), after.get(path), is_edited=path in edited)
        for path in before.keys() | after.keys()
        if (before.get(path) != after.get(path) or path in edited)
        and not path.endswith((*_PYTHON, EXECUTABLE))
        and path != NO_DATA
        and path.rpartition("/")[2] not in _CONFIGURATION
    ]


def _modes(before: Mapping[str, str], after: Mapping[str, str]) -> list[_File]:
    """Give the files of which nothing differs but whether they may be executed, where both sides tell of that."""
    if IGNORED_PYTHON not in before or IGNORED_PYTHON not in after:
        return []
    found = []
    for told in before.keys() ^ after.keys():
        path = told.removesuffix(EXECUTABLE)
        if path != told and before.get(path) == after.get(path) is not None:
            hashes = [side[path] + EXECUTABLE * (told in side) for side in (before, after)]
            found.append(_File(path, hashes[0], hashes[1]))
    return found


def _names_in_code(differing: list[_File], passing: RunFacts, facts: Facts) -> frozenset[str]:
    """Give the names of files that stand in code, where so many differ that each cannot be looked for."""
    endings = Counter(f".{_last(file.path).rpartition('.')[2]}" for file in differing if "." in _last(file.path))
    kinds = sorted(ending for ending, _ in endings.most_common(_MAX_KINDS))

    def found() -> frozenset[str]:
        rows = facts.units_with(passing, f"({escaped(kinds)})[\"']") if kinds else []
        return frozenset(_last(text) for _, source in rows for text in _FILE_NAME.findall(source))

    return facts.remembered(("file names", passing.code_version, tuple(kinds)), found)


class _Test(NamedTuple):
    """Where a test is.

    Attributes:
        folder: of its module, with a slash at its end; empty for rootdir.
        module: the file's name without its ending.
        function: its own name.
        words: what the failure says, and how pytest was called and configured.
    """

    file: str
    folder: str
    module: str
    function: str
    words: frozenset[str]

    @classmethod
    def of(cls, one: Pending, options: Iterable[str]) -> _Test:
        file, _, name = one.success_operation.partition("::")
        folder, _, last = file.rpartition("/")
        function = name.partition("[")[0].rpartition("::")[2]
        words = {_last(word) for text in (one.message, *options) for word in _WORD_ENDS.split(text)}
        return cls(file, f"{folder}/" if folder else "", last.partition(".")[0], function, frozenset(words))

    def is_near(self, path: str) -> bool:
        return path.startswith(self.folder)


def _values(options: Mapping[str, Any] | None) -> Iterator[str]:
    for value in (options or {}).values():
        yield from map(str, value if isinstance(value, list) else [value])


def _situation(path: str, test: _Test, named: Named) -> str:
    """Say what a file is to a test; nothing where it is nothing."""
    if path == test.file or _is_called_like(path, test):
        return weights.DATA_OF_TEST
    if path.rpartition("/")[2] in test.words:
        return weights.DATA_NAMED[0]
    if named.distance is not None:
        of_degree = {_WHOLE: weights.DATA_NAMED, _PART: weights.DATA_IN_PART, _FOLDER: weights.DATA_FOLDER}
        return weights.at(of_degree[named.degree], named.distance)
    if named.degree >= _PART:
        return weights.DATA_ELSEWHERE
    parts = path.split("/")[:-1]
    is_of_tests = test.folder and path.startswith(test.folder)
    return weights.DATA_NEAR if is_of_tests and not {"docs", "doc"}.intersection(parts) else ""


def _is_called_like(path: str, test: _Test) -> bool:
    """Tell a file such as ``__snapshots__/test_a.ambr``, ``cassettes/test_it.yaml`` or ``test_a/data.csv``."""
    if not path.startswith(test.folder):
        return False
    parts = path[len(test.folder) :].split("/")
    names = {*parts[:-1], parts[-1].partition(".")[0], parts[-1].partition("[")[0]}
    return bool(names & {test.module, f"{test.module}.py", test.function})


def wanted_file(path: str) -> Wanted:
    """Say how code names a file.

    Args:
        path: from rootdir.
    """
    folders, _, base = path.rpartition("/")
    folder = folders.rpartition("/")[2]
    stem, dot, ending = base.lstrip(".").partition(".")
    kind = f"{dot}{ending}" if stem != base.lstrip(".") else ""
    module = stem if base.endswith(_EXTENSIONS) else ""

    def degree(mentioned: Mentions) -> int:
        if any(_last(text) == base for text in mentioned.texts):
            return _WHOLE
        if module and any(module in imported.split(".") for imported in mentioned.imports):
            return _WHOLE
        if base.startswith(".env") and any(name.partition(".")[0] in _DOTENV for name in mentioned.imports):
            return _PART
        if len(stem) > 1 and any(_last(text) == stem for text in mentioned.texts):
            return _PART
        if any("*" in text and fnmatchcase(base, _last(text)) and text.strip("*") for text in mentioned.texts):
            return _FOLDER
        # The end of an f-string, as of f"{name}.json".
        is_kind = kind and any(text.endswith(kind) and base.endswith(_last(text)) for text in mentioned.texts)
        is_folder = folder and any(_last(text.rstrip("/")) == folder for text in mentioned.texts)
        return _FOLDER if is_kind or is_folder else 0

    words = [escaped([base])]
    if len(stem) > 1:
        words.append(f"[\"'/]{escaped([stem])}[\"'./]")
    if kind:
        words.append(f"\\*?{escaped([kind])}[\"']")
    if folder:
        words.append(f"[\"'/]{escaped([folder])}[\"'/]")
    if base.startswith(".env"):
        words += _DOTENV
    if module:
        words.append(f"import .*{escaped([module])}|{escaped([module])} +import")
    return Wanted(path, "|".join(words), degree)


def _last(text: str) -> str:
    """Give the last part of what may be a path."""
    return text.replace("\\", "/").rpartition("/")[2]
