"""Every column means something: a rich suite fills it, or the data dictionary says when it is NULL."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run

# Filled where a test is known for long, and where its latest failures tell; the dictionary says so.
NULL_HERE = {
    *(f"{view}.{column}" for view in ("debug_flaky_tests", "debug_scored_tests") for column in ("flaky_since_run",)),
    *(f"{view}.broken_probability" for view in ("debug_flaky_tests", "debug_scored_tests", "debug_test_legs")),
}
# Of the agents' framework, which a test has nothing of; the comments on the tables say so.
OF_HOSTS = {
    "agent_transformation_events": {
        "routing_confidence", "routing_strategy", "initialization_duration_ms", "total_execution_duration_ms",
        "quality_score", "agent_definition_id", "parent_event_id",
    },
    "hook_events": {"processing_errors", "processed_at"},
}  # fmt: skip
PLUGINS = ("-p", "pytest_rerunfailures", "--reruns", "2", "-p", "no:cacheprovider")
# A pull request, as GitHub's runner tells of it.
CHANGE = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_BASE_REF": "main",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_HEAD_REF": "cart",
    "GITHUB_JOB": "tests",
    "GITHUB_REF": "refs/pull/12/merge",
    "GITHUB_REPOSITORY": "example/columns",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_SERVER_URL": "https://github.com",
}
SUITE = """
    import unittest

    import pytest
    from shop import price

    tries = []

    @pytest.fixture
    def cart():
        return {"apple": 1}

    def test_price():
        assert price() == 3

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

    @pytest.mark.skip(reason="not on this machine")
    def test_skipped():
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
        debugloop.transformation("planner", "coder", {"goal": "a row for each column"}, reason="planned", files=3)
        with pytest.raises(ValueError), debugloop.transformation("coder", "tester"):
            raise ValueError("no")
        debugloop.llm_call("Edit", file_path="a.py", success="failed", quality=0.5, milliseconds=7)
        debugloop.attach(b"hello", "a.txt")
"""


@pytest.fixture(scope="module")
def run(make_project: Callable[[str], Project]) -> Run:
    """A run of a broken commit, as a part of a transformation, after one that passed and before its fix."""
    project = make_project("columns")
    project.git("init", "-q")
    project.write(".gitignore", "__pycache__\n.*\n")
    project.write("shop.py", "def price():\n    return 3\n")
    project.write("test_columns.py", SUITE)
    project.git("add", ".")
    project.git("commit", "-qm", "right")
    project.run("-q", *PLUGINS, "-k", "price")  # in the name of the folder, outside of CI
    project.git("remote", "add", "origin", "https://github.com/example/columns.git")
    project.environment.update(CHANGE)
    project.run("-q", *PLUGINS, "-k", "price")
    project.write("shop.py", "def price():\n    return 4\n")
    project.git("commit", "-qam", "wrong")
    run = run_in_transformation(project)
    project.write("shop.py", "def price():\n    return 3  # again\n")
    project.git("commit", "-qam", "fixed")
    project.run("-q", *PLUGINS, "-k", "price")
    project.write("notes.txt", "not committed")
    project.git("add", "notes.txt")
    load_with_a_foreign_line(project)
    assert project.debugloop("pin", run.record.short_id).returncode == 0
    return run


def run_in_transformation(project: Project) -> Run:
    workflow = str(uuid.uuid4())
    session = str(uuid.uuid4())
    with project.connect() as connection:
        connection.execute(
            "INSERT INTO agent_transformation_events"
            " (event_type, correlation_id, source_agent, target_agent, user_request, started_at)"
            " VALUES ('transformation_start', %s, 'planner', 'tester', 'test the cart', '2020-01-01')",
            (workflow,),
        )
    command = project.command("-q", *PLUGINS, "--debugloop-session-id", session, correlation_id=workflow)
    run = project.run(command=command)
    return type(run)(run.ret, run.out, run.err, project.left_by(workflow))


def load_with_a_foreign_line(project: Project) -> None:
    project.run("-q", *PLUGINS, "-k", "price", "--no-debugloop-load")
    (journal,) = project.folder.glob(".debugloop/journals/*/main.jsonl")
    with journal.open("a", encoding="utf-8") as lines:
        lines.write("no JSON\n")
    assert "1 line" in project.debugloop("load").stdout


def rows(run: Run, query: str) -> list[dict[str, Any]]:
    return run.record.query(query)


def test_every_column_of_every_relation_is_filled_or_the_dictionary_says_when_it_is_not(run: Run) -> None:
    of_schema = "relnamespace = quote_ident(current_schema())::regnamespace AND relkind IN ('r', 'v')"
    comments = {
        f"{row['relation']}.{row['attname']}": row["comment"] or ""
        for row in rows(
            run,
            "SELECT relname AS relation, attname, col_description(attrelid, attnum) AS comment"
            f" FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid WHERE {of_schema} AND attnum > 0",
        )
    }
    empty = set()
    for relation in rows(run, f"SELECT relname FROM pg_class WHERE {of_schema}"):
        name = relation["relname"]
        found = rows(run, f"SELECT * FROM {name}")
        if not found:
            empty.add(name)
            continue
        empty |= {f"{name}.{column}" for column in found[0] if all(row[column] is None for row in found)}
    of_hosts = {f"{table}.{column}" for table, columns in OF_HOSTS.items() for column in columns}
    assert empty - NULL_HERE - of_hosts == set(), run.out
    assert [name for name in sorted(NULL_HERE) if "NULL" not in comments[name]] == []
    assert [name for name in comments if "." in name and not comments[name] and name.startswith("debug_")] == []


@pytest.mark.parametrize("table", OF_HOSTS)
def test_the_comment_on_a_host_table_of_ours_says_what_is_the_hosts_alone(run: Run, table: str) -> None:
    (found,) = rows(run, f"SELECT obj_description('{table}'::regclass, 'pg_class') AS comment")
    named = [name for name in OF_HOSTS[table] if any(part in found["comment"] for part in (name, name.split("_")[0]))]
    assert set(named) == OF_HOSTS[table]


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
    if pytest.version_tuple >= (9, 0):  # before, the first subtest that fails ends its test
        assert found["test_some"] == (False, "partial")
    assert found["test_notes"] == (True, "full")


def test_a_run_is_tied_to_the_transformation_that_it_is_a_part_of(run: Run) -> None:
    (event,) = rows(run, "SELECT * FROM agent_transformation_events WHERE user_request = 'test the cart'")
    assert event["error_event_id"]
    assert event["success_event_id"]
    assert event["state_snapshot_id"]
