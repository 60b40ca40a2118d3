"""What is older than debugloop_retention goes, and what is pinned, open or needed by what stays, stays."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.loading.pins import set_pinned
from pytest_debugloop.loading.prune import Choice, plan, prune
from pytest_debugloop.loading.retention import cutoffs_of
from pytest_debugloop.setting_values import retention
from tests.support.made_runs import MINUTE, START, MadeRun

if TYPE_CHECKING:
    from tests.support.records import Record


def run(record: Record, days: float, workflow: uuid.UUID | None = None, **verdicts: bool) -> uuid.UUID:
    """Store a run of so many days ago."""
    at = (time.time() * 1_000_000 - START) / MINUTE - days * 24 * 60
    made = MadeRun(
        {f"test_it.py::{name}": passes for name, passes in verdicts.items()}, at, commit=f"c{days}", workflow=workflow
    )
    made.load(record)
    return made.id


def kept(record: Record, setting: str, most: int | None = None) -> set[uuid.UUID]:
    """Prune by a setting, and give the runs that stay."""
    choice = Choice(cutoffs=cutoffs_of(retention(setting)), most=most)
    planned = plan(record.connection, record.schema, choice)
    assert prune(record.connection, record.schema, choice)["runs"] == planned.runs
    return {uuid.UUID(str(row[0])) for row in record.rows("SELECT id FROM debug_runs")}


def test_what_is_older_goes_and_what_is_younger_stays(any_record: Record) -> None:
    run(any_record, 91, test_it=True)
    young = run(any_record, 89, test_it=True)
    assert kept(any_record, "90d") == {young}
    assert any_record.rows("SELECT correlation_id FROM debug_workflows") == [(young,)]
    assert kept(any_record, "0") == {young}


def test_each_kind_has_its_age(any_record: Record) -> None:
    run(any_record, 40, test_it=True)
    failed = run(any_record, 39, test_it=True, test_other=False)
    run(any_record, 38, test_it=True, test_other=True)  # by which the other recovers
    recent = run(any_record, 2, test_it=True, test_other=True)
    both = kept(any_record, "passes=10d failures=10d recoveries=1y")
    assert recent in both
    assert failed in both
    assert len(both) == 3
    assert kept(any_record, "passes=10d failures=1y recoveries=10d") == {failed, recent}
    assert kept(any_record, "passes=10d failures=0 recoveries=10d") == {failed, recent}
    assert kept(any_record, "10d") == {recent}


def test_runs_with_failures_may_go_earlier_than_others(any_record: Record) -> None:
    passed = run(any_record, 130, test_it=True)
    run(any_record, 60, test_it=False)
    run(any_record, 50, test_it=True)
    last = run(any_record, 2, test_it=True)
    assert len(kept(any_record, "passes=0 failures=30d recoveries=1y")) == 4
    found = kept(any_record, "passes=0 failures=30d recoveries=30d")
    assert len(found) == 3
    assert {passed, last} <= found
    assert kept(any_record, "passes=40d failures=30d recoveries=30d") == {last}


def test_an_open_failure_stays_where_it_began_where_it_was_last_and_the_pass_before(any_record: Record) -> None:
    run(any_record, 130, test_it=True)
    passed = run(any_record, 120, test_it=True)
    first = run(any_record, 110, test_it=False)
    run(any_record, 105, test_it=False)
    last = run(any_record, 100, test_it=False)
    assert kept(any_record, "90d") == {passed, first, last}
    young = run(any_record, 1, test_it=True)
    # It has passed since, and a recovery of today keeps both its sides: that of the first error that it recovered too.
    assert kept(any_record, "90d") >= {first, last, young}


def test_a_pinned_run_stays_until_its_pin_is_removed(any_record: Record) -> None:
    old = run(any_record, 400, test_it=True)
    set_pinned(any_record.connection, any_record.schema, old, is_pinned=True)
    assert kept(any_record, "90d") == {old}
    assert prune(any_record.connection, any_record.schema, Choice())["runs"] == 0
    set_pinned(any_record.connection, any_record.schema, old, is_pinned=False)
    assert kept(any_record, "90d") == set()


def test_a_run_deletes_no_more_than_it_is_told_and_the_oldest_first(any_record: Record) -> None:
    runs = [run(any_record, 100 - n, test_it=True) for n in range(5)]
    assert kept(any_record, "90d", most=2) == set(runs[2:])
    assert kept(any_record, "90d", most=2) == {runs[4]}


def test_runs_that_stay_with_others_of_their_workflow_take_no_place_of_those_that_go(any_record: Record) -> None:
    workflow = uuid.UUID(int=3)
    stay = [run(any_record, 100 - n, workflow, test_it=True) for n in range(3)]
    set_pinned(any_record.connection, any_record.schema, stay[2], is_pinned=True)
    runs = [run(any_record, 95 - n, test_it=True) for n in range(3)]
    assert kept(any_record, "90d", most=2) == {*stay, runs[2]}
    assert kept(any_record, "90d", most=2) == set(stay)


def test_a_workflow_of_more_runs_than_go_at_once_goes_whole(any_record: Record) -> None:
    for n in range(3):
        run(any_record, 100 - n, uuid.UUID(int=3), test_it=True)
    younger = run(any_record, 95, test_it=True)
    assert kept(any_record, "90d", most=1) == {younger}
    assert any_record.rows("SELECT correlation_id FROM debug_workflows") == [(younger,)]


def test_what_is_of_no_run_goes_by_its_time(any_record: Record) -> None:
    for days, workflow in ((100, uuid.UUID(int=1)), (10, uuid.UUID(int=2))):
        any_record.connection.execute(
            "INSERT INTO debug_workflow_steps (correlation_id, step_number, step_type, agent_name, operation_name,"
            " status, started_at) VALUES (%(id)s, 1, 'execution', 'coder', 'write', 'started', now() - %(age)s);"
            "INSERT INTO debug_error_events (correlation_id, error_type, error_category, error_severity, error_message,"
            " agent_name, occurred_at) VALUES (%(id)s, 'timeout', 'agent', 'low', 'm', 'coder', now() - %(age)s);"
            "INSERT INTO agent_transformation_events (event_type, correlation_id, target_agent, started_at)"
            " VALUES ('transformation_start', %(id)s, 'coder', now() - %(age)s);"
            "INSERT INTO hook_events (id, source, action, resource, resource_id, metadata, created_at)"
            " VALUES (gen_random_uuid(), 'Stop', 'a', 'b', 'c', '{}', now() - %(age)s);"
            "INSERT INTO debug_rejected_lines (id, line, reason, rejected_at)"
            " VALUES (gen_random_uuid(), 'x', 'no JSON', now() - %(age)s)".replace("%(id)s", f"'{workflow}'")
            .replace("%(age)s", f"interval '{days} days'")
            .encode()
        )
    everything = kept(any_record, "passes=50d failures=0 recoveries=0")
    assert everything == set()
    assert len(any_record.rows("SELECT FROM debug_workflow_steps")) == 2  # a failure keeps its workflow
    kept(any_record, "90d")
    tables = ("debug_workflow_steps", "debug_error_events", "agent_transformation_events", "debug_workflows")
    for table in tables:
        assert any_record.rows(f"SELECT correlation_id FROM {table}") == [(uuid.UUID(int=2),)]
    assert len(any_record.rows("SELECT FROM hook_events")) == 1
    assert len(any_record.rows("SELECT FROM debug_rejected_lines")) == 1
    any_record.connection.execute("DELETE FROM agent_transformation_events; DELETE FROM hook_events")


@pytest.mark.parametrize(
    ("setting", "days"),
    [
        ("90d", (90, 90, 90)),
        ("2w", (14, 14, 14)),
        ("0", (None, None, None)),
        ("passes=30d failures=0 recoveries=1y", (30, None, 365)),
        ("passes=12h", (0.5, 90, 90)),
    ],
)
def test_ages_are_read(setting: str, days: tuple[float | None, ...]) -> None:
    assert tuple(retention(setting)) == days


@pytest.mark.parametrize("setting", ["", "90", "d", "-1d", "90d 30d", "steps=3d", "passes=", "passes=9x", "0d"])
def test_what_is_no_age_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=r"is empty|is not an age|is no age"):
        retention(setting)
