"""Set-ups of fixtures are steps; who uses whom, on what a run was run, and long output are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run


@pytest.fixture(scope="module")
def project(make_project: Callable[[str], Project]) -> Project:
    """Tests with fixtures of each kind."""
    project = make_project("fixtures")
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture(scope="session")
        def server():
            return "up"

        @pytest.fixture
        def client(server):
            return server
        """,
    )
    project.write(
        "test_fixtures.py",
        """
        import logging

        import pytest

        @pytest.fixture
        def broken(client):
            raise OSError("no client")

        def test_without():
            pass

        def test_client(client):
            pass

        def test_broken(broken):
            pass

        def test_loud(client):
            password = "hunter22-hunter22"
            for number in range(300):
                print(f"line {number} of a long output")
            print(f"logged in with hunter22-hunter22")
            logging.getLogger().warning("x" * 5000)
            assert client == "down"
        """,
    )
    return project


@pytest.fixture(scope="module")
def run(project: Project) -> Run:
    run = project.run("-q")
    assert run.outcomes == {"passed": 2, "failed": 1, "errors": 1}, run.out
    return run


def test_a_set_up_is_a_step_below_the_phase_that_needed_it_first(run: Run) -> None:
    steps = {step.id: step for step in run.record.all_steps}
    found = [
        (step.operation_name, steps[step.parent_step_id].operation_name.rpartition("::")[2], step.status)
        for step in run.record.all_steps
        if step.step_type == "fixture" and step.parent_step_id
    ]
    assert found == [
        ("server", "test_client", "completed"),
        ("client", "test_client", "completed"),
        ("client", "test_broken", "completed"),
        ("broken", "test_broken", "failed"),
        ("client", "test_loud", "completed"),
    ]
    (server,) = run.record.steps("server", "fixture")
    assert server.metadata.items() >= {"scope": "session", "file": "conftest.py", "function": "server"}.items()
    assert run.record.run["steps_total"] == len(run.record.all_steps) - len(found)
    (setup,) = run.record.query(
        "SELECT input_data FROM debug_workflow_steps WHERE correlation_id = %(id)s AND step_type = 'setup'"
        " AND operation_name LIKE '%%test_loud'"
    )
    assert setup["input_data"] == {"fixtures": ["client"]}


def test_a_test_without_fixtures_has_no_more_in_its_lines_than_before(run: Run) -> None:
    (setup,) = run.record.query(
        "SELECT * FROM debug_workflow_steps WHERE correlation_id = %(id)s AND step_type = 'setup'"
        " AND operation_name LIKE '%%test_without'"
    )
    assert setup["input_data"] is None


def test_fixtures_and_what_uses_them_are_listed(run: Run, project: Project) -> None:
    functions = run.record.query(
        "SELECT f.* FROM debug_transform_functions AS f JOIN debug_runs AS r ON r.id = f.first_run_id"
        " WHERE r.correlation_id = %(id)s ORDER BY name"
    )
    assert [(one["name"], one["scope"], one["file"], one["arguments"]) for one in functions] == [
        ("broken", "function", "test_fixtures.py", ["client"]),
        ("client", "function", "conftest.py", ["server"]),
        ("server", "session", "conftest.py", []),
    ]
    assert all(one["code_hash"] for one in functions)
    edges = run.record.query(
        "SELECT kind, source_name, target_name, source_id FROM debug_graph_edges AS e"
        " JOIN debug_runs AS r ON r.id = e.first_run_id WHERE r.correlation_id = %(id)s ORDER BY 1, 2, 3"
    )
    assert all(edge["source_id"] for edge in edges)
    assert [(edge["kind"], edge["source_name"].rpartition("::")[2], edge["target_name"]) for edge in edges] == [
        ("fixture_uses_fixture", "broken", "client"),
        ("fixture_uses_fixture", "client", "server"),
        ("test_ran_after_test", "test_broken", "test_fixtures.py::test_client"),
        ("test_ran_after_test", "test_loud", "test_fixtures.py::test_broken"),
        ("test_uses_fixture", "test_broken", "broken"),
        ("test_uses_fixture", "test_client", "client"),
        ("test_uses_fixture", "test_loud", "client"),
    ]


def test_what_runs_were_run_on_is_stored_once(run: Run, project: Project) -> None:
    again = project.run("-q", "-k", "test_without")
    metadata = run.record.run["metadata"], again.record.run["metadata"]
    for kind in ("hardware_stamp", "distributions_stamp"):
        assert metadata[0][kind] == metadata[1][kind]
    stamps = run.record.query(
        "SELECT s.kind, s.content FROM debug_metadata_stamps AS s JOIN debug_runs AS r"
        " ON s.id::text IN (r.metadata ->> 'hardware_stamp', r.metadata ->> 'distributions_stamp')"
        " WHERE r.correlation_id = %(id)s ORDER BY s.kind"
    )
    assert [stamp["kind"] for stamp in stamps] == ["distributions", "hardware"]
    assert stamps[0]["content"]["pytest"] == pytest.__version__
    assert stamps[1]["content"]["processors"] >= 1


def test_output_that_is_too_long_for_the_state_is_kept_whole_and_without_secrets(run: Run) -> None:
    rows = run.record.query(
        "SELECT l.origin, l.name, convert_from(a.content, 'UTF8') AS text, e.operation_name"
        " FROM debug_snapshot_artifacts AS l JOIN debug_artifacts AS a ON a.id = l.artifact_id"
        " JOIN debug_error_events AS e ON e.state_snapshot_id = l.snapshot_id"
        " WHERE l.correlation_id = %(id)s ORDER BY l.origin"
    )
    assert [(row["origin"], row["name"]) for row in rows] == [("log", "call log"), ("stdout", "call stdout")]
    assert rows[0]["text"].endswith("x" * 5000)
    lines = rows[1]["text"].splitlines()
    assert lines[:300] == [f"line {number} of a long output" for number in range(300)]
    assert lines[300] == "logged in with [redacted: key #1]"
    (error,) = run.record.errors("test_loud")
    assert error.state
    assert len(error.state["captured"]["call stdout"]["text"]) < 4100


def test_the_end_of_very_long_output_is_kept_once_and_cuts_no_secret_open(
    make_project: Callable[[str], Project],
) -> None:
    project = make_project("loud")
    project.write(
        "test_loud.py",
        """
        import pytest

        # The hundred thousand characters that are kept begin in the middle of the key.
        SHOUT = "begin " * 20_000 + " AKIAIOSFODNN7EXAMPLE " + "x" * 99_989

        @pytest.mark.parametrize("number", range(2))
        def test_loud(number):
            print(SHOUT, end="")
            assert False
        """,
    )
    run = project.run("-q")
    rows = run.record.query(
        "SELECT a.id, a.size_bytes, convert_from(a.content, 'UTF8') AS text,"
        " s.agent_state #>> '{captured,call stdout,$cut}' AS cut"
        " FROM debug_snapshot_artifacts AS l JOIN debug_artifacts AS a ON a.id = l.artifact_id"
        " JOIN debug_state_snapshots AS s ON s.id = l.snapshot_id WHERE l.correlation_id = %(id)s"
    )
    assert len(rows) == 2
    assert len({row["id"] for row in rows}) == 1
    assert rows[0]["size_bytes"] == 100_000
    assert rows[0]["text"].endswith(" " + "x" * 99_989)
    assert "EXAMPLE" not in rows[0]["text"]
    assert rows[0]["cut"] == "216,011 more of 220,011 characters"


def test_a_run_in_which_nothing_fails_tells_who_uses_whom(make_project: Callable[[str], Project]) -> None:
    project = make_project("green")
    project.write(
        "test_green.py",
        """
        import pytest

        @pytest.fixture
        def server():
            return "up"

        @pytest.fixture
        def client(server):
            return server

        def test_client(client):
            pass
        """,
    )
    run = project.run("-q")
    assert run.outcomes == {"passed": 1}, run.out
    edges = run.record.query(
        "SELECT kind, source_name, target_name FROM debug_graph_edges AS e"
        " JOIN debug_runs AS r ON r.id = e.first_run_id WHERE r.correlation_id = %(id)s ORDER BY 1"
    )
    assert [(edge["kind"], edge["source_name"].rpartition("::")[2], edge["target_name"]) for edge in edges] == [
        ("fixture_uses_fixture", "client", "server"),
        ("test_uses_fixture", "test_client", "client"),
    ]
