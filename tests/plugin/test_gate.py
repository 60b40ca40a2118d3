"""A run whose user has asked for the gate exits as ``debugloop check`` says, and changes nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

SUITE = """
    import os, pytest

    def test_passes(): pass

    def test_red(): assert "red" not in os.environ["FAIL"]

    def test_other(): {other}

    {more}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An embedded record in which a test is red on main."""
    project = Project.new(tmp_path_factory.mktemp("gate"))
    project.write("test_it.py", SUITE.format(other="pass", more=""))
    project.git("init", "-q", "-b", "main")
    project.git("add", ".")
    project.git("commit", "-qm", "one")
    assert project.record(FAIL="red").returncode == 1
    project.git("checkout", "-qb", "feature")
    return project


def gate_line(output: str) -> str:
    (line,) = [line for line in output.splitlines() if line.startswith("debugloop: gate ")]
    return line


@pytest.mark.parametrize(
    ("other", "status", "says"),
    [
        ("", 0, "passed: nothing new fails; allowed: 1 still failing"),
        ("assert False", 1, "failed: 1 newly failing; allowed: 1 still failing"),
    ],
)
def test_a_failure_of_the_base_does_not_fail_the_run_and_a_new_one_does(
    project: Project, other: str, status: int, says: str
) -> None:
    project.write("test_it.py", SUITE.format(other=other or "pass", more=""))
    try:
        done = project.record("--debugloop-gate", FAIL="red")
        assert (done.returncode, gate_line(done.stdout)) == (status, f"debugloop: gate {says}")
        assert project.record(FAIL="red").returncode == 1
    finally:
        project.git("checkout", "-q", "test_it.py")


def test_a_run_that_passes_is_not_asked_about(project: Project) -> None:
    done = project.record("--debugloop-gate", FAIL="")
    assert done.returncode == 0
    assert "debugloop: gate" not in done.stdout


def test_an_error_in_collection_stays_one(project: Project) -> None:
    project.write("test_broken.py", "import nowhere_to_be_found")
    try:
        done = project.record("--debugloop-gate", "--continue-on-collection-errors", FAIL="red")
    finally:
        (project.folder / "test_broken.py").unlink()
    assert done.returncode == 1
    assert "outside of tests" in gate_line(done.stdout)


def test_what_another_plugin_has_failed_stays_failed(project: Project) -> None:
    project.write("conftest.py", "def pytest_sessionfinish(session): session.testsfailed += 1")
    try:
        done = project.record("--debugloop-gate", FAIL="red")
    finally:
        (project.folder / "conftest.py").unlink()
    assert done.returncode == 1
    assert "another plugin" in gate_line(done.stdout)


@pytest.mark.parametrize(("chosen", "status"), [("fail", 1), ("pass", 0)])
def test_where_no_server_answers_the_gate_is_closed_or_open_as_asked(tmp_path: Path, chosen: str, status: int) -> None:
    project = Project.new(tmp_path, "postgresql://127.0.0.1:1/none?connect_timeout=1")
    project.write("test_it.py", SUITE.format(other="pass", more=""))
    done = project.record("--debugloop-gate", f"--debugloop-gate-if-unknown={chosen}", "--debugloop-wait=3", FAIL="red")
    assert done.returncode == status
    assert gate_line(done.stdout).startswith("debugloop: gate unknown: ")


def test_a_check_that_breaks_is_told_by_its_last_line(project: Project) -> None:
    broken = "def pytest_configure():\n    from pytest_debugloop.recording import gate\n"
    broken += "    gate._BOOTSTRAP = 'import no_such_module'\n"
    project.write("conftest.py", broken)
    try:
        done = project.record("--debugloop-gate", FAIL="red")
    finally:
        (project.folder / "conftest.py").unlink()
    assert done.returncode == 1
    assert gate_line(done.stdout).endswith(
        "`debugloop check` failed: ModuleNotFoundError: No module named 'no_such_module'"
    )
