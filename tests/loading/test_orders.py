"""What ran before a test is its reason where that goes with its failures, however many tests there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.loading.recoveries.weights import ODDS, ORDER, PROVEN
from tests.support.made_runs import MadeRun

if TYPE_CHECKING:
    from tests.support.records import Record

VICTIM = "test_a.py::test_victim"
FIRST = [f"test_a.py::test_{number}" for number in range(5)]
LAST = [f"test_b.py::test_{number}" for number in range(30)]


def history(record: Record, failing: list[str], passing: list[str]) -> list[tuple[object, ...]]:
    """Store three failures between passes; give what each recovery is said to be."""
    for at, tests in enumerate([passing, passing, failing, passing, failing, passing, failing, passing]):
        MadeRun({test: test != VICTIM or tests is passing for test in tests}, at=at * 10).load(record)
    return record.rows(
        "SELECT recovery_strategy, (evidence -> 'terms' ->> 'order_change')::float, evidence -> 'order' ? 'polluters'"
        " FROM debug_error_success_correlation ORDER BY correlated_at"
    )


def test_tests_in_another_order_are_suspected_however_many_come_before(record: Record) -> None:
    found = history(record, [*LAST, *FIRST, VICTIM], [*FIRST, VICTIM, *LAST])
    # More are not named than somebody can look at.
    assert found[-1] == ("order_change", pytest.approx(ODDS[PROVEN]), False)


def test_tests_that_a_run_chose_are_not_suspected_where_many_come_before_others(record: Record) -> None:
    found = history(record, [*LAST, *FIRST, VICTIM], [*FIRST, VICTIM])
    assert [odds for _, odds, _ in found] == pytest.approx([ODDS[ORDER]] * 3)


def test_a_few_that_come_before_each_failure_alone_are_named(record: Record) -> None:
    found = history(record, [*LAST[:3], *FIRST, VICTIM, *LAST[3:]], [*FIRST, VICTIM, *LAST])
    assert found[-1] == ("order_change", pytest.approx(ODDS[PROVEN]), True)
