"""What ends a run early, or begins none, is recorded as an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project


def test_a_file_that_cannot_be_imported_is_a_collection_error(project: Project) -> None:
    project.write("test_import.py", "import no_such_module\n")
    project.write("test_syntax.py", "def test(:\n")
    project.write("test_fine.py", "def test_fine(): pass\n")
    run = project.run()
    assert run.ret == 2
    assert {e.operation_name: (e.kind, e.metadata["phase"]) for e in run.record.all_errors} == {
        "test_import.py": (("collection_error", "framework", "critical", "ModuleNotFoundError"), "collect"),
        "test_syntax.py": (("collection_error", "framework", "critical", "SyntaxError"), "collect"),
    }
    assert {s.operation_name: s.status for s in run.record.steps(step_type="collect")} == {
        "test_import.py": "failed",
        "test_syntax.py": "failed",
        "test_fine.py": "completed",
    }
    assert run.record.run["status"] == "interrupted"


@pytest.mark.parametrize(
    ("statement", "status", "code"),
    [("raise KeyboardInterrupt", 2, "KeyboardInterrupt"), ("pytest.exit('enough', returncode=7)", 7, "Exit")],
)
def test_what_ends_the_run_in_a_test_is_recorded_with_its_locals(
    project: Project, statement: str, status: int, code: str
) -> None:
    project.write(
        "test_end.py",
        f"import pytest\n\ndef test_end():\n    held = 1\n    {statement}\n\ndef test_never(): pass\n",
    )
    run = project.run()
    assert run.ret == status
    (error,) = run.record.all_errors
    assert error.kind == ("execution_error", "external", "high", code)
    assert (error.metadata["stopped"], error.metadata["incident"]) == (True, 1)
    assert error.frames[0]["locals"] == {"held": 1} or error.locals.get("held") == 1
    assert [s.status for s in run.record.steps("test_end", "call")] == ["failed"]
    assert run.record.steps("test_never") == []
    assert (run.record.run["status"], run.record.run["exit_status"]) == ("interrupted", status)


@pytest.mark.process
def test_leaving_the_debugger_after_a_failure_is_no_second_failure(project: Project) -> None:
    project.write("test_fails.py", "def test_fails():\n    assert 1 == 2\n\ndef test_never(): pass\n")
    run = project.run("--pdb")  # at the end of its input the debugger is left, as by "q"
    assert (run.ret, run.outcomes) == (2, {"failed": 1}), run.out
    assert [(e.operation_name, e.metadata["phase"], e.error_code) for e in run.record.all_errors] == [
        ("test_fails.py::test_fails", "call", "AssertionError")
    ]
    assert run.record.run["status"] == "interrupted"


def test_the_exit_status_is_the_one_that_other_plugins_leave(project: Project) -> None:
    project.write(
        "conftest.py",
        "import pytest\n\n@pytest.hookimpl(trylast=True)\ndef pytest_sessionfinish(session):\n"
        "    session.exitstatus = 0\n",
    )
    project.write("test_fails.py", "def test_fails():\n    assert 1 == 2\n")
    run = project.run()
    assert run.ret == 0
    assert run.record.run["exit_status"] == 0


def test_tests_that_a_plugin_runs_in_processes_of_its_own_are_recorded(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import os
        import pickle

        from _pytest.runner import runtestprotocol

        def pytest_runtestloop(session):
            hook = session.config.hook
            for item in session.items:
                read, write = os.pipe()
                if not os.fork():
                    reports = runtestprotocol(item, log=False)
                    plain = [hook.pytest_report_to_serializable(config=item.config, report=one) for one in reports]
                    os.write(write, pickle.dumps(plain))
                    os._exit(0)
                os.close(write)
                with os.fdopen(read, "rb") as file:
                    for one in pickle.load(file):
                        report = hook.pytest_report_from_serializable(config=session.config, data=one)
                        hook.pytest_runtest_logreport(report=report)
            return True
        """,
    )
    project.write(
        "test_both.py", "import time\n\ndef test_passes(): time.sleep(0.02)\n\ndef test_fails():\n    assert 1 == 2\n"
    )
    run = project.run()
    assert run.outcomes == {"passed": 1, "failed": 1}
    assert [(s.step_type, s.status) for s in run.record.steps("::test_passes")] == [
        ("setup", "completed"),
        ("call", "completed"),
        ("teardown", "completed"),
    ]
    (error,) = run.record.all_errors
    assert (error.operation_name, error.metadata["phase"]) == ("test_both.py::test_fails", "call")


def test_an_internal_error_is_recorded_where_pytest_has_no_test_for_it(project: Project) -> None:
    project.write(
        "conftest.py", "def pytest_collection_modifyitems():\n    inner = 5\n    raise RuntimeError('mine')\n"
    )
    project.write("test_fine.py", "def test_fine(): pass\n")
    run = project.run()
    assert run.ret == 3
    (error,) = run.record.all_errors
    assert error.kind == ("internal_error", "framework", "critical", "RuntimeError")
    assert error.locals == {"inner": 5}
    assert run.record.run["exit_status"] == 3
