"""The loader is nobody's child that a test could meet, and no application is started in its place."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project

BE_SUBREAPER = """
import ctypes, os, sys
assert ctypes.CDLL(None).prctl(36, *map(ctypes.c_ulong, (1, 0, 0, 0))) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""
# Whoever waits for any child of his gets none of ours, in tests and when all is over.
NO_CHILD = """
import os

import pytest

@pytest.fixture(scope="session", autouse=True)
def no_child():
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)

def pytest_unconfigure():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
"""
SUITE = """
import os

import pytest

def test_dies():
    if "DIES" in os.environ:
        os._exit(9)

def test_no_child():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
"""


def first_process() -> list[str]:
    """Begin the command line of the first process of a container."""
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *as_root, "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("no process can be the first here")
    return command


def subreaper() -> list[str]:
    """Begin the command line of a process that gets the orphans among its descendants."""
    return [sys.executable, "-c", BE_SUBREAPER]


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
@pytest.mark.parametrize("prefix", [first_process, subreaper], ids=["first process", "subreaper"])
def test_a_run_that_gets_orphans_gets_none_of_ours(project: Project, prefix: object) -> None:
    assert callable(prefix)
    project.write("conftest.py", NO_CHILD)
    project.write("test_suite.py", SUITE)
    died, correlation_id = str(uuid.uuid4()), str(uuid.uuid4())
    run = project.run(command=[*prefix(), *project.command(correlation_id=died)], env={"DIES": "1"})
    assert run.ret == 9
    assert len(list((project.folder / ".debugloop").glob("journals/*/main.jsonl"))) == 1
    run = project.run(command=[*prefix(), *project.command(correlation_id=correlation_id)])
    assert (run.ret, run.outcomes, run.err) == (0, {"passed": 2}, ""), run.out
    assert f"debugloop: run {project.left_by(correlation_id).short_id} is in " in run.out
    assert len(project.left_by(correlation_id).steps("", "call")) == 2
    # The loader could not have gone on alone: the run has waited until what was left before is stored too.
    assert project.left_by(died).run["status"] == "died"


@pytest.mark.parametrize("program", ["app", ""], ids=["an application", "nothing"])
def test_an_application_that_embeds_python_is_not_started(project: Project, program: str) -> None:
    app = project.write("app", "#!/bin/sh\ntouch started\n")
    app.chmod(0o755)
    found = str(app) if program else None
    project.write("conftest.py", f"import sys\nsys.executable = {found!r}\n")
    project.write("test_suite.py", "def test_ok(): pass\ndef test_bad(): assert 0\n")
    run = project.run("-p", "no:cacheprovider")
    assert (run.ret, run.outcomes, run.err) == (1, {"passed": 1, "failed": 1}, "")
    waits, why = run.paragraph[1:]
    told = re.match(r"debugloop: run ([0-9a-f]{8}) is waiting in \.debugloop/journals/\S*([0-9a-f]{8}): ", waits)
    assert told is not None
    assert told[1] == told[2]
    assert " load` stores it." in waits
    reason = f"sys.executable is {found!r}, which is not this run's Python interpreter"
    assert why == f"debugloop: the loader was not started ({reason})."
    assert not (project.folder / "started").exists()
    where = ("--dsn", project.conninfo, "--schema", project.schema)
    assert project.printed(*where, "load") == "1 run stored, 0 still waiting.\n"
    assert len(run.record.steps("", "call")) == 2
