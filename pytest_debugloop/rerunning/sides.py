"""Source as one of two runs had it: from git where its commit is here, else put together from the record.

Who writes to a record could have any code run by it. Without trust, code comes from commits that this checkout descends
from, or from a record that only this user writes to.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.queries.proving import RecordedRun
from pytest_debugloop.queries.rerunning import FailureToRerun
from pytest_debugloop.rerunning.environment import HASH_SEED
from pytest_debugloop.sources.editing import CannotUndoError, Piece
from pytest_debugloop.sources.secrets import LONGEST_UNIT, decoded, read_data
from pytest_debugloop.sources.stored import StoredFile
from pytest_debugloop.sources.tree import file_hash
from pytest_debugloop.sources.units import units_of

_SECONDS = 20
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_HASH = re.compile(r"[0-9a-f]{40}")
_MARK = "[redacted: "


def with_files(run: RecordedRun, files: Mapping[str, str | None]) -> RecordedRun:
    """Give a run with the hashes of more files.

    Args:
        run: which one.
        files: by their paths from rootdir; None for one that was not there.
    """
    known = {name: digest for name, digest in (run.files or {}).items() if name not in files}
    return replace(run, files=known | {name: digest for name, digest in files.items() if digest is not None})


def failure_alone(failure: FailureToRerun, run: RecordedRun) -> FailureToRerun:
    """Give a failure as if it had happened in another run, in its main process.

    Where the hash seed was random it is 0, for reruns that are compared with each other are to differ in nothing.

    Args:
        failure: of a test.
        run: that it shall have happened in.
    """
    environment = run.environment
    if environment is not None and environment.get(HASH_SEED) in (None, "", "random"):
        environment = {**environment, HASH_SEED: "0"}
    return replace(
        failure,
        agent_name=failure.main_agent,
        run_id=run.run_id,
        started_at=run.started_at,
        rootdir=run.rootdir,
        command_line=run.command_line,
        python_version=run.python_version,
        platform=run.platform,
        plugins=run.plugins,
        git_commit=run.git_commit,
        files=run.files,
        distributions=run.distributions,
        environment=environment,
        random_seeds=run.random_seeds,
    )


class Side:
    """The files of one run.

    Args:
        recorded: what it was run on.
        files: what the record has of its source.
        rootdir: of the checkout here.
        redactor: takes secrets out as runs in the checkout do.
        is_trusted: whether code may be run that is in the record alone.
    """

    def __init__(
        self,
        recorded: RecordedRun,
        files: Mapping[str, StoredFile],
        rootdir: Path,
        redactor: Redactor,
        *,
        is_trusted: bool,
    ) -> None:
        self.recorded = recorded
        self._files = files
        self._rootdir = rootdir
        self._redactor = redactor
        self._is_trusted = is_trusted
        self._data: dict[str, bytes | None] = {}
        self._is_ancestor: bool | None = None

    def hash_of(self, file: str) -> str | None:
        """Give the hash of a file; None where there was none.

        Args:
            file: its path from rootdir.
        """
        return (self.recorded.files or {}).get(file)

    def data(self, file: str) -> bytes | None:
        """Give what was in a file, as git has it; None where git does not have it, or where there was none.

        Args:
            file: its path from rootdir.
        """
        if file not in self._data:
            self._data[file] = self._from_git(file, self.hash_of(file) or "")
        return self._data[file]

    def pieces(self, file: str) -> Sequence[Piece]:
        """Give the units of a source file; none where there was no such file.

        Args:
            file: its path from rootdir.

        Raises:
            CannotUndoError: they are not known, or not to be taken from the record.
        """
        if self.hash_of(file) is None:
            return ()
        data = self.data(file)
        if data is not None:
            return [Piece(unit.function, unit.text) for unit in units_of(decoded(data))[0]]
        known = self._files.get(file)
        if known is None or not known.units or known.hash != self.hash_of(file):
            raise CannotUndoError(f"the old content of {file} is neither in the record nor in git")
        if not self._is_trusted:
            raise CannotUndoError(f"the old content of {file} is only in the record; use --trust to run it")
        if any(_MARK in one.text or len(one.text) >= LONGEST_UNIT for one in known.units):
            raise CannotUndoError(f"the record does not have all of the old content of {file}")
        return self.recorded_pieces(file)

    def recorded_pieces(self, file: str) -> Sequence[Piece]:
        """Give the units of a source file to hold others against: nothing of them is run.

        Args:
            file: its path from rootdir.
        """
        known = self._files.get(file)
        return [] if known is None else [Piece(unit.function, unit.text) for unit in known.units]

    def is_same(self, file: str, data: bytes | None) -> bool:
        """Tell whether a file is what it was.

        Args:
            file: its path from rootdir.
            data: what is in it; None where there is none.
        """
        digest = self.hash_of(file)
        if data is None or digest is None:
            return data is None and digest is None
        return digest == file_hash(data) or digest == read_data(file, data, self._redactor).hash

    def _from_git(self, file: str, digest: str) -> bytes | None:
        commit = self.recorded.git_commit or ""
        if _COMMIT.fullmatch(commit) and (self._is_trusted or self._descends(commit)):
            data = git(self._rootdir, "cat-file", "blob", f"{commit}:./{file}")
            if data is not None and self.is_same(file, data):
                return data
        if self._is_trusted and _HASH.fullmatch(digest):
            data = git(self._rootdir, "cat-file", "blob", digest)
            if data is not None and file_hash(data) == digest:
                return data
        return None

    def _descends(self, commit: str) -> bool:
        if self._is_ancestor is None:
            self._is_ancestor = git(self._rootdir, "merge-base", "--is-ancestor", commit, "HEAD") is not None
        return self._is_ancestor


def git(folder: Path, *words: str, seconds: float = _SECONDS) -> bytes | None:
    """Ask git.

    Args:
        folder: in a checkout.
        *words: of the command.
        seconds: it may take.

    Returns:
        What it wrote; None where it failed.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", *words],  # noqa: S607 - the user's git
            cwd=folder,
            env=environ | {"GIT_NO_LAZY_FETCH": "1"},  # nothing is fetched for this
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
