"""What came of a rerun, read from the journals that it wrote."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from pytest_debugloop.journal.records import CRASHES
from pytest_debugloop.journal.shared_names import JOURNAL_SUFFIX
from pytest_debugloop.private import JOURNALS
from pytest_debugloop.rerunning.plan import Plan
from pytest_debugloop.rerunning.planned import Where
from pytest_debugloop.rerunning.script import Report

RECORD = "record"
"""Folder, below that of a rerun, in which it records itself."""

_LONGEST_MESSAGE = 500
_FAILED = ("failed", "rerun")
_SETUP = re.compile(rb'\{"kind":"step","rev":\d+,"n":(\d+),"phase":"setup"')
_SNAPSHOT = b'{"kind":"snapshot"'


class Ending(Enum):
    """How the target of a rerun ended."""

    SAME = "failed the same way"
    ALIKE = "failed at the same place, with another message"
    OTHER = "failed in another way"
    PASSED = "passed"
    SKIPPED = "was skipped"
    CRASHED = "crashed its process"
    TIMED_OUT = "timed out"
    NOT_FOUND = "no longer exists"
    NOT_REACHED = "was not reached"


_TRIED = frozenset({Ending.SAME, Ending.ALIKE, Ending.OTHER, Ending.PASSED, Ending.CRASHED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one rerun.

    Attributes:
        ending: of the target.
        fingerprint: of the failure, None where it did not fail.
        error: the class name of its exception, or its kind.
        message: the first of what the exception says.
        phase: of the test in which it failed.
        seconds: that the whole process took.
        where: it failed, None where it did not or where that is not known.
        missing: planned tests that were not collected.
        notes: one sentence for each thing that was not as planned.
    """

    ending: Ending
    fingerprint: str | None
    error: str | None
    message: str | None
    phase: str | None
    seconds: float
    where: Where | None = None
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_tried(self) -> bool:
        """Whether the target was run to its end, so that it says something of how often it fails."""
        return self.ending in _TRIED

    @property
    def is_same(self) -> bool:
        """Whether the target failed as it did in the record."""
        return self.ending is Ending.SAME


def read_outcome(plan: Plan, folder: Path, seconds: float, *, timed_out: bool, status: int) -> Outcome | None:
    """Say what came of a rerun.

    Args:
        plan: that was carried out.
        folder: of its journals and reports.
        seconds: it took.
        timed_out: whether its time was up.
        status: the exit status of its process, negative for a signal.

    Returns:
        None where no process got as far as choosing tests.
    """
    report = Report.read(folder, plan.worker)
    lines = list(read_lines(folder))
    target = plan.target.name if plan.is_collection or report is None else report.target
    facts: dict[str, Any] = {
        "seconds": seconds,
        "missing": tuple(report.missing) if report is not None else (),
        "notes": tuple(f"{option} is not an option here and was left out" for option in report.unknown_options)
        if report is not None
        else (),
    }
    errors = [] if target is None else errors_of(lines, target)
    if errors:
        return _failed(plan, errors, facts)
    outcomes = {str(step["phase"]): step.get("outcome") for step in _steps(lines) if step.get("node_id") == target}
    ending = _ending(plan, report, outcomes, timed_out=timed_out, status=status)
    if ending is None:
        return None
    return Outcome(ending, fingerprint=None, error=None, message=None, phase=None, **facts)


def _failed(plan: Plan, errors: list[dict[str, Any]], facts: dict[str, Any]) -> Outcome:
    places = [Where.of(error["metadata"].get("exception"), error["metadata"].get("code")) for error in errors]
    same = [index for index, error in enumerate(errors) if _is_same(plan, error)]
    alike = [index for index, where in enumerate(places) if where is not None and where == plan.where]
    chosen = (same or alike or [0])[0]
    error, metadata = errors[chosen], errors[chosen]["metadata"]
    ending = Ending.CRASHED if error["type"] in CRASHES else Ending.OTHER
    return Outcome(
        ending=Ending.SAME if same else Ending.ALIKE if alike else ending,
        fingerprint=metadata.get("fingerprint"),
        error=str(error["code"]),
        message=str(error["message"])[:_LONGEST_MESSAGE],
        phase=metadata.get("phase"),
        where=places[chosen],
        **facts,
    )


def _is_same(plan: Plan, error: dict[str, Any]) -> bool:
    if plan.error_type in CRASHES or error["type"] in CRASHES:  # the text of a worker's names the worker
        return plan.error_type in CRASHES and error["type"] in CRASHES
    return plan.fingerprint is not None and error["metadata"].get("fingerprint") == plan.fingerprint


def _ending(
    plan: Plan, report: Report | None, outcomes: dict[str, Any], *, timed_out: bool, status: int
) -> Ending | None:
    if timed_out:
        return Ending.TIMED_OUT
    if not plan.is_collection and report is not None and report.target is None:
        return Ending.NOT_FOUND
    if None in outcomes.values() or (status < 0 and "teardown" not in outcomes):
        if outcomes and status in (2, -2):
            return Ending.NOT_REACHED  # interrupted
        return Ending.SAME if plan.error_type in CRASHES and outcomes else Ending.CRASHED
    if "collect" in outcomes or "call" in outcomes or "setup" in outcomes:
        words = set(outcomes.values())
        return Ending.SKIPPED if words & {"skipped", "xfailed"} else Ending.PASSED
    return Ending.NOT_REACHED if report is not None else None


def read_lines(folder: Path) -> Iterator[dict[str, Any]]:
    """Read the journals of a rerun, but for the states: they are large, and nothing is asked of them.

    Args:
        folder: of the rerun.

    Yields:
        Each line, with the name of its ``journal``.
    """
    for path in sorted((folder / RECORD / JOURNALS).glob(f"*/*{JOURNAL_SUFFIX}")):
        with path.open("rb") as file:
            for line in file:
                if line.startswith(_SNAPSHOT):
                    continue
                with contextlib.suppress(ValueError):  # torn when the process was killed
                    yield {**json.loads(line), "journal": path.stem}


def _steps(lines: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Give the steps of first attempts as their last lines have them."""
    last: dict[tuple[str, int], dict[str, Any]] = {}
    for line in lines:
        if line.get("kind") != "step" or line.get("attempt") != 1 or line.get("phase") == "subtest":
            continue
        key = str(line["journal"]), int(line["n"])
        if key not in last or line["rev"] >= last[key]["rev"]:
            last[key] = line
    yield from last.values()


def errors_of(lines: list[dict[str, Any]], node_id: str, *, first_attempts: bool = True) -> list[dict[str, Any]]:
    """Give the errors of a test, but for those of steps of which pytest said later that they had not failed.

    Args:
        lines: of the journals.
        node_id: of the test, as the journals have it.
        first_attempts: whether to leave out those of attempts after the first.
    """
    outcomes: dict[tuple[str, int], tuple[int, Any]] = {}
    for line in lines:
        if line.get("kind") == "step":
            key = str(line["journal"]), int(line["n"])
            outcomes[key] = max(outcomes.get(key, (-1, None)), (line["rev"], line.get("outcome")), key=lambda it: it[0])
    found = []
    for line in lines:
        if line.get("kind") != "error" or line.get("node_id") != node_id:
            continue
        if first_attempts and line["metadata"].get("attempt", 1) > 1:
            continue
        step = line.get("step")
        outcome = outcomes.get((str(line["journal"]), int(step[0])), (0, None))[1] if step else None
        if outcome is None or outcome in _FAILED:
            found.append(line)
    return found


def begun_tests(folder: Path) -> int:
    """Count the tests that a rerun has begun so far.

    Args:
        folder: of its journals.
    """
    count = 0
    for path in (folder / RECORD / JOURNALS).glob(f"*/*{JOURNAL_SUFFIX}"):
        with contextlib.suppress(OSError), path.open("rb") as file:
            # Of a step there is a line or two, each with its number: of a test without fixtures, only its setup's end.
            begun = (match[1] for line in file if (match := _SETUP.match(line)))
            count += len(set(begun))
    return count
