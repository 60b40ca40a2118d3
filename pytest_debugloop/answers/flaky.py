"""Which tests fail now and then on good code, how each does in its legs, and what that costs."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from pytest_debugloop.answers.correlations import Correlation, correlations_of
from pytest_debugloop.queries.filters import EVERYTHING, Filters
from pytest_debugloop.queries.flaky import FrequentFailure, frequent_failures
from pytest_debugloop.queries.legs import LegScore, legs_of_tests
from pytest_debugloop.queries.question import MANY, Steps, fetch
from pytest_debugloop.queries.recoveries import FlakyTest, costs_of_tests, flaky_tests
from pytest_debugloop.text.json_values import plain

_FLAKY = ("flaky", "newly flaky")


@dataclass(frozen=True, slots=True)
class RankedTest:
    """A test with its scores.

    Attributes:
        cost_ms: milliseconds that its failures cost.
        legs: how it does in each.
        failure: how it fails most often; None if all its failures were incidents.
        correlations: with what its failures go together; only of flaky tests.
    """

    test: FlakyTest
    cost_ms: float
    legs: list[LegScore]
    failure: FrequentFailure | None
    correlations: list[Correlation]


def ranked_tests(
    project: str | None,
    limit: int = MANY,
    *,
    only_flaky: bool = False,
    filters: Filters = EVERYTHING,
    looked_at: int | None = None,
    skipped: int = 0,
) -> Steps[list[RankedTest]]:
    """Rank the tests that have failed, the surest flake first.

    Args:
        project: only of this one; None for all.
        limit: how many at most.
        only_flaky: without those that are stable, broken or fixed.
        filters: only tests with a failure in such a run, at such a time.
        looked_at: how many are scored at most, those first that recovered most often without a change; None for all.
        skipped: of these how many are left out first.
    """
    question = flaky_tests(project, limit, only_flaky=only_flaky, filters=filters, looked_at=looked_at, skipped=skipped)
    tests = yield from fetch(question)
    ids = [test.task_id for test in tests]
    costs = {cost.task_id: cost.cost_ms or 0.0 for cost in (yield from fetch(costs_of_tests(ids)))}
    legs: dict[uuid.UUID, list[LegScore]] = defaultdict(list)
    for leg in (yield from fetch(legs_of_tests(ids))):
        legs[leg.task_id].append(leg)
    failures = {one.task_id: one for one in (yield from fetch(frequent_failures(ids)))}
    found = yield from correlations_of([test.task_id for test in tests if test.class_ in _FLAKY])
    return [
        RankedTest(
            test,
            costs.get(test.task_id, 0.0),
            legs[test.task_id],
            failures.get(test.task_id),
            found.get(test.task_id, []),
        )
        for test in tests
    ]


def as_json(one: RankedTest) -> dict[str, Any]:
    """Write a test for programs.

    Args:
        one: the test with its scores.
    """
    return {
        **plain(one.test),
        "cost_minutes": one.cost_ms / 60_000,
        "legs": [plain(leg) for leg in one.legs],
        "most_frequent_failure": plain(one.failure),
        "correlations": [plain(found) for found in one.correlations],
    }
