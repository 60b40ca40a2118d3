"""What a run cannot change is not looked for, and what it can change is found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.loading import linking
from pytest_debugloop.loading.batch import statement
from tests.support.made_runs import MadeRun

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.records import Record

GREEN = MadeRun({"test_a.py::test_a": True, "test_a.py::test_b": True}, at=10)
RED = GREEN.but(verdicts={"test_a.py::test_a": False, "test_a.py::test_b": True}, at=0)
RECOVERIES = "SELECT count(*) FROM debug_error_success_correlation"


@pytest.fixture
def load(record: Record, monkeypatch: pytest.MonkeyPatch) -> Callable[[MadeRun], set[str]]:
    """Store a run, and name the statements of linking that this took, but for the one that asks."""
    names: set[str] = set()

    def noted(name: str) -> str:
        names.add(name)
        return statement(name)

    monkeypatch.setattr(linking, "statement", noted)

    def load(run: MadeRun) -> set[str]:
        names.clear()
        run.load(record)
        return {name for name in names if name.startswith("recoveries_")}

    return load


def test_a_run_that_can_change_nothing_is_spared(load: Callable[[MadeRun], set[str]]) -> None:
    assert load(GREEN.but(at=0)) == set()
    assert load(GREEN) == set()


def test_what_fails_and_passes_again_is_linked(record: Record, load: Callable[[MadeRun], set[str]]) -> None:
    assert "recoveries_link" in load(RED)
    assert {"recoveries_link", "recoveries_conclude"} <= load(GREEN)
    assert record.rows(RECOVERIES) == [(1,)]
    assert load(GREEN.but(at=20)) == set()  # it has recovered


def test_a_failure_that_is_loaded_late_is_linked(record: Record, load: Callable[[MadeRun], set[str]]) -> None:
    load(GREEN)
    assert "recoveries_link" in load(RED)
    assert record.rows(RECOVERIES) == [(1,)]


def test_a_pass_that_is_loaded_late_takes_the_recovery(record: Record, load: Callable[[MadeRun], set[str]]) -> None:
    load(RED)
    load(GREEN)
    earlier = GREEN.but(at=5)
    assert "recoveries_link" in load(earlier)
    query = "SELECT s.run_id FROM debug_error_success_correlation AS c JOIN debug_success_events AS s"
    assert record.rows(f"{query} ON s.id = c.success_event_id") == [(earlier.id,)]


def test_a_pass_that_is_loaded_late_is_what_a_test_failed_after(
    record: Record, load: Callable[[MadeRun], set[str]]
) -> None:
    load(GREEN.but(at=-20))
    load(RED)
    late = GREEN.but(at=-10)
    assert "recoveries_link" in load(late)
    assert record.rows("SELECT passed_run_id FROM debug_failure_onsets") == [(late.id,)]


def test_a_recovery_that_a_migration_has_linked_is_explained(
    record: Record, load: Callable[[MadeRun], set[str]]
) -> None:
    load(RED)
    load(GREEN)
    record.rows(
        "UPDATE debug_error_success_correlation SET evidence = NULL, recovery_strategy = 'unknown' RETURNING id"
    )
    assert "recoveries_link" in load(MadeRun({"test_b.py::test_other": True}, at=30))
    assert record.rows("SELECT evidence IS NULL FROM debug_error_success_correlation") == [(False,)]


def test_of_new_commits_it_is_only_found_out_what_they_come_after(load: Callable[[MadeRun], set[str]]) -> None:
    on = GREEN.but(commit="b2", commits=[("b2", "a1")])
    assert load(on) == {"recoveries_commits", "recoveries_lines", "recoveries_related"}
    assert load(on.but(at=20)) == set()  # the commit is known


def test_a_commit_whose_parents_become_known_links_what_others_have_failed(
    record: Record, load: Callable[[MadeRun], set[str]]
) -> None:
    load(RED.but(commit="a1", branch="one"))
    load(GREEN.but(commit="b2", branch="two"))
    assert record.rows(RECOVERIES) == [(0,)]
    other = MadeRun({"test_b.py::test_other": True}, at=30, commit="c3", commits=[("c3", "b2"), ("b2", "a1")])
    assert {"recoveries_related", "recoveries_link"} <= load(other)
    assert record.rows(RECOVERIES) == [(1,)]
