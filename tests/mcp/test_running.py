"""What an agent gets of pytest that it has run: what came of that very run, and its output whatever the record says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.mcp.server import make_server
from tests.mcp.conftest import answer_of, call
from tests.support.projects import Project
from tests.support.waiting import has_ended, wait_until

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a record of one run, and its folder the current one."""
    project = Project.new(tmp_path)
    project.write("test_it.py", SUITE)
    assert project.record("-q", "-k", "red").returncode == 1
    monkeypatch.chdir(project.folder)
    monkeypatch.setenv("DEBUGLOOP_LINGER", "0")
    monkeypatch.delenv("DEBUGLOOP_WAIT", raising=False)
    return project


def run_tests(arguments: list[str], given: dict[str, Any] | None = None, **more: Any) -> Any:
    """Call the tool, as an agent of somebody who started the server with some options does."""
    location = RecordLocation.from_settings(given or {})
    with RecordReader(location) as reader:
        result = call(make_server(location, reader, allow_run=True), "run_tests", arguments=arguments, **more)
    assert not result.is_error, result
    return answer_of(result)


def test_the_run_is_told_with_its_failures(project: Project) -> None:
    answer = run_tests(["-q", "-k", "red or green"])
    assert (answer["exit_status"], answer.get("timed_out", False)) == (1, False)
    assert "1 failed, 1 passed, 1 deselected" in answer["output"]["text"]
    facts = answer["run"]["run"]
    assert (facts["verdict"], facts["failures"], facts["passes"]) == ("failed", 1, 1)
    (cause,) = answer["run"]["causes"]
    assert cause["message"]["text"] == "assert 41 == 42"


def test_a_green_run_is_told_though_it_would_not_wait_to_be_stored(project: Project) -> None:
    answer = run_tests(["-q", "-k", "green"])
    assert (answer["exit_status"], answer["run"]["run"]["verdict"]) == (0, "passed")


def test_where_nothing_is_recorded_no_earlier_run_is_told(project: Project) -> None:
    answer = run_tests(["--no-such-option"])
    assert answer["exit_status"] == 4
    assert "--no-such-option" in answer["output"]["text"]
    assert answer.keys().isdisjoint({"run", "problem"})


def test_it_is_recorded_in_the_record_that_the_server_reads(project: Project) -> None:
    answer = run_tests(["-q", "-k", "green"], {"debugloop_dir": "elsewhere", "debugloop_schema": "theirs"})
    assert answer["run"]["run"]["verdict"] == "passed"
    assert (project.folder / "elsewhere" / "postgres").is_dir()


def test_the_output_is_told_where_the_record_is_gone(project: Project) -> None:
    project.write("conftest.py", "import shutil\ndef pytest_unconfigure(): shutil.rmtree('.debugloop')\n")
    answer = run_tests(["-q", "-k", "green", "--no-debugloop"])
    assert "1 passed" in answer["output"]["text"]
    assert answer["problem"]["error"] == "no_record"


def test_tests_that_take_too_long_are_stopped(project: Project) -> None:
    answer = run_tests(["-q", "-k", "hangs"], timeout=5)
    assert answer["timed_out"]
    assert answer["exit_status"] is None
    wait_until(lambda: has_ended(int((project.folder / "pid").read_text())))
