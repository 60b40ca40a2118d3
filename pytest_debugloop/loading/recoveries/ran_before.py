"""Which tests ran before the test in its process, when it failed and when it passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.loading.recoveries.facts import Attempt, Facts, Pending
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.left_behind import place_of
from pytest_debugloop.loading.recoveries.orders import MAX_NAMED, chance_of_suspects, order_change, suspects
from pytest_debugloop.text import strategies

_MAX_ORDERS = 6
_FEW = 2
_LEAST_CHANCE = 0.05
_MAX_LEFT_OUT = 5


def compare_order(one: Pending, facts: Facts, history: Sequence[Attempt], found: Findings) -> None:
    """Add what else ran before the test to what was found.

    Args:
        one: the recovery.
        facts: what the database knows.
        history: the test's attempts before.
        found: is added to.
    """
    orders = facts.order(one.error_run, one.error_agent), facts.order(one.success_run, one.success_agent)
    failing, passing = orders[0].before(one.error_operation), orders[1].before(one.success_operation)
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
        if len(side) <= _MAX_ORDERS and attempt.run_id not in (one.error_run, one.success_run):
            before = facts.order(attempt.run_id, attempt.agent).before(attempt.operation)
            if before is not None:
                side.append(before)
    # If both processes ran the same tests, none was left out: the order may be the reason, however many are suspected.
    are_same = orders[0].places.keys() == orders[1].places.keys()
    suspected = suspects(sides[True], sides[False], len(orders[0].tests) if are_same else MAX_NAMED)
    if suspected:
        change |= {name: tests for name, tests in suspected.items() if len(tests) <= MAX_NAMED}
        change["compared"] = {"failing": len(sides[True]), "passing": len(sides[False])}
    is_new = _are_new(change["passing"]["only_here"], one, facts)
    chance = chance_of_suspects(sides[True], sides[False])
    situation = situation_of(
        change, len(sides[True]), len(sides[False]), is_suspected=bool(suspected), is_new=is_new, chance=chance
    )
    found.explain(strategies.ORDER, situation)


def _are_new(tests: Sequence[str], one: Pending, facts: Facts) -> bool:
    """Tell whether tests were not there when another failed: they were not chosen, but written since."""
    failing, passing = facts.run(one.error_run), facts.run(one.success_run)
    if not tests or failing is None or passing is None or failing.files is None or passing.files is None:
        return False
    changes = facts.code_difference(failing, passing).changes if failing.code_version != passing.code_version else []
    added = {(change.file, change.function) for change in changes if change.kind == "added"}
    places = [place_of(test) for test in tests]
    return all(place in added or place[0] not in failing.files for place in places)


def order_between(one: Pending, facts: Facts) -> dict[str, Any] | None:
    """Say what else ran before the test on one side than on the other.

    Args:
        one: both sides.
        facts: what the database knows.

    Returns:
        As :func:`~pytest_debugloop.loading.recoveries.orders.order_change` tells it; None where nothing is different,
        or a side is not known.
    """
    failing = facts.order(one.error_run, one.error_agent).before(one.error_operation)
    passing = facts.order(one.success_run, one.success_agent).before(one.success_operation)
    return None if failing is None or passing is None else order_change(failing, passing)


def situation_of(
    change: Mapping[str, Any],
    failures: int,
    passes: int,
    *,
    is_suspected: bool = False,
    is_new: bool = False,
    chance: float = 0.0,
) -> str:
    """Say what a change of the order is to the test.

    Args:
        change: of what ran before it.
        failures: how many failures were compared.
        passes: how many passes.
        is_suspected: whether there are tests that ran before each failure and no pass, or the other way round.
        is_new: whether the tests that ran before the pass alone were not there when it failed.
        chance: probability that tests are suspected although the order does not matter.
    """
    if is_suspected and failures > 1 and passes > 1:
        if chance >= _LEAST_CHANCE:
            return weights.at(weights.SUSPECTS_OF_CHANCE, int(chance * 10))
        return weights.PROVEN if failures > _FEW else weights.SUSPECT
    if change["alone"] and not is_new:
        return weights.ALONE
    # Chance puts other tests on both sides; who leaves a few out, or adds some, has chosen to. That these are needed is
    # seldom so: a new test is mostly no more than that.
    failing, passing = (
        change[side].get("only_here_count", len(change[side]["only_here"])) for side in ("failing", "passing")
    )
    if min(failing, passing) or not 0 < max(failing, passing) <= _MAX_LEFT_OUT:
        return weights.ORDER
    return weights.LEFT_OUT if failing else weights.MORE_BEFORE
