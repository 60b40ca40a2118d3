"""Processes that die: the record names the step that each died in, once, as an error of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project, Run

KILLED = "os.kill(os.getpid(), signal.SIGKILL)"
IN_FIXTURE = f"""
    import os, signal, pytest

    @pytest.fixture
    def dies():
        {KILLED}

    def test_before(): pass
    def test_dies(dies): pass
    def test_after(): pass
"""
IN_TEARDOWN = IN_FIXTURE.replace("    def dies():\n", "    def dies():\n        yield\n")
IN_TEST = IN_FIXTURE.replace("test_dies(dies): pass", "test_dies(): ctypes.string_at(0)").replace("os,", "os, ctypes,")


def died(project: Project, *arguments: str) -> Run:
    run = project.run(*arguments)
    run.record.wait_for_end()
    return run


@pytest.mark.parametrize(
    ("suite", "phase", "doing"),
    [
        (IN_FIXTURE, "setup", "while setting up 'test_it.py::test_dies'"),
        (IN_TEST, "call", "while running 'test_it.py::test_dies'"),
        (IN_TEST.replace("ctypes.string_at(0)", "os._exit(0)"), "call", "while running 'test_it.py::test_dies'"),
        (IN_TEARDOWN, "teardown", "while tearing down 'test_it.py::test_dies', or shortly after"),
    ],
    ids=["killed in a fixture", "segmentation fault", "exited", "killed in a teardown"],
)
def test_a_run_that_dies_leaves_an_error_of_the_step_it_died_in(
    project: Project, suite: str, phase: str, doing: str
) -> None:
    project.write("test_it.py", suite)
    run = died(project)
    record = run.record
    (error,) = record.all_errors
    assert error.kind == ("process_crash", "agent", "critical", "process_crash")
    assert (error.operation_name, error.metadata["phase"]) == ("test_it.py::test_dies", phase)
    assert error.error_message == f"the process died {doing}"
    step = record.step("test_dies", phase)
    assert (step.status, step.error_event_id, step.step_number) == ("failed", error.id, error.execution_step)
    assert (step.completed_at, step.duration_ms) == (None, None)  # nobody saw it
    assert (record.run["status"], record.run["exit_status"], record.run["errors_total"]) == ("died", None, 1)
    assert record.query("SELECT node_id FROM debug_tasks WHERE id = (SELECT task_id FROM debug_error_events WHERE "
                        "correlation_id = %(id)s)") == [{"node_id": "test_it.py::test_dies"}]  # fmt: skip
    (attempt,) = record.query(
        "SELECT failed, attempt FROM debug_test_attempts AS a JOIN debug_runs AS r ON r.id = a.run_id"
        " WHERE r.correlation_id = %(id)s AND operation_name LIKE '%%test_dies'"
    )
    assert attempt == {"failed": True, "attempt": 1}


@pytest.mark.parametrize(
    ("file", "text", "test", "phase"),
    [
        ("test_b.py", "import os; os._exit(3)", "test_b.py", "collect"),
        ("conftest.py", "import os\ndef pytest_sessionfinish(): os._exit(3)", None, ""),
        ("conftest.py", "import os\ndef pytest_sessionstart(): os._exit(3)", None, ""),
    ],
    ids=["while a file was imported", "at the end", "at the start"],
)
def test_a_run_that_dies_in_no_test_says_so(
    project: Project, file: str, text: str, test: str | None, phase: str
) -> None:
    project.write("test_a.py", "def test_a(): pass\n")
    project.write(file, text)
    run = died(project)
    (error,) = run.record.all_errors
    assert (error.error_type, error.operation_name, error.metadata["phase"]) == ("process_crash", test, phase)
    assert error.occurred_at >= run.record.run["started_at"]
    assert run.record.query(
        "SELECT task_id FROM debug_error_events WHERE correlation_id = %(id)s AND task_id IS NOT NULL"
    ) == []  # fmt: skip


def test_it_is_the_same_failure_each_time_and_recovered_when_the_test_passes(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import os, pathlib

        def test_dies():
            if not pathlib.Path("better").exists():
                os._exit(1)
        """,
    )
    first, second = died(project), died(project)
    (one,), (other,) = first.record.all_errors, second.record.all_errors
    assert one.metadata["fingerprint"] == other.metadata["fingerprint"]
    assert one.id != other.id
    (project.folder / "better").touch()
    project.run()
    del first.record.all_errors
    (one,) = first.record.all_errors
    assert (one.recovery_successful, one.recovery_strategy) == (True, "data_change")


def test_a_worker_that_crashes_while_it_collects_has_one_error_that_names_the_file(project: Project) -> None:
    project.write("test_it.py", "import os\nos._exit(1)\n")
    run = project.run("-p", "xdist", "-n1", "--max-worker-restart=0")
    (error,) = run.record.all_errors
    assert (error.error_type, error.operation_name, error.metadata["phase"]) == (
        "worker_crash",
        "test_it.py",
        "collect",
    )
    assert run.record.step("test_it.py", "collect").error_event_id == error.id


def test_workers_that_are_stopped_have_not_crashed(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import pathlib, time

        def test_fails():
            while not pathlib.Path("begun").exists():
                time.sleep(0.01)
            assert False

        def test_goes_on():
            pathlib.Path("begun").touch()
            time.sleep(3)
        """,
    )
    run = project.run("-p", "xdist", "-n2", "-x")
    assert {error.error_type for error in run.record.all_errors} == {"validation_error"}


@pytest.mark.parametrize(
    ("workers", "kind"),
    [((), "process_crash"), (("-p", "xdist", "-n1", "--max-worker-restart=0"), "worker_crash")],
    ids=["in one process", "in a worker"],
)
def test_where_a_test_hung_is_known_where_its_time_out_ends_the_process(
    project: Project, workers: tuple[str, ...], kind: str
) -> None:
    project.write(
        "test_it.py",
        """
        import time

        def test_hangs():
            waiting_for = "godot"
            time.sleep(60)
        """,
    )
    run = died(project, "-p", "pytest_timeout", "--timeout=1", "--timeout-method=thread", *workers)
    (error,) = run.record.all_errors
    assert (error.error_type, error.error_code) == (kind, "TimeoutError")
    assert error.error_message.startswith("Timeout (>1.0s) from pytest-timeout")
    assert (error.frames[-1]["function"], error.locals) == ("test_hangs", {"waiting_for": "godot"})
    assert run.record.step("test_hangs", "call").error_event_id == error.id
    assert "Stack of MainThread" in run.out + run.err or workers
    assert "pytest_debugloop/recording" not in run.out + run.err
