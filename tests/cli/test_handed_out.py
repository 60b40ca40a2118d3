"""A record that somebody hands out is opened after one question, or with --trust, and by a run not at all."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.embedded import server_pid
from tests.support.projects import Project
from tests.support.terminal import in_terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

SUITE = """
    def test_red():
        found = 41
        assert found == 42
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a record."""
    project = Project.new(tmp_path_factory.mktemp("theirs") / "suite")
    project.write("test_suite.py", SUITE)
    assert project.record().returncode == 1
    wait_until(lambda: not server_pid(project.folder / ".debugloop"))  # who copies a record has left it
    return project


@pytest.fixture
def handed_out(theirs: Project, tmp_path: Path) -> Project:
    """The same, as it looks where somebody has unpacked it."""
    project = Project.new(tmp_path / "suite")
    project.write("test_suite.py", SUITE)
    subprocess.run(["cp", "-a", theirs.folder / ".debugloop", project.folder], check=True)
    return project


def refusal(project: Project) -> str:
    folder = project.folder / ".debugloop"
    return (
        f"Another user or machine made {folder}, which may contain programs: open it with `debugloop status --trust`."
    )


def test_without_a_terminal_it_is_refused_until_somebody_trusts_it(handed_out: Project) -> None:
    for arguments in (["runs"], ["show", "--json"], ["sql", "-c", "SELECT 1"], ["load"], ["prune", "--keep", "1"]):
        done = handed_out.debugloop(*arguments)
        message = json.loads(done.stderr)["message"] if "--json" in arguments else done.stderr
        said = refusal(handed_out) if "--json" in arguments else f"Error: {refusal(handed_out)}\n"
        assert (done.returncode, message) == (1, said), arguments
    doctor = handed_out.debugloop("doctor")
    assert doctor.returncode == 1
    assert "Another user or machine made" in doctor.stdout
    assert "failed" in handed_out.printed("--trust", "runs")
    assert "failed" in handed_out.printed("runs")


def test_a_terminal_is_asked_once(handed_out: Project) -> None:
    no = in_terminal(handed_out.folder, "runs", keys="n\n")
    assert no.returncode == 1
    assert "Open it anyway? [y/N]:" in " ".join(no.text.split())
    assert "Aborted!" in no.text
    yes = in_terminal(handed_out.folder, "runs", keys="y\n")
    assert yes.returncode == 0
    assert "failed" in yes.text
    again = in_terminal(handed_out.folder, "runs")
    assert (again.returncode, "Open it anyway" in again.text) == (0, False)


def test_a_run_leaves_its_journals_beside_it_and_says_why(handed_out: Project) -> None:
    ran = handed_out.record()
    assert (ran.returncode, "1 failed" in ran.stdout) == (1, True)
    assert refusal(handed_out).rstrip(".") in " ".join(ran.stdout.split())
    loaded = handed_out.debugloop("load", "--trust")
    assert loaded.stdout.startswith("1 run stored, 0 still waiting.")
    assert handed_out.printed("runs").count("failed") == 2
