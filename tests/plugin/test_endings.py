"""How pytest itself ends: an exit status that nobody knows is not that of a run that passed, and its error is told."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project

BREAKS = """
    import pytest

    {mark}
    def pytest_{hook}():
        {before}
        held = 1
        raise {error}
"""


@pytest.mark.parametrize(
    ("hook", "mark", "before", "ret"),
    [
        pytest.param("sessionfinish", "", "", None, marks=pytest.mark.thorough),
        ("sessionfinish", "@pytest.hookimpl(wrapper=True)", "yield", None),
        ("terminal_summary", "", "", None),
        ("sessionstart", "", "", 3),
        pytest.param("collection_modifyitems", "", "", 3, marks=pytest.mark.thorough),
        ("runtest_logfinish", "", "", 3),
    ],
)
def test_an_error_of_another_plugin_is_an_event_and_its_run_has_not_passed(
    project: Project, hook: str, mark: str, before: str, ret: int | None
) -> None:
    project.write("test_it.py", "def test_it(): pass\n")
    project.write("conftest.py", BREAKS.format(hook=hook, mark=mark, before=before, error="RuntimeError('broken')"))
    run, plain = project.run(), project.run(recorded=False)
    assert run.ret == plain.ret == (ret or 1)
    (error,) = run.record.all_errors
    assert error.kind == ("internal_error", "framework", "critical", "RuntimeError")
    assert (error.operation_name, error.error_message) == (None, "broken")
    assert error.locals == {"held": 1}
    assert run.record.run["status"] == "finished"
    assert run.record.run["exit_status"] == ret
    assert "pytest_debugloop" not in run.err
    exported = project.printed("export", run.record.correlation_id, "--format", "junit")
    assert '<testcase classname="pytest" name="internal"' in exported
    assert (' errors="1"' in exported, "RuntimeError: broken" in exported) == (True, True)


@pytest.mark.parametrize(
    ("error", "status", "exit_status"),
    [("pytest.exit('enough', 9)", "finished", 9), ("KeyboardInterrupt", "interrupted", None)],
)
def test_who_ends_the_end_breaks_nothing(project: Project, error: str, status: str, exit_status: int | None) -> None:
    project.write("test_it.py", "def test_it(): pass\n")
    text = BREAKS.format(hook="sessionfinish", mark="", before="", error=error)
    project.write("conftest.py", text.replace("raise pytest", "pytest"))
    run = project.run()
    assert run.ret == project.run(recorded=False).ret
    assert (run.record.run["status"], run.record.run["exit_status"]) == (status, exit_status)
    assert run.record.all_errors == []


def test_an_exception_that_the_caller_of_pytest_handles_is_none_of_its_own(project: Project) -> None:
    project.write("test_it.py", "def test_it(): pass\n")
    words = project.command(correlation_id=(id_ := "11111111-2222-4333-8444-555555555555"))[3:]
    script = (
        f"import pytest\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    raise SystemExit(pytest.main({words!r}))\n"
    )
    project.write("call.py", script)
    run = project.run(command=[sys.executable, "call.py"])
    assert run.ret == 0, run.err
    record = project.left_by(id_)
    assert (record.all_errors, record.run["exit_status"]) == ([], 0)


@pytest.mark.process
def test_a_run_whose_output_nobody_reads_has_not_passed(project: Project) -> None:
    project.write(
        "test_it.py",
        """
        import os, time

        def test_it():
            end = time.monotonic() + 60
            while not os.path.exists("closed") and time.monotonic() < end:
                time.sleep(0.01)

        def test_more():
            pass
        """,
    )
    id_ = "21111111-2222-4333-8444-555555555555"
    process = subprocess.Popen(
        project.command("-s", "-vv", correlation_id=id_),
        cwd=project.folder,
        env=project.environ(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()  # as head does
    project.write("closed", "")
    process.wait(60)
    record = project.left_by(id_)
    assert record.wait_for_end()["exit_status"] != 0
    assert {error.error_code for error in record.all_errors} == {"BrokenPipeError"}
    assert len(record.all_errors) == 1
