"""A run in the workflow of a transformation takes over its session and the name of its agent."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from tests.support.made_runs import MadeRun

if TYPE_CHECKING:
    from tests.support.records import Record

SESSION = uuid.UUID(int=7)


def transform(record: Record, workflow: uuid.UUID) -> None:
    record.connection.execute(
        "INSERT INTO agent_transformation_events (event_type, correlation_id, target_agent, session_id, started_at)"
        " VALUES ('transformation_complete', %s, 'coder', %s, '2020-01-01')",
        (workflow, SESSION),
    )


def test_a_run_takes_over_session_and_agent_of_the_transformation_before_it(any_record: Record) -> None:
    run = MadeRun({"test_it.py::test_it": False, "test_it.py::test_other": True}, 1)
    transform(any_record, run.id)
    try:
        for _ in range(2):  # a second time changes nothing
            run.load(any_record)
            assert any_record.rows("SELECT session_id, agent_name FROM debug_runs") == [(SESSION, "coder")]
            for table in ("error_events", "workflows"):
                assert any_record.rows(f"SELECT DISTINCT session_id FROM debug_{table}") == [(SESSION,)]
        context = "SELECT session_id FROM debug_workflow_context"
        assert any_record.rows(context) == [(SESSION,)]
    finally:
        any_record.connection.execute("DELETE FROM agent_transformation_events")


def test_a_session_of_its_own_stays(any_record: Record) -> None:
    own = uuid.UUID(int=8)
    run = MadeRun({"test_it.py::test_it": True}, 1, session=own)
    transform(any_record, run.id)
    try:
        run.load(any_record)
        assert any_record.rows("SELECT session_id FROM debug_runs") == [(own,)]
    finally:
        any_record.connection.execute("DELETE FROM agent_transformation_events")
