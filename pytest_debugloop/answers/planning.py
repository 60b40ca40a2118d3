"""Plans reruns of what the record has: of one failure, or of a failure and a pass that are compared with each other."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_debugloop.answers.checkout import checkout_settings, redactor_of_checkout
from pytest_debugloop.answers.connection import open_record
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.proving import Case, case_of, files_of
from pytest_debugloop.answers.record import Record
from pytest_debugloop.answers.rerunning import rerun_facts
from pytest_debugloop.database.origin import is_ours
from pytest_debugloop.environment.folders import checkout_id
from pytest_debugloop.loading.recoveries.asked import difference
from pytest_debugloop.queries.rerunning import FailureToRerun, RecordedStep, steps_until
from pytest_debugloop.rerunning.plan import Plan, plan_rerun
from pytest_debugloop.rerunning.sides import Side, failure_alone, with_files
from pytest_debugloop.snapshots.evidence import recorded_evidence
from pytest_debugloop.sources.stored import StoredFile
from pytest_debugloop.text.strategies import CHANGED_CODE

_MAX_FILES = 300


def planned_rerun(
    location: RecordLocation, what: str, *, is_trusted: bool = False
) -> tuple[FailureToRerun, Plan, list[str]]:
    """Find a failure in the record, and plan its rerun.

    Args:
        location: where the record is.
        what: an error or a test, as somebody typed it.
        is_trusted: whether to take all that the record says, also what brings in code from elsewhere.

    Returns:
        The failure, the plan, and the tests that the record holds responsible.

    Raises:
        DebugloopError: there is none, it is ambiguous, or it cannot be run here.
    """
    with open_record(location) as record:
        found = record.answer(rerun_facts(what, location.asked_project(), location.checkout_project()))
    plan = plan_rerun(
        found.failure,
        found.steps,
        location.rootdir,
        own_variables=checkout_settings(location).environment,
        redactor=redactor_of_checkout(location),
        is_trusted=is_trusted,
    )
    return found.failure, plan, found.suspects


@dataclass(frozen=True, slots=True)
class PlannedProof:
    """What a proof is made of.

    Attributes:
        evidence: what differs between the two runs.
        strategy: the reason that the record has; None where it has none.
        plan: of the reruns, alone, as the run that passes here was.
        other_plan: as the other run was.
        here: the run that the checkout is to go like.
        there: the other.
    """

    case: Case
    evidence: dict[str, Any]
    strategy: str | None
    plan: Plan
    other_plan: Plan
    here: Side
    there: Side


def planned_proof(location: RecordLocation, what: str, *, is_trusted: bool) -> PlannedProof:
    """Find a failure and a pass in the record, and plan the reruns that are to prove what made the difference.

    Args:
        location: where the record is.
        what: an error, a test or a recovery, as somebody typed it.
        is_trusted: whether to take all that the record says, also what brings in code from elsewhere.

    Raises:
        DebugloopError: there is none, it is ambiguous, or it cannot be run here.
    """
    with open_record(location) as record:
        case = record.answer(case_of(what, location.asked_project(), location.checkout_project()))
        if case.recovery is None:
            reason = difference(record.connection, case.failure.id, case.success_id)
            given, strategy = (None, None) if reason is None else (reason.evidence, reason.strategy)
        else:
            given, strategy = case.recovery.evidence, case.recovery.strategy
        evidence = recorded_evidence(given)
        if case.recovery is None:
            evidence.pop("order", None)  # it fails alone, or nothing is proved
        files = _files(record, case, evidence)
        steps: list[RecordedStep] = record.fetch(steps_until(case.failure)) if "order" in evidence else []
    redactor, own = redactor_of_checkout(location), checkout_settings(location).environment
    settings: dict[str, Any] = {"own_variables": own, "redactor": redactor, "is_trusted": is_trusted}
    data = [one for one in evidence.get("data", ()) if isinstance(one, dict) and isinstance(one.get("file"), str)]
    failing = with_files(case.failing, {one["file"]: one.get("before") for one in data})
    passing = with_files(case.passing, {one["file"]: one.get("after") for one in data})
    here, there = (failing, passing) if case.recovery is None else (passing, failing)
    plan = plan_rerun(failure_alone(case.failure, here), [], location.rootdir, **settings)
    other = case.failure if there is failing else failure_alone(case.failure, there)
    other_plan = plan_rerun(other, steps, location.rootdir, **settings)
    sides = [
        Side(
            side,
            files[side.run_id],
            plan.rootdir,
            redactor,
            is_trusted=is_trusted or _is_own(location, plan, side.checkout_id),
        )
        for side in (here, there)
    ]
    return PlannedProof(case, evidence, strategy, plan.alone(), other_plan, *sides)


def _files(record: Record, case: Case, evidence: Mapping[str, Any]) -> dict[uuid.UUID, dict[str, StoredFile]]:
    """Give the source of both sides: of the files that are named in the evidence, and of others that differ."""
    named = [one.get("file") for key in CHANGED_CODE for one in evidence.get(key) or () if one]
    then, now = case.failing.files or {}, case.passing.files or {}
    differing = sorted(file for file in then.keys() | now.keys() if then.get(file) != now.get(file))
    wanted = [str(file) for file in named if file] + [file for file in differing if file.endswith(".py")][:_MAX_FILES]
    return {side.run_id: record.answer(files_of(side, wanted)) for side in (case.failing, case.passing)}


def _is_own(location: RecordLocation, plan: Plan, checkout: object) -> bool:
    """Tell whether a run was recorded in this checkout, to a record that nobody but this user writes to."""
    if location.dsn or checkout is None or not is_ours(location.folder):
        return False
    return str(checkout) == checkout_id(location.folder, plan.rootdir)
