"""A run of pytest inside a test is not recorded, whatever it inherits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project


def test_a_run_inside_a_test_is_not_recorded(project: Project) -> None:
    project.write("conftest.py", "pytest_plugins = 'pytester'\n")
    project.write(
        "test_outer.py",
        """
        import pytest

        @pytest.mark.parametrize("how", ["inline", "subprocess"])
        def test_outer(pytester, how):
            pytester.makepyfile(test_inner="def test_inner(): assert 0")
            result = pytester.runpytest_inprocess() if how == "inline" else pytester.runpytest_subprocess()
            result.assert_outcomes(failed=1)
            assert "debugloop" not in result.stdout.str()
        """,
    )
    run = project.run(env={"DEBUGLOOP": "1", "PYTEST_PLUGINS": "pytest_debugloop.plugin"})
    assert run.outcomes == {"passed": 2}, run.out
    assert run.record.steps("test_inner") == []
    assert len(run.record.steps("", "call")) == 2


INSIDE_OF_TESTS = """
import os
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
LOAD_NOT = ["--debugloop", "--no-debugloop-load"]


def printed(folder, *arguments):
    (folder / "test_in.py").write_text("def test_in(): pass")
    return subprocess.run([*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("ini", ["debugloop = true", "addopts = --debugloop"])
def test_what_is_inherited_does_not_count(tmp_path, ini):
    (tmp_path / "pytest.ini").write_text("[pytest]\\n" + ini)
    again = ["--debugloop", "--no-debugloop"] if "addopts" in ini else []
    assert "debugloop:" not in printed(tmp_path, *again)
    assert sorted(os.listdir(tmp_path)) == ["pytest.ini", "test_in.py"]


def test_the_own_command_line_counts(tmp_path):
    assert "debugloop: recording to " in printed(tmp_path, *LOAD_NOT)
    assert "debugloop: recording to " in printed(tmp_path, *LOAD_NOT, "-p", "xdist", "-n1")
    assert {path.name for path in tmp_path.glob(".debugloop/journals/*/*.jsonl")} >= {"main.jsonl", "gw0.jsonl"}


def test_the_second_run_in_this_process_is_one_inside_too(tmp_path, capfd):
    (tmp_path / "test_in_process.py").write_text("def test_in(): pass")
    for _ in range(2):
        pytest.main(["-p", "no:cacheprovider", str(tmp_path)])
        assert "debugloop:" not in capfd.readouterr().out
"""


@pytest.mark.process
@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "in a worker"])
def test_settings_that_a_run_inside_a_test_inherits_do_not_reach_it(project: Project, workers: tuple[str, ...]) -> None:
    project.write("test_outer.py", INSIDE_OF_TESTS)
    added = "-p pytest_debugloop.plugin --debugloop"
    run = project.run(*workers, env={"DEBUGLOOP": "1", "PYTEST_ADDOPTS": added, "PYTHONDONTWRITEBYTECODE": "1"})
    assert run.outcomes == {"passed": 4}, run.out
    assert {step.operation_name.partition("[")[0] for step in run.record.steps("", "call")} == {
        f"test_outer.py::{name}"
        for name in (
            "test_what_is_inherited_does_not_count",
            "test_the_own_command_line_counts",
            "test_the_second_run_in_this_process_is_one_inside_too",
        )
    }
