"""A recorded run leaves its server to the next run and to the commands, until `debugloop stop`."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.database.lingering import keeper_of
from tests.cli.test_doctor import looked_at
from tests.support.ages import without_ages
from tests.support.embedded import server_pid
from tests.support.projects import Project
from tests.support.waiting import has_ended, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process
LINGER = {"DEBUGLOOP_LINGER": "600"}


def test_the_server_of_a_run_stays_until_it_is_stopped(tmp_path: Path) -> None:
    project = Project.new(tmp_path)
    project.write("test_a.py", "def test_a(): pass")
    folder = tmp_path / ".debugloop"
    run = subprocess.run(  # which waits for all who could write into the pipe
        [*project.command("-q"), "--debugloop-dsn", ""],
        cwd=tmp_path,
        env=project.environ(**LINGER),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "1 passed" in run.stdout
    try:
        keeper = wait_until(lambda: keeper_of(folder))
        pid = server_pid(folder)
        assert "<ago>  passed" in without_ages(project.printed("runs", **LINGER))
        assert server_pid(folder) == pid
        copy = tmp_path / "copy"
        subprocess.run(["cp", "-a", str(folder), str(copy)], check=True)  # as a backup does, at any time
        copied = project.debugloop("--dir", str(copy), "--trust", "runs")
        assert (copied.returncode, "<ago>  passed" in without_ages(copied.stdout)) == (0, True), copied
        found = looked_at(project, **LINGER)
        assert found["lingering"]["state"] == "ok"
        assert f"(process {pid}) runs for 600 s after its last use; process {keeper}" in found["lingering"]["message"]
        assert server_pid(folder) == pid, "doctor changes nothing"
        stopped = json.loads(project.printed("stop", "--json", **LINGER))
        assert (stopped["stopped"], stopped["folder"]) == (True, str(folder))
    finally:
        project.debugloop("stop")
    assert has_ended(pid)
    wait_until(lambda: has_ended(keeper))
    assert "is not running" in project.printed("stop")
    assert "is not running; it runs for 600 s" in looked_at(project, **LINGER)["lingering"]["message"]


def test_there_is_no_server_to_stop_where_one_is_named(tmp_path: Path) -> None:
    done = Project.new(tmp_path).debugloop("--dsn", "host=nowhere", "stop")
    assert done.returncode == 2
    assert "stop is for the embedded server" in done.stderr
