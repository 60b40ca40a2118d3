"""Which of what ran before a test makes it fail: the search of :mod:`pytest_debugloop.rerunning.bisect`, by reruns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pytest_debugloop.errors import RerunImpossibleError
from pytest_debugloop.rerunning.bisect import Found, smallest_failing
from pytest_debugloop.rerunning.outcome import Ending, Outcome
from pytest_debugloop.rerunning.plan import Before, Plan, file_of


@dataclass(frozen=True, slots=True)
class Imported:
    """A file that is collected before the target runs: to import it may be what makes the target fail.

    Attributes:
        file: relative to rootdir.
    """

    file: str


Polluter = Before | Imported


def find_polluters(
    plan: Plan, run: Callable[[Plan], Outcome], *, suspects: Iterable[str] = (), limit: int
) -> Found[Polluter]:
    """Find the smallest set of tests, and of files that are only imported, that makes a test fail.

    Args:
        plan: with all that ran before it.
        run: carries out a plan.
        suspects: the tests that the record holds responsible.
        limit: runs at most, without the confirmation.

    Raises:
        RerunImpossibleError: the test is not there any more.
        DebugloopError: a rerun failed.
    """
    files = [file for file in plan.files if file != plan.target_file]
    everything: list[Polluter] = [*(Imported(file) for file in files), *plan.before]
    names = set(suspects)
    suspected = [one for one in plan.before if one.test.name in names]
    if not suspected and plan.workers:
        suspected = [one for one in plan.before if one.worker == plan.worker]

    known = {plan.where} - {None}

    def fails(chosen: Sequence[Polluter]) -> bool:
        """With fewer polluters it may say something else: what counts is where it fails."""
        outcome = run(with_only(plan, chosen))
        if outcome.ending is Ending.NOT_FOUND:
            raise RerunImpossibleError(reason=f"{plan.target.name} no longer exists")
        if outcome.is_same:
            known.add(outcome.where)
        return (
            outcome.is_same or outcome.ending is Ending.ALIKE or (outcome.where is not None and outcome.where in known)
        )

    return smallest_failing(everything, fails, suspects=suspected, limit=limit)


def with_only(plan: Plan, chosen: Sequence[Polluter]) -> Plan:
    """Give a plan with only some of what ran and was imported before the target.

    Args:
        plan: with all of it.
        chosen: what stays; the files of tests are imported with them.
    """
    before = [one for one in chosen if isinstance(one, Before)]
    wanted = {one.file for one in chosen if isinstance(one, Imported)}
    wanted |= {file_of(one.test.name) for one in before} | {plan.target_file}
    return plan.only(before, files=[file for file in plan.files if file in wanted])
