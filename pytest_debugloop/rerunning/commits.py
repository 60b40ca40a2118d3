"""Which commit between two made the difference: ``git bisect`` in a clone of its own, the test alone at each commit.

The clone is in a temporary folder and shares the objects of the repository, which is not written to: of a worktree it
would hold a note, which stays when this process is killed.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_debugloop.environment.project_folders import checkout_around
from pytest_debugloop.errors import RerunFailedError, RerunImpossibleError
from pytest_debugloop.rerunning.copying import moved_environment
from pytest_debugloop.rerunning.outcome import Outcome
from pytest_debugloop.rerunning.plan import Plan
from pytest_debugloop.rerunning.proving import Answer
from pytest_debugloop.rerunning.runner import Progress, rerun, workspace
from pytest_debugloop.rerunning.sides import git

_SECONDS = 600.0
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_OLD, _NEW, _SKIP = "old", "new", "skip"
_UNHOOKED = ("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit.

    Attributes:
        id: whole.
        subject: the first line of its message.
        author: their name.
        at: when it was made, ISO 8601.
    """

    id: str
    subject: str
    author: str
    at: str


@dataclass(frozen=True, slots=True)
class Step:
    """The test at one commit.

    Attributes:
        word: ``old``, ``new`` or ``skip``.
        outcome: None where it could not be run there.
        problem: why not.
    """

    commit: Commit
    word: str
    outcome: Outcome | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Bisected:
    """What a search found.

    Attributes:
        first: the first commit at which the test goes as it does at the end; None where that is not sure.
        possible: those that it may be, where commits could not be tested or the runs were used up.
        runs: how many.
    """

    first: Commit | None
    possible: tuple[Commit, ...]
    runs: int


def bisect(
    plan: Plan,
    old: str | None,
    new: str | None,
    answer: Callable[[Outcome], Answer],
    *,
    timeout: float,
    limit: int,
    is_trusted: bool,
    begins: Callable[[], Progress],
    on_step: Callable[[Step], None],
) -> Bisected:
    """Find the first commit at which a test goes otherwise.

    Args:
        plan: of the test alone.
        old: the commit of the run that came first.
        new: that of the later one.
        answer: how the test went: ``UNCHANGED`` as at the new commit, ``OTHER_SIDE`` or ``ALIKE`` as at the old one.
        timeout: seconds that a rerun may take.
        limit: reruns at most.
        is_trusted: whether to run commits that this checkout does not descend from.
        begins: called as each rerun begins; gives what is reported of its progress.
        on_step: called with each commit that was tried.

    Raises:
        RerunImpossibleError: the commits are not there, or not one after the other, or the test does not go there as
            it is recorded.
        DebugloopError: a rerun failed.
    """
    top = checkout_around(plan.rootdir)
    old, new = _checked(top, old, new, is_trusted=is_trusted)
    with workspace() as folder:
        search = _Search(plan, top or plan.rootdir, folder / "checkout", answer, timeout, begins, on_step)
        search.clone()
        search.begin(old, new)
        return search.found(limit)


def _checked(top: Path | None, old: str | None, new: str | None, *, is_trusted: bool) -> tuple[str, str]:
    if top is None:
        raise RerunImpossibleError(reason="this is not a git checkout, so there are no commits between the two runs")
    if not old or not new or not _COMMIT.fullmatch(old) or not _COMMIT.fullmatch(new):
        raise RerunImpossibleError(reason="the commit of one of the runs is unknown")
    if old == new:
        raise RerunImpossibleError(reason=f"both runs were at commit {old[:12]}: the change was not committed")
    for commit in (old, new):
        if git(top, "cat-file", "-e", f"{commit}^{{commit}}") is None:
            shallow = git(top, "rev-parse", "--is-shallow-repository") == b"true\n"
            how = "the clone is shallow, so run `git fetch --unshallow`" if shallow else "`git fetch` may help"
            raise RerunImpossibleError(reason=f"commit {commit[:12]} is not in this repository: {how}")
        if not is_trusted and git(top, "merge-base", "--is-ancestor", commit, "HEAD") is None:
            raise RerunImpossibleError(
                reason=f"this checkout does not descend from {commit[:12]}; use --trust to run it anyway"
            )
    if git(top, "merge-base", "--is-ancestor", old, new) is None:
        shallow = git(top, "rev-parse", "--is-shallow-repository") == b"true\n"
        how = ", as far as this shallow clone shows: run `git fetch --unshallow`" if shallow else ""
        raise RerunImpossibleError(reason=f"commit {new[:12]} does not descend from {old[:12]}{how}")
    return old, new


class _Search:
    def __init__(
        self,
        plan: Plan,
        top: Path,
        folder: Path,
        answer: Callable[[Outcome], Answer],
        timeout: float,
        begins: Callable[[], Progress],
        on_step: Callable[[Step], None],
    ) -> None:
        self._top = Path(os.path.realpath(top))
        self._folder = folder
        self._answer = answer
        self._timeout = timeout
        self._begins = begins
        self._tell = on_step
        self._runs = 0
        environ: dict[str, str | None] = {**os.environ, **plan.environment}
        moved = moved_environment(environ, self._top, folder)
        rootdir = folder / Path(os.path.realpath(plan.rootdir)).relative_to(self._top)
        self._plan = replace(plan, rootdir=rootdir, environment={**plan.environment, **moved})

    def clone(self) -> None:
        # Nothing of the user's templates and hooks is wanted there.
        words = (*_UNHOOKED, "clone", "--quiet", "--shared", "--no-checkout", "--template=")
        if git(self._top, *words, str(self._top), str(self._folder), seconds=_SECONDS) is None:
            raise RerunImpossibleError(reason="git cannot clone this repository into a temporary directory")

    def _git(self, *words: str) -> str:
        done = git(self._folder, *_UNHOOKED, *words, seconds=_SECONDS)
        if done is None:
            raise RerunImpossibleError(reason=f"git {words[0]} failed in a clone of this repository")
        return done.decode("utf-8", "replace")

    def begin(self, old: str, new: str) -> None:
        """Make sure that the test goes at both ends as it is recorded, and start."""
        for commit, word in ((new, _NEW), (old, _OLD)):
            step = self._at(commit)
            if step.word != word:
                ending = step.outcome.ending.value if step.outcome is not None else "cannot be run"
                raise RerunImpossibleError(
                    reason=f"at commit {commit[:12]} the test alone {ending}, unlike in the run: uncommitted changes, "
                    "or the tests before it, made the difference"
                )
        self._git("bisect", "start", "--no-checkout", f"--term-old={_OLD}", f"--term-new={_NEW}")
        self._git("bisect", _NEW, new)

    def found(self, limit: int) -> Bisected:
        old = self._git("rev-parse", "HEAD").strip()
        said = self._git("bisect", _OLD, old)
        while self._runs < limit and (commit := self._next(said)) is not None:
            said = self._marked(self._at(commit).word, commit)
        first = re.search(rf"^([0-9a-f]+) is the first {_NEW} commit", said, re.MULTILINE)
        if first:
            return Bisected(self._commit(first[1]), (), self._runs)
        left = self._git("rev-list", "--bisect-all", f"refs/bisect/{_NEW}", "--not", f"--glob=refs/bisect/{_OLD}-*")
        return Bisected(None, tuple(self._commit(line.split()[0]) for line in left.splitlines()[:20]), self._runs)

    def _next(self, said: str) -> str | None:
        if f"is the first {_NEW} commit" in said or "could be any of" in said:
            return None
        return self._git("rev-parse", "BISECT_HEAD").strip()

    def _marked(self, word: str, commit: str) -> str:
        # Where nothing but skipped commits is left, its status says so, and what it wrote is lost.
        with contextlib.suppress(RerunImpossibleError):
            return self._git("bisect", word, commit)
        return "could be any of"

    def _at(self, name: str) -> Step:
        """Run the test at a commit."""
        self._runs += 1
        self._git("checkout", "--quiet", "--force", "--detach", name)
        self._git("clean", "--quiet", "-ffdx")
        commit = self._commit("HEAD")
        outcome: Outcome | None = None
        problem = ""
        try:
            outcome = rerun(self._plan, timeout=self._timeout, progress=self._begins(), overlay={})
        except (RerunFailedError, OSError) as error:  # a commit that cannot be imported, or has no such folder
            problem = str(error)
        answer = Answer.ELSE if outcome is None else self._answer(outcome)
        word = {Answer.UNCHANGED: _NEW, Answer.OTHER_SIDE: _OLD, Answer.ALIKE: _OLD}.get(answer, _SKIP)
        step = Step(commit, word, outcome, problem)
        self._tell(step)
        return step

    def _commit(self, name: str) -> Commit:
        parts = self._git("show", "--no-patch", "--no-show-signature", "--format=%H%x00%s%x00%an%x00%cI", name)
        return Commit(*(parts.rstrip("\n").split("\0") + [""] * 4)[:4])
