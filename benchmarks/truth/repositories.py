"""Real projects, their fixes, and checkouts of them before and after a fix."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from benchmarks.truth.cases.case import part_of
from benchmarks.truth.recording import Checkout

BESIDE, FEWEST = 8, 4
"""Commits that come along where a pass is *ahead*; and how many are enough where there are no more."""
PYTEST = ("-q", "-o", "pythonpath=src", "-o", "addopts=")
"""How their tests are run: as from the checkout, without what a plugin that is not here would be told."""


@dataclass(frozen=True)
class Fix:
    """A commit that mends tests.

    Attributes:
        repository: ``owner/name``.
        commit: its full hash.
        tests: the files of tests that it changes.
        mended: node ids of the tests that fail without it.
    """

    repository: str
    commit: str
    tests: tuple[str, ...]
    mended: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.repository} {self.commit[:10]}"

    @property
    def part(self) -> str:
        """Which fixed half it is of."""
        return part_of(self.commit)


class Repositories:
    """Git directories of real projects, which are only read.

    Args:
        folder: that has each as ``owner+name/repo``, ``owner/name`` or ``name``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, repository: str) -> Path | None:
        """Give the git directory of a repository, None where it is not there."""
        owner, _, name = repository.partition("/")
        places = (self._folder / f"{owner}+{name}" / "repo", self._folder / owner / name, self._folder / name)
        return next((place for place in places if place.is_dir()), None)

    def clone(self, repository: str, folder: Path) -> Checkout:
        """Make a checkout that borrows the objects of a repository."""
        found = self.find(repository)
        assert found is not None, repository
        folder.mkdir(parents=True)
        checkout = Checkout(folder)
        checkout.git("clone", "-q", "--shared", "--no-checkout", str(found), ".")
        checkout.git("remote", "remove", "origin")
        return checkout

    def later(self, repository: str, commit: str) -> str | None:
        """Give the eighth first-parent commit after one, or the last; None where fewer than four came after it."""
        line = self.line(repository, commit)
        return line[:BESIDE][-1] if len(line) >= FEWEST else None

    def line(self, repository: str, commit: str) -> list[str]:
        """Give the first-parent commits that came after one, the next first."""
        return self._git(
            repository, "rev-list", "--first-parent", "--reverse", "--ancestry-path", f"{commit}..HEAD"
        ).split()

    def head(self, repository: str) -> str:
        """Give the latest commit of a repository."""
        return self._git(repository, "rev-parse", "HEAD")

    def _git(self, repository: str, *arguments: str) -> str:
        found = self.find(repository)
        assert found is not None, repository
        return Checkout(found).git(*arguments)


def read_fixes(path: Path) -> list[Fix]:
    """Read a list of fixes.

    Args:
        path: of JSON: repository to commits, each with its test files and the tests that it mends.
    """
    return [
        Fix(repository, one["commit"], tuple(one["tests"]), tuple(one["mended"]))
        for repository, commits in json.loads(path.read_text(encoding="utf-8")).items()
        for one in commits
    ]


def put_failing(fix: Fix, checkout: Checkout) -> None:
    """Have a checkout hold the parent of a fix, with the fix's tests."""
    put(checkout, f"{fix.commit}~1")
    checkout.git("checkout", "-q", fix.commit, "--", *fix.tests)


def put(checkout: Checkout, commit: str) -> None:
    """Have the checkout's branch be at a commit."""
    checkout.git("reset", "-q", "--hard")
    checkout.git("checkout", "-q", "-B", "work", commit)
