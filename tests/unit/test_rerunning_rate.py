"""Rates of failure with their intervals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.rerunning.rate import failure_rate


# Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, 1998: table I.
@pytest.mark.parametrize(
    ("count", "runs", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons(count: int, runs: int, low: float, high: float) -> None:
    found = failure_rate(count, runs)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


@given(st.integers(1, 10_000), st.data())
def test_the_interval_holds_the_rate_and_stays_between_none_and_all(runs: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, runs))
    found = failure_rate(count, runs)
    assert 0 <= found.low <= found.rate <= found.high <= 1
    opposite = failure_rate(runs - count, runs)
    assert found.low == pytest.approx(1 - opposite.high, abs=1e-12)


@pytest.mark.parametrize(("count", "runs"), [(0, 0), (2, 1), (-1, 5)])
def test_what_is_no_share_is_refused(count: int, runs: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        failure_rate(count, runs)
