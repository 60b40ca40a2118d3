"""With what the failures of flaky tests go together, where that is more than chance; docs/formulas.md has the tests."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pytest_debugloop.answers.significance import adjusted
from pytest_debugloop.queries.flaky import (
    MAX_STEPS,
    MAX_STEPS_TOGETHER,
    AttemptConditions,
    EarlierTest,
    conditions_of_attempts,
    earlier_tests,
)
from pytest_debugloop.queries.question import Steps, fetch
from pytest_debugloop.rerunning.rate import difference_by_chance

MAX_FALSE = 0.05
"""The share of false correlations among those that are reported."""

_LEAST = 3


@dataclass(frozen=True, slots=True)
class Correlation:
    """A condition under which a test fails more often, or less often, than otherwise.

    Attributes:
        factor: ``leg``, ``hour`` (UTC), ``hash_seed``, ``machine``, ``platform``, ``parallel``, ``previous_test``
            (directly before it in its process; empty for none) or ``earlier_test`` (at any time before it).
        value: of the factor.
        failures: how many of the ``attempts`` with this value failed.
        other_failures: how many of the ``other_attempts`` did.
        p_value: probability of such a difference if the value does not matter, for all values of the factor together.
        q_value: expected share of false discoveries among all correlations with a value up to this one.
    """

    factor: str
    value: str
    failures: int
    attempts: int
    other_failures: int
    other_attempts: int
    p_value: float
    q_value: float


def correlations_of(task_ids: Sequence[uuid.UUID]) -> Steps[dict[uuid.UUID, list[Correlation]]]:
    """Find with what the failures of tests go together.

    Args:
        task_ids: of the tests, those that matter most first; all of them together are controlled for false discoveries.

    Returns:
        By test, those that are significant, the surest first.
    """
    if not task_ids:
        return {}
    attempts = yield from fetch(conditions_of_attempts(task_ids))
    earlier = yield from fetch(earlier_tests(list(_with_few_steps(task_ids, attempts)), _LEAST))
    return significant(attempts, earlier)


def significant(
    attempts: Sequence[AttemptConditions], earlier: Sequence[EarlierTest]
) -> dict[uuid.UUID, list[Correlation]]:
    """Compare the attempts of each test with those under other conditions.

    Args:
        attempts: of all tests.
        earlier: what ran before some of them.
    """
    groups: dict[tuple[uuid.UUID, str], list[Correlation]] = defaultdict(list)
    by_test: dict[uuid.UUID, list[AttemptConditions]] = defaultdict(list)
    for one in attempts:
        by_test[one.task_id].append(one)
    for task_id, own in by_test.items():
        for factor in _FACTORS:
            groups[task_id, factor] += _by_value(factor, own)
    for before in earlier:
        counts = (before.failures, before.attempts, before.other_failures, before.other_attempts)
        groups[before.task_id, "earlier_test"].append(_compared("earlier_test", before.earlier, *counts))
    # A factor is one comparison, however many values it has: its surest, times their number (Bonferroni).
    best = [
        # Of two values one is all that the other is not.
        (task_id, replace(found, p_value=min(1.0, found.p_value * (len(values) if len(values) > 2 else 1))))
        for (task_id, _), values in groups.items()
        if values
        for found in [min(values, key=lambda one: (one.p_value, -_rate(one)))]
    ]
    told: dict[uuid.UUID, list[Correlation]] = defaultdict(list)
    for (task_id, found), q_value in zip(best, adjusted([one.p_value for _, one in best]), strict=True):
        if q_value < MAX_FALSE:
            told[task_id].append(replace(found, q_value=q_value))
    return {task_id: sorted(found, key=lambda one: one.p_value) for task_id, found in told.items()}


def _values(one: AttemptConditions) -> Mapping[str, str | None]:
    return {
        "leg": one.leg,
        "hour": f"{one.hour:02}",
        "hash_seed": one.hash_seed if one.hash_seed != "random" else None,
        "machine": one.machine,
        "platform": one.platform,
        "parallel": "yes" if one.is_parallel else "no",
        "previous_test": one.previous,
    }


_FACTORS = ("leg", "hour", "hash_seed", "machine", "platform", "parallel", "previous_test")


def _by_value(factor: str, attempts: Sequence[AttemptConditions]) -> Iterator[Correlation]:
    counts: dict[str, list[int]] = {}
    for one in attempts:
        value = _values(one)[factor]
        if value is not None:
            count = counts.setdefault(value, [0, 0])
            count[0] += one.failed
            count[1] += 1
    failures = sum(count[0] for count in counts.values())
    total = sum(count[1] for count in counts.values())
    for value, (failed, tried) in counts.items():
        if tried >= _LEAST and total - tried >= _LEAST:
            yield _compared(factor, value, failed, tried, failures - failed, total - tried)


def _compared(factor: str, value: str, failures: int, attempts: int, others: int, other_attempts: int) -> Correlation:
    p_value = difference_by_chance(failures, attempts, others, other_attempts)
    return Correlation(factor, value, failures, attempts, others, other_attempts, p_value, 1.0)


def _rate(one: Correlation) -> float:
    return one.failures / one.attempts


def _with_few_steps(
    task_ids: Sequence[uuid.UUID], attempts: Sequence[AttemptConditions]
) -> Iterator[AttemptConditions]:
    """Leave out older attempts, and tests far down, where long runs came before: all these steps are read."""
    by_test: dict[uuid.UUID, list[tuple[int, AttemptConditions]]] = defaultdict(list)
    for one in attempts:
        if one.step_number is not None:
            by_test[one.task_id].append((one.step_number, one))
    left = MAX_STEPS_TOGETHER
    for task_id in task_ids:
        room, kept = min(MAX_STEPS, left), []
        for steps, one in by_test[task_id]:
            if steps > room:
                break
            room -= steps
            kept.append((steps, one))
        if len(kept) >= 2 * _LEAST:  # fewer tell nothing
            left -= sum(steps for steps, _ in kept)
            yield from (one for _, one in kept)
