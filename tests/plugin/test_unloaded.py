"""A run whose journals are left for later: no loader, no wait, nothing lost."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project

SUITE = """
    def test_good():
        pass

    def test_bad():
        found = 41
        assert found == 42
"""


def load(project: Project) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_debugloop", "load"],
        cwd=project.folder,
        env=project.environ(DEBUGLOOP_DSN=project.conninfo, DEBUGLOOP_SCHEMA=project.schema),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def journals(project: Project) -> list[str]:
    return sorted(path.name for path in (project.folder / ".debugloop" / "journals").glob("*/*"))


def test_a_run_that_is_not_to_be_loaded_leaves_its_journals_and_says_where(project: Project) -> None:
    project.write("test_any.py", SUITE)
    run = project.run("--no-debugloop-load")
    assert run.ret == 1
    (folder,) = (project.folder / ".debugloop" / "journals").iterdir()
    where = folder.relative_to(project.folder)
    assert f"debugloop: recording to {where} as {run.record.correlation_id}" in run.lines
    told = run.paragraph[-1]
    assert told.startswith(
        f"debugloop: run {run.record.correlation_id} waits in {where} to be stored: by `debugloop --dsn "
    )
    assert told.endswith(f" --schema {project.schema} load`, or the next run.")
    assert journals(project) == ["main.jsonl"]
    assert not (project.folder / ".debugloop" / "loader.log").exists()  # which a loader has from its first moment
    assert run.record.all_steps == []


def test_load_stores_what_such_a_run_left(project: Project) -> None:
    project.write("test_any.py", SUITE)
    run = project.run("--no-debugloop-load")
    assert load(project).startswith("1 run stored, 0 still waiting.")
    assert run.record.error("test_bad").locals == {"found": 41}
    assert run.record.run["exit_status"] == 1
    assert journals(project) == []


def test_the_next_run_stores_what_such_a_run_left(project: Project) -> None:
    project.write("test_any.py", SUITE)
    run = project.run("--no-debugloop-load")
    project.run("-k", "good")
    assert run.record.wait_for_end()["exit_status"] == 1


def test_a_run_that_is_not_to_be_loaded_needs_no_database(project: Project) -> None:
    project.write("test_any.py", SUITE)
    options = ["--debugloop", "--debugloop-dsn", "host=/nowhere", "--no-debugloop-load"]
    run = project.run(command=project.command(*options, recorded=False))
    assert run.ret == 1
    (told,) = (line for line in run.lines if line.startswith("debugloop: run "))
    assert "waits in .debugloop/journals/" in told


def test_workers_of_such_a_run_leave_their_journals_too(project: Project) -> None:
    pytest.importorskip("xdist")
    project.write("test_any.py", SUITE)
    run = project.run("-p", "xdist", "-n", "2", "--no-debugloop-load")
    assert run.ret == 1
    assert journals(project) == ["gw0.jsonl", "gw1.jsonl", "main.jsonl"]
    load(project)
    assert len(run.record.errors("test_bad")) == 1
