"""How a made cause is declared: what lies there before each run, how it is run, and what is to be said of the last."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

SITE = "../env/lib/python3/site-packages"
CHANCE = "rerun|retry"
"""What may be said of a flake."""
AWAY = 'from pathlib import Path\n\nAWAY = Path(__file__).resolve().parents[1] / "away"\n'
"""Begins a test file: whether a file outside of the project is there stands for the world."""


@dataclass(frozen=True)
class Run:
    """One run of pytest, and what changes before it.

    Attributes:
        files: what is written, by its path from rootdir; None removes it.
        arguments: of pytest.
        env: variables of this run alone.
        commit: whether all changes are committed.
        python: version of the interpreter; empty: the benchmark's own.
        before: called with rootdir when the files are there.
        during: what holds while pytest runs, given rootdir.
        prefix: a command before that of the interpreter, which it starts.
    """

    files: Mapping[str, str | None] | None = None
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] | None = None
    commit: bool = False
    python: str = ""
    before: Callable[[Path], None] | None = None
    during: Callable[[Path], AbstractContextManager[object]] | None = None
    prefix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Case:
    """A small project whose test fails, and passes in the last run, for a reason that is known.

    Attributes:
        kind: what it has in common with others.
        name: of the case, in its kind.
        strategies: regular expression of the strategies that are true.
        named: regular expression of the words that are true.
        runs: the first run is of files that are committed.
        needs: modules (``pydantic_settings``), programs (``cc``) and interpreters (``python3.13``).
        test: the end of the test's node id.
    """

    kind: str
    name: str
    strategies: str
    named: str
    runs: tuple[Run, ...]
    needs: tuple[str, ...] = ()
    test: str = "test_it"

    def __str__(self) -> str:
        return f"{self.kind}: {self.name}"

    @property
    def part(self) -> str:
        """Which fixed half it is of: weights are fitted on one and reported on the other."""
        return part_of(str(self))


def part_of(name: str) -> str:
    """Give the half, ``fit`` or ``held``, that something is of, for ever.

    Args:
        name: of a case, or a commit.
    """
    return ("fit", "held")[hashlib.sha256(name.encode()).digest()[0] % 2]


def changed(
    before: Mapping[str, str], after: Mapping[str, str | None], first: Run = Run(), second: Run = Run()
) -> tuple[Run, ...]:
    """Give two runs between which files change.

    Args:
        before: the files of the first run.
        after: those that are others in the second.
        first: how the first is run.
        second: how the second is run.
    """
    return (with_files(first, before), with_files(second, after))


def with_files(run: Run, files: Mapping[str, str | None]) -> Run:
    """Give a run before which files are written.

    Args:
        run: how it is run.
        files: what is written.
    """
    return replace(run, files=files)


def flake(files: Mapping[str, str], after: Mapping[str, str | None] | None = None) -> tuple[Run, ...]:
    """Give two runs between which the world changes, and files too where they are given.

    Args:
        files: of the project; a test asks for ``AWAY``.
        after: those that are others in the second run.
    """
    return changed({**files, "../away": ""}, {**(after or {}), "../away": None})


def distribution(name: str, version: str, files: Mapping[str, str], more: str = "") -> dict[str, str]:
    """Give the files of an installed distribution.

    Args:
        name: of the distribution.
        version: of it.
        files: its modules, by their path from the folder of installed packages.
        more: lines of its metadata.
    """
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
        f"{info}/INSTALLER": "pip\n",
    }
    rows = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,"]) + "\n"
    return {f"{SITE}/{path}": text for path, text in files.items()}


def without(files: Mapping[str, str]) -> dict[str, str | None]:
    """Say that files are removed.

    Args:
        files: of which only the paths count.
    """
    return dict.fromkeys(files)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
