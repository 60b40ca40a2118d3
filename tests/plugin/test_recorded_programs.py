"""Programs that are recorded without pytest: ``with pytest_debugloop.recording(...)``."""

from __future__ import annotations

import atexit
import os
from typing import TYPE_CHECKING, Any

import pytest

import pytest_debugloop

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project


@pytest.fixture
def program(make_project: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch) -> Project:
    """A folder whose programs record to a server."""
    project = make_project("program")
    monkeypatch.chdir(project.folder)
    for name, value in project.variables.items():
        monkeypatch.setenv(name, value)
    return project


def test_an_error_that_leaves_nested_steps_is_one_event_with_its_state(program: Project) -> None:
    recording = pytest_debugloop.recording("orders", correlation_id="loop 1", agent_name="importer")
    with pytest.raises(KeyError), recording as debugloop, debugloop.step("outer"), debugloop.step("parse"):
        raise KeyError("pear")
    of_it = f"WHERE correlation_id = '{recording.correlation_id}'"
    (error,) = program.rows(f"SELECT * FROM debug_error_events {of_it}")
    (state,) = program.rows(f"SELECT * FROM debug_state_snapshots {of_it}")
    assert (error["error_type"], error["error_code"]) == ("execution_error", "KeyError")
    assert (error["operation_name"], error["task_id"]) == ("parse", None)
    assert error["state_snapshot_id"] == state["id"]
    frame = state["agent_state"]["exceptions"][0]["frames"][0]
    assert frame["function"].endswith("test_an_error_that_leaves_nested_steps_is_one_event_with_its_state")
    steps = program.rows(f"SELECT * FROM debug_workflow_steps {of_it} ORDER BY step_number")
    assert {step["operation_name"]: step["error_event_id"] for step in steps} == dict.fromkeys(
        ("orders", "outer", "parse"), error["id"]
    )
    (run,) = program.rows(f"SELECT * FROM debug_runs {of_it}")
    assert (run["exit_status"], run["agent_name"], str(run["correlation_id"])) == (
        1,
        "importer",
        recording.correlation_id,
    )
    assert recording.problems == []


def test_errors_that_are_caught_and_follow_each_other_are_events_of_their_own(program: Project) -> None:
    recording = pytest_debugloop.recording("orders")
    with recording as debugloop:
        for word in ("one", "two"):
            with pytest.raises(ValueError, match=word), debugloop.step(word):
                raise ValueError(word)
    of_it = f"WHERE correlation_id = '{recording.correlation_id}'"
    rows = program.rows(f"SELECT error_message, operation_name FROM debug_error_events {of_it} ORDER BY occurred_at")
    assert [(row["error_message"], row["operation_name"]) for row in rows] == [("one", "one"), ("two", "two")]
    (run,) = program.rows(f"SELECT exit_status FROM debug_runs {of_it}")
    assert run["exit_status"] == 0


def test_what_goes_wrong_is_logged_and_the_program_goes_on(
    program: Project, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest_debugloop.recording("orders", dsn="host=/nowhere", wait=20) as debugloop:
        debugloop.checkpoint("begin", a=1)
    assert "is not stored" in caplog.text
    monkeypatch.setenv("DEBUGLOOP", "0")
    with pytest_debugloop.recording("orders") as debugloop:
        assert not debugloop.is_recording
        debugloop.checkpoint("while it is off", a=1)
    assert not program.rows("SELECT FROM debug_workflow_steps WHERE operation_name = 'while it is off'")


class Mute:
    """Has no text, and no truth."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")


def test_a_program_goes_on_whatever_is_asked_of_its_recording(
    program: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    strange: Any = Mute()
    recording = pytest_debugloop.recording(
        strange, correlation_id=strange, session_id=strange, agent_name=strange, user_request=strange
    )
    with recording as debugloop, debugloop.step("outer"):
        late = debugloop.step("late").__enter__()
        pid = os.fork()
        if pid == 0:
            debugloop.checkpoint("in the child")
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        for number in range(30):
            debugloop.checkpoint("loop", number=number, strange=strange)
        with pytest_debugloop.recording("inner") as inner:
            inner.checkpoint("inside")
    at_exit: list[Callable[[], None]] = []
    with monkeypatch.context() as patched:
        patched.setattr(atexit, "register", at_exit.append)
        late.output(a=1)
        late.__exit__(None, None, None)
        debugloop.checkpoint("after the end")
    (tell,) = at_exit
    tell()
    assert capsys.readouterr().err.endswith(
        "debugloop: 2 calls of debugloop were not recorded (2 after the end of the run).\n"
    )
    assert recording.problems == ["1 call of debugloop was not recorded (1 in a forked child process)."]
    of_it = f"WHERE correlation_id = '{recording.correlation_id}'"
    (run,) = program.rows(f"SELECT exit_status, status FROM debug_runs {of_it}")
    assert (run["exit_status"], run["status"]) == (0, "finished")
    (found,) = program.rows(f"SELECT count(*) FROM debug_workflow_steps {of_it} AND operation_name = 'loop'")
    assert found["count"] == 30
    (found,) = program.rows("SELECT count(*) FROM debug_workflow_steps WHERE operation_name = 'inside'")
    assert found["count"] == 1
