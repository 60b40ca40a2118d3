"""A run of which the record has nothing to say ends at once, and all others wait until they are stored."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.not_loaded import NotLoaded, not_loaded
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.journal.shared_names import LOADER_LOCK, NOTHING_OPEN_FILE
from tests.support.projects import Project, told_by_us
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import Server

UNSET = {"DEBUGLOOP_WAIT": ""}
LEFT = "had no failures, and is being stored in .debugloop (embedded PostgreSQL)."


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A suite with a first run, and a server that is up."""
    project = Project.new(tmp_path_factory.mktemp("short"))
    project.write("test_a.py", "def test_a(): pass")
    assert " steps, 0 failures" in paragraph(project, **UNSET)[0], "the first run waits"
    with embedded_server(project.folder / ".debugloop", durable=False):
        yield project


@pytest.fixture
def project(shared: Project) -> Project:
    """The suite, when no run of a test before is still being stored."""
    wait_until(lambda: not waiting(shared))
    return shared


def paragraph(project: Project, *arguments: str, **more: str) -> list[str]:
    """Run the suite, and give what we say at its end."""
    done = project.record("-q", *arguments, **more)
    said = told_by_us(done.stdout.splitlines())[0]
    return [line for line in said if "recording to" not in line and "waiting until" not in line]  # on a slow machine


@contextmanager
def locked(project: Project) -> Iterator[None]:
    """Have no run stored for a while."""
    with (
        embedded_server(project.folder / ".debugloop") as conninfo,
        psycopg.connect(conninfo) as connection,
        connection.transaction(),
    ):
        connection.execute("LOCK TABLE agent_observability.debug_runs IN ACCESS EXCLUSIVE MODE")
        yield


def waiting(project: Project) -> list[Path]:
    return list((project.folder / ".debugloop" / "journals").iterdir())


def loaders(project: Project) -> int:
    """Count the runs whose loader has begun."""
    return sum((folder / LOADER_LOCK).exists() for folder in waiting(project))


def is_left(project: Project, *arguments: str) -> bool:
    """Record a run that cannot be stored for now, see whether it waits for that, and let it be stored."""
    with locked(project):
        said = paragraph(project, *arguments, **UNSET)
    wait_until(lambda: not waiting(project))
    return said[0].endswith(LEFT)


def test_a_green_run_does_not_wait_and_is_found_at_once(project: Project) -> None:
    with locked(project):
        said = paragraph(project, **UNSET)
        assert said[0].endswith(LEFT)
        wait_until(lambda: loaders(project) == 1)
        again = paragraph(project, **UNSET)  # though the one before is not stored yet
        assert again[0].endswith(LEFT)
        wait_until(lambda: loaders(project) == 2)
    run = again[0].split()[2]
    assert again[1].endswith(f"debugloop show {run}")
    assert project.printed("show", "--json").count(run) >= 1, "a command waits for what is about to be stored"
    wait_until(lambda: not waiting(project))  # the loader leaves nothing


GOES_ON = """
import time
from pathlib import Path

def test_fails():
    assert not "this"

def test_goes_on():
    while not Path("go").exists():
        time.sleep(0.01)
"""


def test_a_failure_is_in_the_record_while_the_run_goes_on(tmp_path: Path) -> None:
    project = Project.new(tmp_path)
    project.write("test_a.py", "def test_a(): pass")
    project.record("-q")
    project.write("test_a.py", GOES_ON)
    failures = "SELECT count(*) FROM agent_observability.debug_error_events"
    with embedded_server(project.folder / ".debugloop", durable=False) as conninfo:
        environ = project.environ(**UNSET)
        command = [sys.executable, "-m", "pytest", "-p", "pytest_debugloop.plugin", "-q", "--debugloop"]
        with (
            subprocess.Popen(command, cwd=project.folder, env=environ, stdout=subprocess.DEVNULL) as run,
            psycopg.connect(conninfo, autocommit=True) as connection,
        ):
            try:
                wait_until(lambda: connection.execute(failures).fetchone() == (1,))
                assert run.poll() is None
            finally:
                (project.folder / "go").touch()


def test_what_is_not_loaded_is_told_when_nothing_is_about_to_be(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    found: list[NotLoaded] = []
    asking = threading.Thread(target=lambda: found.append(not_loaded(RecordLocation.from_settings({}))))
    with locked(project):
        assert paragraph(project, **UNSET)[0].endswith(LEFT)
        wait_until(lambda: loaders(project) == 1)
        asking.start()
        asking.join(0.5)
        assert not found
    asking.join()
    assert found == [NotLoaded()]


def test_a_run_that_fails_or_repairs_waits(project: Project) -> None:
    project.write("test_b.py", "import os\ndef test_b(): assert os.environ.get('BROKEN') is None")
    try:
        said = paragraph(project, BROKEN="1", **UNSET)
        assert "1 failure" in said[0]
        assert is_left(project, "-k", "test_a"), "another test is red"
        assert "1 recovery" in paragraph(project, "-p", "xdist", "-n", "1", **UNSET)[0]
        assert is_left(project, "-p", "xdist", "-n", "1")
    finally:
        (project.folder / "test_b.py").unlink()


def test_a_failed_attempt_in_a_worker_is_waited_for(project: Project) -> None:
    project.write("test_c.py", "tries = []\ndef test_c():\n    tries.append(1)\n    assert len(tries) > 1")
    try:
        said = paragraph(project, "-p", "xdist", "-n", "1", "--reruns", "1", **UNSET)
        assert "1 failure, 1 recovery" in said[0]
    finally:
        (project.folder / "test_c.py").unlink()


def test_a_run_waits_where_its_time_is_set_and_where_nothing_may_outlive_it(project: Project) -> None:
    for more in ({"DEBUGLOOP_WAIT": "30"}, {"CI": "1"} | UNSET):
        assert "0 failures" in paragraph(project, **more)[0], more


def test_a_run_that_earlier_ones_wait_for_waits_too(project: Project) -> None:
    project.record("-q", "--no-debugloop-load")
    assert len(waiting(project)) == 1
    said = paragraph(project, **UNSET)
    assert "0 failures" in said[0]
    assert "1 earlier run still waiting" in said[-1]
    wait_until(lambda: not waiting(project))


def test_a_long_wait_is_told(project: Project) -> None:
    project.write("test_d.py", "def test_d(): assert 0")
    try:
        with locked(project):
            seen = project.run_in_terminal("-q", "--debugloop-wait", "1.1")
        assert "is stored, at most 1.1 s (Ctrl-C: do not wait)" in seen.out
        wait_until(lambda: not waiting(project))
    finally:
        (project.folder / "test_d.py").unlink()


def test_on_a_server_of_many_the_loader_says_that_nothing_is_open(tmp_path: Path, any_postgres: Server) -> None:
    with any_postgres.record() as (conninfo, schema):
        project = Project.new(tmp_path, conninfo, schema)
        project.write(
            "test_a.py",
            f"""
            import time
            from pathlib import Path

            def test_a():
                while not list(Path(".debugloop/journals").glob("*/{NOTHING_OPEN_FILE}")):
                    time.sleep(0.01)
            """,
        )
        done = project.record("-q")
        assert done.returncode == 0, done.stdout
