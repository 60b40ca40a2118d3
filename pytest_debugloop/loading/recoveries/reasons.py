"""Find the reason of each recovery that a run brings, and keep it with its evidence.

The strategy is the first that holds of ``code_change``, ``dependency_change``, ``environment_change``,
``order_change`` and ``rerun``; a recovery in the run of its failure is a ``retry``, and was linked as one. Where the
code of a side is not known, and nothing else holds, it is ``unknown``.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg
from psycopg import Cursor
from psycopg.types.json import Jsonb

from pytest_debugloop.loading.recoveries import confidence as weights
from pytest_debugloop.loading.recoveries.code_changes import Reached, by_likelihood, diff_of, unit_at
from pytest_debugloop.loading.recoveries.confidence import Version, chance_of_flake, confidence, explanations
from pytest_debugloop.loading.recoveries.facts import Attempt, Facts, Pending, RunFacts, Statement
from pytest_debugloop.loading.recoveries.orders import order_change, suspects
from pytest_debugloop.state_changes import state_changes

_MOST_FUNCTIONS = 10
_MOST_ORDERS = 6
# They tell where something lies, or who asked, and not what is run.
_NO_DIFFERENCE = frozenset(
    {"VIRTUAL_ENV", "CONDA_DEFAULT_ENV", "PYTEST_ADDOPTS", "TOX_ENV_NAME", "NOX_CURRENT_SESSION"}
)


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


@dataclass(slots=True)
class Findings:
    """What was found of one recovery.

    Attributes:
        evidence: all that was different.
        explained: the strategies that hold, the first one first, each with its weight.
        missing: what is not known.
    """

    evidence: dict[str, Any] = field(default_factory=dict)
    explained: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)


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
        reasons = [_reason_or_none(one, facts, histories.get(one.id, [])) for one in pending]
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
    """Keep what was different in the data where a retry passed.

    Args:
        cursor: in the transaction that concludes a run, its recoveries linked.
        statement: gives SQL by its name.
    """
    found: dict[uuid.UUID, dict[str, Any]] = {}
    for success, failing, passing in cursor.execute(statement("recoveries_states")):
        if success not in found:  # of the last failure before it
            found[success] = _changes(failing, passing)
    if found:
        values = {"ids": list(found), "factors": [Jsonb(factors) for factors in found.values()]}
        cursor.execute(statement("recoveries_factors"), values)


def _changes(failing: dict[str, Any], passing: dict[str, Any]) -> dict[str, Any]:
    try:
        return state_changes(failing, passing)
    except Exception:  # states that no recorder made: they are not to keep the run from being concluded
        traceback.print_exc()
        return {}


def _reason_or_none(one: Pending, facts: Facts, history: Sequence[Attempt]) -> Reason:
    try:
        return _reason(one, facts, history)
    except psycopg.Error:
        raise
    except Exception as fault:  # what was recorded of a run is not as any recorder writes it
        traceback.print_exc()
        score, terms = confidence("unknown", explanations({}, chance_of_flake([])), 1)
        evidence = {"missing": ["run"], "fault": repr(fault)[:200], "terms": terms}
        return Reason("unknown", score, _in_words("unknown", evidence), evidence)


def _reason(one: Pending, facts: Facts, history: Sequence[Attempt]) -> Reason:
    failing, passing = facts.run(one.error_run), facts.run(one.success_run)
    found = Findings()
    evidence, missing = found.evidence, found.missing
    if failing is None or passing is None:
        missing.append("run")
    else:
        _look_at_code(one, failing, passing, facts, found)
        _look_at_distributions(failing, passing, found)
        _look_at_environment(failing, passing, found)
        _look_at_order(one, facts, history, found)
        if failing.git_commit != passing.git_commit:
            evidence["commits"] = [failing.git_commit, passing.git_commit]
    if missing:
        evidence["missing"] = missing
    flake = chance_of_flake(_versions(history, failing))
    strategy = next(iter(found.explained), "unknown" if "code" in missing or "run" in missing else "rerun")
    score, terms = confidence(strategy, explanations(found.explained, flake), len(missing))
    evidence["terms"] = {name: round(value, 6) for name, value in {**flake, **terms}.items()}
    return Reason(strategy, score, _in_words(strategy, evidence), evidence)


def _versions(history: Sequence[Attempt], failing: RunFacts | None) -> list[Version]:
    """Group attempts by what was recorded as the same; a run of unknown code is like none but itself."""
    counted: dict[str, list[int]] = {}
    own = ""
    for attempt in history:
        key = attempt.conditions or str(attempt.run_id)
        if failing is not None and attempt.run_id == failing.id:
            own = key
        total = counted.setdefault(key, [0, 0])
        total[0] += 1
        total[1] += attempt.failed
    return [Version(key == own, attempts, failures) for key, (attempts, failures) in counted.items()]


def _look_at_code(one: Pending, failing: RunFacts, passing: RunFacts, facts: Facts, found: Findings) -> None:
    if failing.code_version is None or passing.code_version is None:
        found.missing.append("code")
        return
    if failing.code_version == passing.code_version:
        return
    difference = facts.code_difference(failing, passing)
    starts = []
    for file, line, role in one.places:
        unit = unit_at(difference.failing.get(file, ()), line)
        if unit is not None:
            starts.append((role, unit.place))
    module = one.success_operation.partition("::")[0]
    starts.append(("module", (module, "<module>")))
    if not one.places:  # of a crash no frame is known, but the test's name is
        starts.append(("test", (module, one.success_operation.partition("[")[0].partition("::")[2].replace("::", "."))))
    reached = difference.reach.of(starts)
    own = [change for change in difference.changes if change.file == module]
    near = {one.change for one in reached}
    reached += [Reached(change, "module", 1) for change in own if change not in near]
    reached.sort(key=by_likelihood)
    if difference.unknown:
        found.evidence["unknown_files"] = difference.unknown[:_MOST_FUNCTIONS]
        if {module, *(str(file) for file, *_ in one.places)}.intersection(difference.unknown):
            found.missing.append("code")  # a file of the failure differs, and how is not known
    if len(difference.changes) > len(reached):
        found.evidence["other_functions_changed"] = len(difference.changes) - len(reached)
    if not reached:
        return
    sources = facts.sources([near_by.change for near_by in reached[:_MOST_FUNCTIONS]], difference.changes)
    found.evidence["code"] = [
        {
            "file": near_by.change.file,
            "function": near_by.change.function,
            "change": near_by.change.kind,
            "reached_from": near_by.role,
            "distance": near_by.distance,
            "diff": diff_of(near_by.change, sources),
        }
        for near_by in reached[:_MOST_FUNCTIONS]
    ]
    if len(reached) > _MOST_FUNCTIONS:
        found.evidence["more_functions"] = len(reached) - _MOST_FUNCTIONS
    nearest = reached[0]
    prior = weights.DIRECT
    if nearest.role == "module":
        prior = weights.MODULE
    elif nearest.distance:
        prior = weights.REACHED * weights.PER_NAME ** (nearest.distance - 1)
    found.explained["code_change"] = prior


def _look_at_distributions(failing: RunFacts, passing: RunFacts, found: Findings) -> None:
    if failing.distributions is None or passing.distributions is None:
        found.missing.append("distributions")
        return
    changed = _differing(failing.distributions, passing.distributions)
    if changed:
        found.evidence["distributions"] = changed
        found.explained["dependency_change"] = weights.DEPENDENCY


def _look_at_environment(failing: RunFacts, passing: RunFacts, found: Findings) -> None:
    if failing.environment is None or passing.environment is None:
        found.missing.append("environment")
        return
    # A variable that one run's code does not name was not looked at there.
    both = failing.environment.keys() & passing.environment.keys()
    kept = {name for name in failing.environment.keys() ^ passing.environment.keys() if _is_always_kept(name)}
    names = (both | kept) - _NO_DIFFERENCE
    before = {name: failing.environment.get(name) for name in names}
    after = {name: passing.environment.get(name) for name in names}
    changed = _differing(before, after)
    interpreter = _differing(
        {"platform": failing.platform, **(failing.interpreter or {})},
        {"platform": passing.platform, **(passing.interpreter or {})},
    )
    if changed:
        found.evidence["environment"] = changed
    if interpreter:
        found.evidence["interpreter"] = interpreter
    if changed or interpreter:
        is_of_code = any(not _is_always_kept(name) for name in changed)
        found.explained["environment_change"] = weights.VARIABLE_OF_TEST if is_of_code else weights.VARIABLE


def _is_always_kept(name: str) -> bool:
    return name in ("CI", "TZ", "LANG", "LANGUAGE") or name.startswith(("LC_", "PYTHON", "COVERAGE_", "HYPOTHESIS_"))


def _look_at_order(one: Pending, facts: Facts, history: Sequence[Attempt], found: Findings) -> None:
    failing = facts.order(one.error_run, one.error_agent).before(one.error_operation)
    passing = facts.order(one.success_run, one.success_agent).before(one.success_operation)
    if failing is None or passing is None:
        found.missing.append("order")
        return
    change = order_change(failing, passing)
    if change is None:
        return
    found.evidence["order"] = change
    sides: dict[bool, list[Sequence[str]]] = {True: [failing], False: [passing]}
    for attempt in reversed(history):
        side = sides[attempt.failed]
        if len(side) <= _MOST_ORDERS and attempt.run_id not in (one.error_run, one.success_run):
            before = facts.order(attempt.run_id, attempt.agent).before(attempt.operation)
            if before is not None:
                side.append(before)
    suspected = suspects(sides[True], sides[False])
    if suspected:
        change |= suspected
        change["compared"] = {"failing": len(sides[True]), "passing": len(sides[False])}
    is_consistent = bool(suspected) and len(sides[True]) > 1 and len(sides[False]) > 1
    found.explained["order_change"] = (
        weights.SUSPECT if is_consistent else weights.ALONE if change["alone"] else weights.ORDER
    )


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {
        name: [before.get(name), after.get(name)]
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }


def _in_words(strategy: str, evidence: Mapping[str, Any]) -> str:
    if strategy == "code_change":
        first = evidence["code"][0]
        more = len(evidence["code"]) - 1 + evidence.get("more_functions", 0)
        return f"{first['function']} in {first['file']} was {first['change']}" + (f", and {more} more" if more else "")
    if strategy == "dependency_change":
        return _listed("distribution", evidence["distributions"])
    if strategy == "environment_change":
        return _listed("environment", {**evidence.get("environment", {}), **evidence.get("interpreter", {})})
    if strategy == "order_change":
        order = evidence["order"]
        for name, words in (("polluters", "it did not run after"), ("setters", "it ran after")):
            if order.get(name):
                return f"{words} {', '.join(order[name][:3])}"
        if order["alone"] == "passing":
            return "it ran alone, or first"
        return "other tests ran before it"
    if strategy == "rerun":
        return "nothing that is recorded was different"
    return f"not known: {', '.join(evidence['missing'])} of a run is not recorded, and nothing else was different"


def _listed(what: str, changed: Mapping[str, Sequence[Any]]) -> str:
    told = [f"{name} from {_value(before)} to {_value(after)}" for name, (before, after) in changed.items()]
    return f"{what}: {', '.join(told[:3])}" + (f", and {len(told) - 3} more" if len(told) > 3 else "")


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)
