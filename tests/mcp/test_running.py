"""What an agent gets of pytest that it has run: what came of that very run, and its output whatever the record says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.mcp.server import make_server
from tests.mcp.conftest import answer_of, call
from tests.support.projects import Project
from tests.support.waiting import has_ended, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.servers import Server

    Run = Callable[..., Any]

SUITE = """
import os, time

def test_red():
    found = 41
    assert found == 42

def test_green():
    pass

def test_hangs():
    open("pid", "w").write(str(os.getpid()))
    time.sleep(600)
"""
RUNS_ANOTHER = """
import os, subprocess, sys

def pytest_unconfigure(config):
    if "ANOTHER" not in os.environ:
        command = [sys.executable, "-m", "pytest", "--debugloop", "-q", "-k", "green"]
        subprocess.run(command, env={**os.environ, "ANOTHER": "1"}, check=True)
"""


@pytest.fixture(scope="module")
def project(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with one run in its record on a server."""
    with any_postgres.record() as (conninfo, schema):
        project = Project.new(tmp_path_factory.mktemp("running"), conninfo, schema)
        project.write("test_it.py", SUITE)
        assert project.record("-q", "-k", "red").returncode == 1
        yield project


@pytest.fixture
def run_tests(project: Project, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the tool, as an agent does whose server was started with options that name the record."""
    monkeypatch.delenv("DEBUGLOOP_WAIT", raising=False)
    return lambda arguments, **more: called(
        project.folder,
        {"debugloop_dsn": project.conninfo, "debugloop_schema": project.schema},
        monkeypatch,
        arguments=arguments,
        **more,
    )


def called(folder: Path, given: dict[str, str], monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> Any:
    """Call the tool of a server that is started in a folder with some options."""
    monkeypatch.chdir(folder)
    location = RecordLocation.from_settings(given)
    with RecordReader(location) as reader:
        result = call(make_server(location, reader, allow_run=True), "run_tests", **arguments)
    assert not result.is_error, result
    return answer_of(result)


def latest_run(project: Project) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(project.printed("runs", "--json"))["runs"][0]
    return run


def test_the_run_is_told_with_its_failures(run_tests: Run) -> None:
    answer = run_tests(["-q", "-k", "red or green"])
    assert (answer["exit_status"], answer.get("timed_out", False)) == (1, False)
    assert "1 failed, 1 passed, 1 deselected" in answer["output"]["text"]
    facts = answer["run"]["run"]
    assert (facts["verdict"], facts["failures"], facts["passes"]) == ("failed", 1, 1)
    (cause,) = answer["run"]["causes"]
    assert cause["message"]["text"] == "assert 41 == 42"


def test_a_green_run_is_told_though_it_would_not_wait_to_be_stored(run_tests: Run) -> None:
    answer = run_tests(["-q", "-k", "green"])
    assert (answer["exit_status"], answer["run"]["run"]["verdict"]) == (0, "passed")


def test_where_nothing_is_recorded_no_earlier_run_is_told(run_tests: Run) -> None:
    answer = run_tests(["--no-such-option"])
    assert answer["exit_status"] == 4
    assert "--no-such-option" in answer["output"]["text"]
    assert answer.keys().isdisjoint({"run", "problem"})


def test_a_run_that_begins_later_is_not_taken_for_it(project: Project, run_tests: Run) -> None:
    project.write("another.py", RUNS_ANOTHER)
    answer = run_tests(["-q", "-k", "red", "-p", "another"])
    assert answer["run"]["run"]["failures"] == 1
    assert latest_run(project)["id"][-8:] != answer["run"]["run"]["run_id"]


def test_a_workflow_that_is_named_stays_that_of_the_run(
    project: Project, run_tests: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workflow = "11111111-2222-4333-8444-555555555555"
    monkeypatch.setenv("DEBUGLOOP_CORRELATION_ID", workflow)
    answer = run_tests(["-q", "-k", "green"])
    latest = latest_run(project)
    assert (latest["correlation_id"], latest["id"][-8:]) == (workflow, answer["run"]["run"]["run_id"])


def test_a_run_that_is_not_stored_is_said_to_be_waiting(project: Project, run_tests: Run) -> None:
    assert project.debugloop("load").returncode == 0  # what another test has stopped
    answer = run_tests(["-q", "-k", "green", "--no-debugloop-load"])
    assert "run" not in answer
    assert answer["not_loaded"] == {"waiting": 1}
    assert project.debugloop("load").returncode == 0


def test_tests_that_take_too_long_are_stopped(project: Project, run_tests: Run) -> None:
    answer = run_tests(["-q", "-k", "hangs"], timeout=5)
    assert (answer["timed_out"], answer["exit_status"]) == (True, None)
    begun = project.folder / "pid"  # not on a machine that takes so long to start pytest
    wait_until(lambda: not begun.exists() or not begun.read_text() or has_ended(int(begun.read_text())))


def test_an_embedded_record_is_the_one_that_the_server_reads_and_may_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUGLOOP_LINGER", "0")
    monkeypatch.setenv("DEBUGLOOP_DSN", "host=/nowhere")
    project = Project.new(tmp_path)
    project.write("test_it.py", SUITE)
    given = {"debugloop_dsn": "", "debugloop_dir": "elsewhere", "debugloop_schema": "theirs"}
    answer = called(tmp_path, given, monkeypatch, arguments=["-q", "-k", "green"])
    assert answer["run"]["run"]["verdict"] == "passed"
    assert (tmp_path / "elsewhere" / "postgres").is_dir()
    given = {"debugloop_dsn": "", "debugloop_dir": "nowhere"}
    answer = called(tmp_path, given, monkeypatch, arguments=["-q", "-k", "green", "--no-debugloop"])
    assert "1 passed" in answer["output"]["text"]
    assert answer["problem"]["error"] == "no_record"
