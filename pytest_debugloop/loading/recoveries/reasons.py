"""Find the reason of each recovery that a run brings, and keep it with its evidence.

The strategy is the likeliest explanation: a difference, ``rerun`` for a flake, or ``unknown`` where what nobody records
is likelier, or where the code of a side is not known and no difference explains it. A recovery in the run of its
failure is a ``retry``, and was linked as one.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import Cursor
from psycopg.types.json import Jsonb

from pytest_debugloop.loading.recoveries.code import compare_code
from pytest_debugloop.loading.recoveries.confidence import FLAKE, MAX_BESIDE, UNRECORDED
from pytest_debugloop.loading.recoveries.data import compare_data
from pytest_debugloop.loading.recoveries.distributions import compare_distributions
from pytest_debugloop.loading.recoveries.facts import Attempt, Facts, Pending, Statement
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.flakes import Failure, Version, flake_odds
from pytest_debugloop.loading.recoveries.job_reruns import job_rerun
from pytest_debugloop.loading.recoveries.options import compare_options
from pytest_debugloop.loading.recoveries.process_states import compare_process_states
from pytest_debugloop.loading.recoveries.ran_before import compare_order
from pytest_debugloop.loading.recoveries.surroundings import compare_interpreters
from pytest_debugloop.loading.recoveries.together import Examined, Judged, in_order, judge
from pytest_debugloop.loading.recoveries.variables import compare_variables
from pytest_debugloop.snapshots.changes import state_changes
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.text.strategies import RERUN, UNKNOWN, in_words


class Reason(NamedTuple):
    """Why a test passed again.

    Attributes:
        path: the strategy in words, for people.
        evidence: all that was different, what is not known, and the terms of the confidence.
    """

    strategy: str
    confidence: float
    path: str
    evidence: dict[str, Any]


def explain(cursor: Cursor[Any], statement: Statement, run_id: uuid.UUID, correlation_id: uuid.UUID) -> list[uuid.UUID]:
    """Find and keep the reasons of the recoveries that a run brings or changes.

    Args:
        cursor: in the transaction that concludes the run, its recoveries linked.
        statement: gives SQL by its name.
        run_id: of the run.
        correlation_id: of its workflow.

    Returns:
        The ids of these recoveries.
    """
    facts = Facts(cursor, statement)
    pending = facts.pending(run_id, correlation_id)
    if pending:
        histories = facts.histories(pending)
        reasons = _reasons(pending, facts, histories)
        cursor.execute(
            statement("recoveries_store"),
            {
                "ids": [one.id for one in pending],
                "strategies": [reason.strategy for reason in reasons],
                "confidences": [reason.confidence for reason in reasons],
                "paths": [reason.path for reason in reasons],
                "evidence": [Jsonb(reason.evidence) for reason in reasons],
            },
        )
    return [one.id for one in pending]


def compare_states(cursor: Cursor[Any], statement: Statement) -> None:
    """Keep what was different in the data where a test passed again and its state was kept: shown, and no evidence.

    Args:
        cursor: in the transaction that concludes a run, its recoveries linked.
        statement: gives SQL by its name.
    """
    found: dict[uuid.UUID, dict[str, Any]] = {
        success: _changes(failing, passing)
        for success, failing, passing in cursor.execute(statement("recoveries_states"))
    }
    if found:
        values = {"ids": list(found), "factors": [Jsonb(factors) for factors in found.values()]}
        cursor.execute(statement("recoveries_factors"), values)


def _changes(failing: object, passing: object) -> dict[str, Any]:
    try:
        before, after = recorded_state(failing), recorded_state(passing)
        return {} if before is None or after is None else state_changes(before, after)
    except Exception:  # states that no recorder made: they are not to keep the run from being concluded
        traceback.print_exc()
        return {}


def reason_of(one: Pending, facts: Facts, history: Sequence[Attempt]) -> Reason:
    """Find the reason of one recovery, by what was seen of it alone.

    Args:
        one: the failure and the pass.
        facts: of their runs.
        history: the attempts of the test until then.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    (reason,) = _reasons([one], facts, {one.id: history})
    return reason


def _reasons(
    pending: Sequence[Pending], facts: Facts, histories: Mapping[uuid.UUID, Sequence[Attempt]]
) -> list[Reason]:
    examined = [_examined(one, facts, histories.get(one.id, [])) for one in pending]
    try:
        return _conclusions(examined)
    except Exception as fault:  # a defect of ours must not keep the run out of the record
        traceback.print_exc()
        return _conclusions([_unexamined(one, fault) for one in pending])


def _conclusions(examined: Sequence[Examined]) -> list[Reason]:
    found: dict[int, Reason] = {}
    for judged in judge(examined):
        is_code_known = any(
            not {"code", "data", "run"}.intersection(examined[place].found.missing) for place in judged.members
        )
        for place in judged.members:
            found[place] = _concluded(examined[place].found, judged, is_code_known=is_code_known)
    return [found[index] for index in range(len(examined))]


def _examined(one: Pending, facts: Facts, history: Sequence[Attempt]) -> Examined:
    try:
        found = compared(one, facts)
        if "run" not in found.missing:
            compare_order(one, facts, history, found)
        flake = flake_odds(_versions(one, facts, history), one.failure)
    except psycopg.Error:
        raise
    except Exception as fault:  # what was recorded of a run is not as any recorder writes it
        traceback.print_exc()
        return _unexamined(one, fault)
    if found.missing:
        found.evidence["missing"] = found.missing
    if one.is_stopped:
        found.evidence["stopped"] = True
    return Examined(one, found, flake)


def _unexamined(one: Pending, fault: Exception) -> Examined:
    missing = ["run"]
    found = Findings(evidence={"fault": repr(fault)[:200], "missing": missing}, missing=missing)
    return Examined(one, found, flake_odds([], Failure()))


def _concluded(found: Findings, judged: Judged, *, is_code_known: bool) -> Reason:
    in_order(judged, found)
    choice, evidence = judged.choice, found.evidence
    strategy = {FLAKE: RERUN if is_code_known else UNKNOWN, UNRECORDED: UNKNOWN}.get(
        choice.explanation, choice.explanation
    )
    evidence["terms"] = {name: round(value, 6) for name, value in {**judged.flake, **choice.terms}.items()}
    evidence["terms"]["untied"] = float(found.is_untied)
    evidence["situations"] = {name: all_of[: MAX_BESIDE + 1] for name, all_of in found.candidates.items()}
    if judged.odds is not None:
        evidence["judged_together"] = judged.tests
    return Reason(strategy, choice.confidence, in_words(strategy, evidence), evidence)


def compared(one: Pending, facts: Facts) -> Findings:
    """Say what is different between the runs of a failure and of a pass, whichever was first.

    Args:
        one: both sides.
        facts: what the database knows.
    """
    failing, passing = facts.run(one.error_run), facts.run(one.success_run)
    found = Findings()
    if failing is None or passing is None:
        found.missing.append("run")
        return found
    compare_code(one, failing, passing, facts, found)
    compare_data(one, failing, passing, facts, found)
    compare_interpreters(failing, passing, found)
    compare_variables(one, failing, passing, facts, found)
    compare_process_states(one, failing, passing, facts, found)
    compare_distributions(one, failing, passing, facts, found)
    compare_options(one.failure, failing, passing, found)
    if failing.git_commit != passing.git_commit:
        found.evidence["commits"] = [failing.git_commit, passing.git_commit]
    if rerun := job_rerun(failing, passing):
        found.evidence["job_rerun"] = rerun
    return found


def _versions(one: Pending, facts: Facts, history: Sequence[Attempt]) -> list[Version]:
    """Group attempts by what was the same for the test; a run of unknown code is like none but itself.

    The failure's own version stays as it was recorded: of what its failures are is asked.
    """
    history_of = facts.remembered(("versions", one.task_id, one.passed_at), lambda: _counted(history))
    own = history_of.of_runs.get(one.error_run)
    merged: dict[str, list[int]] = {}
    for key, (attempts, failures) in history_of.counted.items():
        alike = history_of.alike.get(key, key)
        total = merged.setdefault(key if own in (key, alike) else alike, [0, 0])
        total[0] += attempts
        total[1] += failures
    return [Version(key == own, attempts, failures) for key, (attempts, failures) in merged.items()]


class _History(NamedTuple):
    """Attempts and failures by conditions, the conditions of runs, and which are the same for the test as which."""

    counted: dict[str, list[int]]
    of_runs: dict[uuid.UUID, str]
    alike: dict[str, str]


def _counted(history: Sequence[Attempt]) -> _History:
    found = _History({}, {}, {})
    for attempt in history:
        found.of_runs[attempt.run_id] = attempt.conditions
        total = found.counted.setdefault(attempt.conditions, [0, 0])
        total[0] += 1
        total[1] += attempt.failed
        if attempt.alike is not None:
            found.alike[attempt.conditions] = found.alike.get(attempt.alike, attempt.alike)
    return found
