"""A run whose journals are left for later: no loader, no wait, nothing lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run

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
    assert f"debugloop: recording to {where} as run {folder.name[-8:]}" in run.lines
    told = run.paragraph[-1]
    assert told.startswith(
        f"debugloop: run {folder.name[-8:]} is waiting in {where}: the next run or `debugloop --dsn "
    )
    assert told.endswith(f" --schema {project.schema} load` stores it.")
    assert journals(project) == ["code.jsonl", "loader.lock", "main.jsonl"]
    assert (project.folder / ".debugloop" / "loader.log").read_text(encoding="utf-8") == ""
    assert run.record.all_steps == []


def test_load_stores_what_such_a_run_left(project: Project) -> None:
    project.write("test_any.py", SUITE)
    run = project.run("--no-debugloop-load")
    assert load(project).startswith("1 run stored, 0 still waiting.")
    assert run.record.error("test_bad").locals == {"found": 41}
    assert run.record.run["exit_status"] == 1
    assert journals(project) == []


def test_what_is_not_loaded_yet_is_said_before_anything_else(project: Project) -> None:
    project.write("test_any.py", SUITE)
    loaded = project.run()
    later = project.run("-k", "good", "--no-debugloop-load")
    told = "Not yet in the record: 1 run waiting for `debugloop load`."
    for arguments in (["show"], ["show", "--brief"], ["runs"], ["runs", "--branch", "none"], ["history", "test_bad"]):
        assert project.printed(*arguments).splitlines()[0] == told
    for arguments in (["show"], ["show", "--brief"], ["runs"], ["history", "test_bad"]):
        answer = json.loads(project.printed(*arguments, "--json"))
        assert answer["not_loaded"] == {"waiting": 1, "going_on": 0, "set_aside": 0}
    load(project)
    assert "Not yet" not in project.printed("show")
    assert {run["correlation_id"] for run in json.loads(project.printed("runs", "--json"))["runs"]} == {
        loaded.record.correlation_id,
        later.record.correlation_id,
    }


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
    assert "is waiting in .debugloop/journals/" in told


def code_of(run: Run) -> dict[str, Any]:
    """What is recorded of the code that a run was run on."""
    (row,) = run.record.query(
        "SELECT code_version, git_tree, distributions, environment FROM debug_runs WHERE correlation_id = %(id)s"
    )
    return row


def checked_out(project: Project) -> Project:
    project.write("test_any.py", SUITE)
    project.write(".gitignore", "__pycache__/\n.pytest_cache/\n.debugloop/\n")
    project.git("init", "-q")
    project.git("add", "-A")
    project.git("commit", "-qm", "x")
    return project


def test_the_code_of_a_run_that_is_loaded_later_is_what_it_was_run_on(project: Project) -> None:
    now = checked_out(project).run()
    later = project.run("--no-debugloop-load")
    project.write("test_any.py", "# another one\n")
    project.git("commit", "-qam", "y")
    load(project)
    assert code_of(later) == code_of(now)
    assert code_of(later)["code_version"] is not None


def test_it_is_looked_at_by_whoever_loads_where_nobody_did_and_the_checkout_is_the_same(project: Project) -> None:
    now = checked_out(project).run()
    same, changed = (project.run("--no-debugloop-load", "--debugloop-wait=0") for _ in range(2))
    assert "code.jsonl" not in journals(project)
    (journal,) = (project.folder / ".debugloop/journals").glob(f"{changed.record.correlation_id}*/main.jsonl")
    os.utime(journal, ns=(1, 1))  # before the files were written
    load(project)
    assert code_of(same)["code_version"] == code_of(now)["code_version"]
    assert code_of(same)["distributions"] is None
    assert code_of(changed)["code_version"] is None


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.write("test_any.py", SUITE + "\n"),
        lambda project: os.utime(project.write("new.py", ""), ns=(time.time_ns() + 10**9,) * 2),
        lambda project: project.git("commit", "--allow-empty", "-qm", "y"),
    ],
    ids=["a loaded file", "a new file", "a commit"],
)
def test_it_is_not_known_where_something_has_changed_since(
    project: Project, change: Callable[[Project], object]
) -> None:
    later = checked_out(project).run("--no-debugloop-load", "--debugloop-wait=0")
    change(project)
    load(project)
    assert code_of(later)["code_version"] is None


def test_a_run_that_can_start_nothing_says_that_its_code_is_not_looked_at(project: Project) -> None:
    project.write("test_any.py", SUITE)
    project.write(
        "conftest.py",
        "import pytest_debugloop.summary.loader_start as l\n\ndef broken(*a, **k):\n"
        "    raise PermissionError(1, 'not permitted')\n\nl._spawn = broken\n",
    )
    run = project.run("--no-debugloop-load")
    assert run.ret == 1
    assert run.lines[-2].startswith(
        "debugloop: the code of this run was not recorded (not permitted): `debugloop load`"
    )
    load(project)
    assert code_of(run)["code_version"] is not None


def test_workers_of_such_a_run_leave_their_journals_too(project: Project) -> None:
    pytest.importorskip("xdist")
    project.write("test_any.py", SUITE)
    run = project.run("-p", "xdist", "-n", "2", "--no-debugloop-load")
    assert run.ret == 1
    assert journals(project) == ["code.jsonl", "gw0.jsonl", "gw1.jsonl", "loader.lock", "main.jsonl"]
    load(project)
    assert len(run.record.errors("test_bad")) == 1
