"""Runs a test with some of what differs undone: by what is imported, by variables and options, or in a copy."""

from __future__ import annotations

import contextlib
import os
import tokenize
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from pytest_debugloop.environment.project_folders import checkout_around
from pytest_debugloop.rerunning.candidates import Candidate
from pytest_debugloop.rerunning.copying import Copy
from pytest_debugloop.rerunning.environment import AUTOLOAD
from pytest_debugloop.rerunning.outcome import Outcome
from pytest_debugloop.rerunning.plan import Plan
from pytest_debugloop.rerunning.runner import Progress, rerun, workspace
from pytest_debugloop.rerunning.sides import Side
from pytest_debugloop.rerunning.trust import is_outside
from pytest_debugloop.rerunning.undone_options import with_option
from pytest_debugloop.sources.checkout import read_whole
from pytest_debugloop.sources.editing import CannotUndoError, Piece, texts_of
from pytest_debugloop.sources.secrets import decoded, matches
from pytest_debugloop.sources.undoing import all_undone, changed_names, undone
from pytest_debugloop.sources.units import units_of
from pytest_debugloop.text.strategies import CODE, DATA, ENVIRONMENT, OPTION, ORDER

_LONGEST_RECORDED = 500
_PLUGIN = "plugin "


class Undoer:
    """Carries out reruns of a test, each with some of what differs undone.

    Args:
        plan: of the test alone, as things are here.
        other: of the test as it was run on the other side, with what ran before it there.
        here: the files of the run that this checkout is assumed to be.
        there: the files of the other.
        changes: variables and options that differ, by strategy and name: what they are here, and were there.
        timeout: seconds that a rerun may take.
        is_trusted: whether to take also what leads out of the checkout.
    """

    def __init__(
        self,
        plan: Plan,
        other: Plan,
        here: Side,
        there: Side,
        changes: Mapping[str, Mapping[str, tuple[Any, Any]]],
        *,
        timeout: float,
        is_trusted: bool,
    ) -> None:
        self.plan = plan
        self._other = other
        self._here = here
        self._there = there
        self._changes = changes
        self._timeout = timeout
        self._is_trusted = is_trusted
        self._top = checkout_around(plan.rootdir) or plan.rootdir
        self._stack = contextlib.ExitStack()
        self._copy: Copy | None = None

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Keep the copy of the checkout, where one is made, until the end."""
        with self._stack:
            yield

    # -- what can be undone ------------------------------------------------------------------------------------------

    def obstacle(self, candidate: Candidate) -> str | None:
        """Say why something cannot be undone, in some words; None where it can.

        Args:
            candidate: what.
        """
        try:
            if candidate.strategy in (CODE, DATA):
                self._check_file(candidate.file)
                self._check_is_current(candidate)
            self._files([candidate])
            self._plan_with([candidate])
        except CannotUndoError as error:
            return str(error)
        return None

    def whole_files(self) -> list[Candidate]:
        """List the files that differ between the runs and can be undone as a whole, whatever the test reaches."""
        then, now = self._there.recorded.files or {}, self._here.recorded.files or {}
        differing = sorted(file for file in then.keys() | now.keys() if then.get(file) != now.get(file))
        found = [Candidate(CODE if file.endswith(".py") else DATA, "", file) for file in differing]
        return [one for one in found if self.obstacle(one) is None]

    def parts_of(self, candidate: Candidate) -> list[Candidate]:
        """List what of a whole source file can be undone one by one; none where that is not all of it.

        Args:
            candidate: of a whole file.
        """
        if candidate.strategy != CODE or candidate.key:
            return []
        try:
            mine = _pieces(read_whole(self.plan.rootdir / candidate.file) or b"")
            found = [
                Candidate(CODE, key, candidate.file) for key in changed_names(mine, self._there.pieces(candidate.file))
            ]
        except CannotUndoError:
            return []
        return found if all(self.obstacle(one) is None for one in found) else []

    def _check_file(self, file: str) -> None:
        path = Path(os.path.realpath(self.plan.rootdir / file))
        if not path.is_relative_to(self._top) or is_outside(str(path.relative_to(self._top)), self._top):
            raise CannotUndoError("it is outside the checkout")
        if self._here.hash_of(file) is None and self._there.hash_of(file) is None:  # git ignores it
            raise CannotUndoError("git does not have its old content")

    def _check_is_current(self, candidate: Candidate) -> None:
        data = read_whole(self.plan.rootdir / candidate.file)
        if self._here.is_same(candidate.file, data):
            return
        if not candidate.key:
            raise CannotUndoError("it has changed since")
        pieces = [] if data is None else _pieces(data)
        known = list(self._here.recorded_pieces(candidate.file))
        units = _units_of_name(candidate.key, [*known, *pieces])
        mine, theirs = texts_of(pieces, units), texts_of(known, units)
        if not known or len(mine) != len(theirs) or not all(map(matches, mine, theirs)):
            raise CannotUndoError("it has changed since")

    # -- what a run is of --------------------------------------------------------------------------------------------

    def _files(self, candidates: Sequence[Candidate]) -> dict[str, bytes | None]:
        """Give what is in the files that are not as they are here."""
        by_file: dict[str, list[Candidate]] = defaultdict(list)
        for one in candidates:
            if one.strategy in (CODE, DATA):
                by_file[one.file].append(one)
        return {file: self._file(file, wanted) for file, wanted in by_file.items()}

    def _file(self, file: str, wanted: Sequence[Candidate]) -> bytes | None:
        if any(not one.key for one in wanted):
            if self._there.hash_of(file) is None:
                return None
            data = self._there.data(file)
            if data is not None:
                return data
            if not file.endswith(".py"):
                raise CannotUndoError("git does not have its old content")
        current = read_whole(self.plan.rootdir / file)
        pieces = self._there.pieces(file)
        text = decoded(current or b"")
        for one in wanted:
            text = undone(text, one.key, pieces) if one.key else all_undone(text, pieces)
        return _encoded(text, current or b"")

    def _plan_with(self, candidates: Sequence[Candidate]) -> Plan:
        plan = self.plan
        for one in candidates:
            if one.strategy == ENVIRONMENT:
                plan = replace(plan, environment={**plan.environment, one.key: self._variable(one.key)})
            elif one.strategy == OPTION:
                plan = self._with_option(plan, one.key)
            elif one.strategy == ORDER:
                other = self._other.in_one_process()
                plan = replace(plan, before=other.before, files=other.files)
        return plan

    def _variable(self, name: str) -> str | None:
        value: Any = self._changes.get(ENVIRONMENT, {}).get(name, (None, None))[1]
        if isinstance(value, dict) or (value is not None and ("[redacted" in value or len(value) >= _LONGEST_RECORDED)):
            raise CannotUndoError("the record does not have its value")
        if not self._is_trusted and self._other.environment.get(name, os.environ.get(name)) != value:
            raise CannotUndoError("it points elsewhere; use --trust to set it")
        return value if value is None else str(value)

    def _with_option(self, plan: Plan, option: str) -> Plan:
        mine, theirs = self._changes.get(OPTION, {}).get(option, (None, None))
        if option.startswith(_PLUGIN):
            autoload = self._other.environment.get(AUTOLOAD, os.environ.get(AUTOLOAD))
            found = replace(plan, arguments=self._other.arguments, environment={**plan.environment, AUTOLOAD: autoload})
        else:
            arguments = with_option(plan.arguments, option, mine, theirs, plan.rootdir, is_trusted=self._is_trusted)
            found = replace(plan, arguments=arguments)
        if (found.arguments, found.environment) == (plan.arguments, plan.environment):
            raise CannotUndoError("no option that a rerun keeps sets it")
        return found

    # -- running -----------------------------------------------------------------------------------------------------

    def needs_copy(self, candidates: Sequence[Candidate]) -> bool:
        """Tell whether an import cannot be made to read what is undone.

        Args:
            candidates: what is undone.
        """
        if any(one.is_of_process for one in candidates):
            return True
        files = self._files(candidates)
        return any(
            data is None or not name.endswith(".py") or not (self.plan.rootdir / name).is_file()
            for name, data in files.items()
        )

    def run(self, candidates: Sequence[Candidate], *, is_copied: bool, progress: Progress | None = None) -> Outcome:
        """Run the test with some of what differs undone.

        Args:
            candidates: what is undone; nothing for a run as things are.
            is_copied: whether in a copy of the checkout.
            progress: called with how far it is.

        Raises:
            CannotUndoError: they cannot be undone together.
            DebugloopError: the rerun failed.
            OSError: the disk does not take it.
        """
        plan, files = self._plan_with(candidates), self._files(candidates)
        if not is_copied:
            overlay = {name: data for name, data in files.items() if data is not None}
            return rerun(plan, timeout=self._timeout, progress=progress, overlay=overlay)
        if self._copy is None:
            self._copy = Copy(plan.rootdir, self._stack.enter_context(workspace()))
        self._copy.change(files)
        environ: dict[str, str | None] = {**os.environ, **plan.environment}
        plan = replace(
            plan,
            rootdir=self._copy.rootdir,
            environment={**plan.environment, **self._copy.environment(environ)},
        )
        return rerun(plan, timeout=self._timeout, progress=progress, overlay={})


def _pieces(data: bytes) -> list[Piece]:
    return [Piece(unit.function, unit.text) for unit in units_of(decoded(data))[0]]


def _units_of_name(name: str, pieces: Sequence[Piece]) -> str:
    """Give the unit that something stands in: itself, or the class or the module of an assignment."""
    functions = {one.function for one in pieces}
    if name in functions:
        return name
    owner = name.partition(", ")[0].rpartition(".")[0]
    return owner if owner in functions else "<module>"


def _encoded(text: str, before: bytes) -> bytes:
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(before).readline)
        return text.encode(encoding)
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise CannotUndoError("its encoding cannot represent the old content") from error
