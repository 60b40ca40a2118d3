"""Quantiles of failure rates, held against what can be worked out by hand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.migration.conftest import Connection


def quantile(connection: Connection, probability: float, a: float, b: float) -> float:
    row = connection.execute("SELECT debug_beta_quantile(%s, %s, %s)", (probability, a, b)).fetchone()
    assert row is not None
    return float(row[0])


@pytest.mark.parametrize("probability", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_quantiles_of_beta_distributions_that_have_a_closed_form(migrated: Connection, probability: float) -> None:
    for b in (1, 2, 30, 1_000):
        assert quantile(migrated, probability, 1, b) == pytest.approx(1 - (1 - probability) ** (1 / b), rel=1e-7)
        assert quantile(migrated, probability, b, 1) == pytest.approx(probability ** (1 / b), rel=1e-7)
    arcsine = math.sin(math.pi * probability / 2) ** 2
    assert quantile(migrated, probability, 0.5, 0.5) == pytest.approx(arcsine, rel=1e-6)


@pytest.mark.parametrize(("a", "b"), [(0.15, 9.85), (1.15, 10.85), (40.15, 369.85), (0.15, 1e5), (2_000.15, 9.85)])
def test_quantiles_are_in_order_and_within_their_bounds(migrated: Connection, a: float, b: float) -> None:
    found = [quantile(migrated, probability, a, b) for probability in (0.01, 0.05, 0.5, 0.95, 0.99)]
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] <= 1


def test_one_failure_in_two_attempts_does_not_outrank_forty_in_four_hundred(migrated: Connection) -> None:
    low = "SELECT debug_failure_rate_quantile(0.05, 1, 1), debug_failure_rate_quantile(0.05, 40, 360)"
    row = migrated.execute(low).fetchone()
    assert row is not None
    assert row[0] < row[1]
    # With the prior of Jeffreys it would.
    assert quantile(migrated, 0.05, 1.5, 1.5) > quantile(migrated, 0.05, 40.5, 360.5)


@pytest.mark.parametrize(("failures", "passes"), [(0.0, 5e5), (0.5, 5e5), (499.0, 501.0), (5e5, 1.0), (2.37, 1e5)])
def test_quantiles_of_any_counts_are_in_order(migrated: Connection, failures: float, passes: float) -> None:
    row = migrated.execute(
        "SELECT debug_failure_rate_quantile(0.05, f, p), debug_failure_rate_quantile(0.5, f, p),"
        " debug_failure_rate_quantile(0.95, f, p) FROM (VALUES (%s::float8, %s::float8)) AS v (f, p)",
        (failures, passes),
    ).fetchone()
    assert row is not None
    assert 0 <= row[0] <= row[1] <= row[2] <= 1
