"""Every column means something: in the record of a rich suite each is filled as the data dictionary says."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run

TABLES = (
    "debug_state_snapshots",
    "debug_workflow_steps",
    "debug_error_events",
    "debug_success_events",
    "debug_error_success_correlation",
    "debug_state_captures",
    "debug_artifacts",
    "debug_snapshot_artifacts",
    "debug_transform_functions",
    "debug_graph_edges",
    "debug_metadata_stamps",
)
# Filled by the code of this very run, or by a CI, which it has none of.
ELSEWHERE = {"debug_error_events.resolved_at"}


@pytest.fixture(scope="module")
def run(make_project: Callable[[str], Project]) -> Run:
    """A suite with failures, retries, subtests, notes, output and properties, as a part of a transformation."""
    project = make_project("columns")
    project.write(
        "test_columns.py",
        """
        import unittest

        import pytest

        tries = []

        @pytest.fixture
        def cart():
            return {"apple": 1}

        @pytest.mark.parametrize("count", [3])
        def test_retried(cart, count, record_property):
            \"\"\"A cart survives a retry.

            In whatever way.
            \"\"\"
            record_property("ticket", "SHOP-1")
            tries.append(count)
            print("x" * 5000)
            state = {"tries": len(tries)}
            assert len(tries) == 3

        @pytest.mark.xfail
        def test_unexpected_pass():
            pass

        class TestParts(unittest.TestCase):
            def test_some(self):
                for number in range(2):
                    with self.subTest(number=number):
                        self.assertEqual(number, 0)

        def test_notes(debugloop, cart):
            with debugloop.step("order", cart=cart) as step:
                debugloop.checkpoint("begin", cart=cart)
                step.output(total=7)
            debugloop.transformation("planner", "coder", {"goal": "sum"})
            debugloop.attach(b"hello", "a.txt")
        """,
    )
    workflow = str(uuid.uuid4())
    session = str(uuid.uuid4())
    project.run("-q", "-k", "nothing")  # which makes the tables
    with project.connect() as connection:
        connection.execute(
            "INSERT INTO agent_transformation_events"
            " (event_type, correlation_id, source_agent, target_agent, user_request, started_at)"
            " VALUES ('transformation_start', %s, 'planner', 'tester', 'test the cart', '2020-01-01')",
            (workflow,),
        )
    plugins = ("-p", "pytest_rerunfailures", "--reruns", "2")
    command = project.command(
        "-q", *plugins, "--debugloop-session-id", session, "-p", "no:cacheprovider", correlation_id=workflow
    )
    run = project.run(command=command)
    return type(run)(run.ret, run.out, run.err, project.left_by(workflow))


def rows(run: Run, query: str) -> list[dict[str, Any]]:
    return run.record.query(query)


def test_every_column_is_filled_somewhere(run: Run) -> None:
    empty = set()
    for table in TABLES:
        found = rows(run, f"SELECT * FROM {table}")
        assert found, table
        empty |= {f"{table}.{column}" for column in found[0] if all(row[column] is None for row in found)}
    assert empty - ELSEWHERE == set(), run.out


def test_a_retry_begins_in_the_state_that_the_attempt_before_failed_in(run: Run) -> None:
    calls = rows(
        run,
        "SELECT s.*, post.parent_snapshot_id, post.task_description, post.execution_step, post.user_request"
        " FROM debug_workflow_steps AS s LEFT JOIN debug_state_snapshots AS post ON post.id = s.post_state_snapshot_id"
        " WHERE s.correlation_id = %(id)s AND s.step_type = 'call' AND s.operation_name LIKE '%%test_retried%%'"
        " ORDER BY s.step_number",
    )
    first, second, third = calls
    assert (first["pre_state_snapshot_id"], first["parent_snapshot_id"]) == (None, None)
    assert second["pre_state_snapshot_id"] == first["post_state_snapshot_id"] == second["parent_snapshot_id"]
    assert third["pre_state_snapshot_id"] == second["post_state_snapshot_id"] == third["parent_snapshot_id"]
    assert [call["execution_step"] for call in calls] == [call["step_number"] for call in calls]
    assert {call["task_description"] for call in calls} == {"A cart survives a retry."}
    assert {call["user_request"] for call in calls} == {"test the cart"}
    assert first["input_data"] == {"parameters": {"count": 3}}
    assert set(first["output_data"]["captured"]) == {"call stdout"}
    assert first["step_description"] == "run test retried"
    teardowns = rows(
        run,
        "SELECT output_data FROM debug_workflow_steps WHERE correlation_id = %(id)s AND step_type = 'teardown'"
        " AND operation_name LIKE '%%test_retried%%' ORDER BY step_number",
    )
    assert teardowns[-1]["output_data"] == {"properties": {"ticket": "SHOP-1"}}


def test_a_pass_says_whether_it_is_one(run: Run) -> None:
    found = {
        row["operation_name"].rpartition("::")[2]: (row["validation_passed"], row["completion_status"])
        for row in rows(
            run, "SELECT * FROM debug_success_events WHERE correlation_id = %(id)s AND metadata ->> 'subtest' IS NULL"
        )
    }
    assert found["test_unexpected_pass"] == (False, "degraded")
    assert found["test_some"] == (False, "partial")
    assert found["test_notes"] == (True, "full")


def test_a_run_is_tied_to_the_transformation_that_it_is_a_part_of(run: Run) -> None:
    (event,) = rows(run, "SELECT * FROM agent_transformation_events WHERE user_request = 'test the cart'")
    assert event["error_event_id"]
    assert event["success_event_id"]
    assert event["state_snapshot_id"]
