"""Two sides of runs compared, test by test: what is newly red, what was fixed, what is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pytest_debugloop.errors import AmbiguousError, NoBaseError, NotFoundError, NothingToCompareError
from pytest_debugloop.queries.compare import (
    ComparedRun,
    ComparedTest,
    Here,
    Named,
    SlowerTest,
    branch_of,
    compared_tests,
    last_run_here,
    named,
    runs_of_side,
    slower_tests,
)
from pytest_debugloop.queries.filters import EVERYTHING, Filters
from pytest_debugloop.queries.question import Steps, fetch, first
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, short

KINDS = ("run", "session", "branch", "change", "commit")
"""What a side may be; a name can begin with one, as in ``branch:main``."""

FAILURES = ("new_failure", "fails_otherwise", "still_failing", "known_flake")
"""The changes of tests that fail."""


@dataclass(frozen=True, slots=True)
class RunsOfSide:
    """One side of a comparison.

    Attributes:
        kind: ``run``, ``session``, ``branch``, ``change`` or ``commit``; ``line`` for what was run before in the same
            place.
        name: of it.
        runs: the last of each leg; empty where there are none.
    """

    kind: str
    name: str
    runs: list[ComparedRun]

    @property
    def began_at(self) -> datetime | None:
        """When the first of its runs began."""
        return min((run.started_at for run in self.runs), default=None)


@dataclass(frozen=True, slots=True)
class RunsCompared:
    """Two sides, test by test.

    Attributes:
        head: the side that is asked about.
        base: what it is compared with; without runs where the record has none.
        same: how many tests end on both sides as the other does, and do not fail.
        tests: those that fail, and those that the sides tell apart.
        slower: tests whose call took longer.
        is_part: whether only some tests were asked about.
        notes: sentences on what the comparison does not see.
    """

    head: RunsOfSide
    base: RunsOfSide
    same: int
    tests: list[ComparedTest]
    slower: list[SlowerTest]
    notes: list[str]
    is_part: bool = False

    @property
    def has_legs(self) -> bool:
        """Whether the side that is asked about ran in several legs."""
        return len({run.leg for run in self.head.runs}) > 1

    def of(self, *changes: str) -> list[ComparedTest]:
        """Give the tests with certain changes.

        Args:
            *changes: see :class:`~pytest_debugloop.queries.compare.ComparedTest`.
        """
        return [test for test in self.tests if test.change in changes]


def compare_runs(
    head: str | None,
    base: str | None,
    project: str | None,
    here: Here,
    *,
    needs_base: bool = True,
    filters: Filters = EVERYTHING,
) -> Steps[RunsCompared]:
    """Compare two sides of runs.

    Args:
        head: a run, a session, a branch, a change or a commit; None for the last run that was made here.
        base: what it is compared with; None for the branch that it is to be merged into, or on that branch what was
            run before.
        project: only of this one; None for all.
        here: where the command was typed.
        needs_base: whether a base without runs is an error.
        filters: only such runs, on both sides, and only such tests.

    Raises:
        NotFoundError: nothing is called so.
        AmbiguousError: several are.
        NothingToCompareError: the first side has no runs.
        NoBaseError: the base has none.
    """
    if head is None:
        first_side = yield from _last_here(project, here, filters)
    else:
        first_side = yield from _side(head, project, filters)
    if not first_side.runs:
        raise _nothing_to_compare(title_of(first_side), filters)
    if base is None:
        second = yield from _base_of(first_side, project, here, filters)
    else:
        second = yield from _side(base, project, filters)
    if needs_base and not second.runs:
        raise NoBaseError(head=title_of(first_side), base=_runs_as_words(second))
    before = first_side.began_at if second.kind == "line" or _is_same(first_side, second) else None
    head_ids, base_ids = ([run.id for run in side.runs] for side in (first_side, second))
    branch = second.name if second.kind == "branch" else _branch(second.runs) if second.kind == "line" else None
    found = yield from fetch(compared_tests(head_ids, base_ids, branch, before, filters))
    slower = yield from fetch(slower_tests(head_ids, base_ids, filters=filters))
    return RunsCompared(
        head=first_side,
        base=second,
        same=sum(row.tests for row in found if row.change == "same"),
        tests=[row for row in found if row.change != "same"],
        slower=slower,
        notes=list(_notes(first_side, second)),
        is_part=filters.task_ids is not None,
    )


def _last_here(project: str | None, here: Here, filters: Filters) -> Steps[RunsOfSide]:
    run = yield from first(last_run_here(project, here, filters))
    if run is None:
        where = "this CI run" if here.session_id else "this checkout"
        raise _nothing_to_compare(where, filters)
    if here.session_id and run.leg != here.leg and not filters.leg:  # a job after those that ran the tests
        runs = yield from fetch(runs_of_side("session", here.session_id, project, filters=filters))
        return RunsOfSide("session", here.session_id, runs)
    runs = yield from fetch(runs_of_side("last", str(run.id), project, filters=filters))
    return RunsOfSide("run", str(run.id), runs)


def _nothing_to_compare(head: str, filters: Filters) -> NothingToCompareError:
    return NothingToCompareError(head=head, narrowed=" that the options let through" if filters.of_runs else "")


def _side(text: str, project: str | None, filters: Filters) -> Steps[RunsOfSide]:
    kind, _, rest = text.partition(":")
    chosen = kind if kind in KINDS and rest else None
    found = yield from fetch(named(rest if chosen else text, project, chosen))
    best = [one for one in found if one.kind == found[0].kind]
    if not best:
        hint = f"name a {', '.join(KINDS[:-1])} or {KINDS[-1]}"
        raise NotFoundError(text=printable(text), hint=hint)
    if len(best) > 1:
        raise AmbiguousError(text=printable(text), count=len(best), candidates=_candidates(best))
    runs = yield from fetch(runs_of_side(best[0].kind, best[0].key, project, filters=filters))
    return RunsOfSide(best[0].kind, best[0].key, runs)


def _candidates(found: Sequence[Named]) -> str:
    return ", ".join(f"{one.kind}:{printable(one.key)}" for one in found[:5])


def _base_of(head: RunsOfSide, project: str | None, here: Here, filters: Filters) -> Steps[RunsOfSide]:
    """Choose what a side is compared with where nobody has named it."""
    last = head.runs[-1]
    target = next((run.target_branch for run in reversed(head.runs) if run.target_branch), None)
    if target is None:
        said = [run.default_branch for run in reversed(head.runs) if run.default_branch]
        found = yield from first(branch_of([*said, *here.branches], project))
        target = found.name if found else None
    if target is None or (target == last.git_branch and not last.change_id):
        runs = yield from fetch(runs_of_side("line", str(last.id), project, before=head.began_at, filters=filters))
        return RunsOfSide("line", last.git_branch or "", runs)
    runs = yield from fetch(runs_of_side("branch", target, project, filters=filters))
    return RunsOfSide("branch", target, runs)


def _is_same(head: RunsOfSide, base: RunsOfSide) -> bool:
    return base.kind == "branch" and base.name == _branch(head.runs)


def _branch(runs: Sequence[ComparedRun]) -> str | None:
    return next((run.git_branch for run in reversed(runs) if run.git_branch), None)


def _notes(head: RunsOfSide, base: RunsOfSide) -> Iterator[str]:
    for side in (head, base):
        for run in side.runs:
            if run.status in ("died", "interrupted", "running"):
                word = {"died": "died", "interrupted": "was interrupted", "running": "is still running"}[run.status]
                yield f"run {short(run.id)} {word}: what it did not get to is not compared"
            elif run.exit_status is None or run.exit_status not in (0, 1, 5):
                yield f"run {short(run.id)} broke off: what it did not get to is not compared"
    if not base.runs:
        yield f"the record has no {_runs_as_words(base)}: whatever fails counts as new"
    legs = [sorted({run.leg for run in side.runs}) for side in (head, base)]
    if base.runs and (missing := [leg for leg in legs[0] if leg not in legs[1]]):
        names = ", ".join(printable(leg) if leg else "without a name" for leg in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        yield f"the base has no run of leg {names}{more}: there, its other legs are compared"


def title_of(side: RunsOfSide) -> str:
    """Name a side in a sentence.

    Args:
        side: of a comparison.
    """
    if side.kind in ("run", "session"):
        return f"{side.kind} {side.name[-8:]}"
    if side.kind == "line":
        return _runs_as_words(side)
    shown = side.name[:10] if side.kind == "commit" else printable(side.name)
    return f"{side.kind} {shown}"


def _runs_as_words(side: RunsOfSide) -> str:
    if side.kind == "line":
        return f"earlier runs on {printable(side.name)}" if side.name else "earlier runs here"
    return f"runs of {title_of(side)}"


def runs_of(side: RunsOfSide, *, is_named: bool = False) -> str:
    """Say which runs a side is.

    Args:
        side: of a comparison.
        is_named: whether to name a single run that is named as the side anyway.
    """
    if not side.runs:
        return "no runs"
    last = max(side.runs, key=lambda run: run.started_at)
    many = f"{counted(len(side.runs), 'run')}, last" if len(side.runs) > 1 else "run"
    name = (
        "" if side.kind == "run" and len(side.runs) == 1 and not is_named else f"{many} {short(last.id)}"
    )  # which the title says
    commit = f"on {last.git_commit[:10]}" if last.git_commit else ""
    return ", ".join(filter(None, [" ".join(filter(None, [name, commit])), ago(last.started_at)]))
