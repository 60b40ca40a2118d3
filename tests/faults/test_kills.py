"""Processes killed in the middle: what was recorded by then is stored, and nothing twice."""

from __future__ import annotations

import signal
import subprocess
import uuid
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]
import pytest

from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.journal.shared_names import LOADER_VARIABLE
from tests.faults.support import Trouble, content, held, only_sentence, said, waiting
from tests.support.embedded import kill_server
from tests.support.projects import Run
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

SCHEMA = "agent_observability"
# What fails here is not to be recovered by the runs of the other tests.
OWN_HISTORY = ("--debugloop-project", "killed")


def test_a_killed_run_is_stored_up_to_where_it_died(held_trouble: Trouble) -> None:
    project = held_trouble.project
    correlation_id = str(uuid.uuid4())
    with held(project, correlation_id, project.command(*OWN_HISTORY, correlation_id=correlation_id)) as run:
        run.process.kill()
        assert run.process.wait() == -signal.SIGKILL
    record = project.left_by(correlation_id)
    assert record.wait_for_end()["exit_status"] is None
    (error,) = record.errors("test_hold")
    assert error.error_type == "process_crash"
    assert record.step("test_hold", "call").error_event_id == error.id
    assert "started" not in {s.status for s in record.all_steps}
    assert record.step("test_before", "teardown").status == "completed"
    stored = content(project.conninfo, project.schema, correlation_id)
    wait_until(lambda: waiting(held_trouble.folder) == [])
    assert held_trouble.load() == "0 runs stored, 0 still waiting."
    assert content(project.conninfo, project.schema, correlation_id) == stored


def test_a_run_killed_while_the_database_is_away_waits(held_trouble: Trouble) -> None:
    project = held_trouble.project
    correlation_id = str(uuid.uuid4())
    command = project.command(*OWN_HISTORY, "--debugloop-dsn", "host=/nowhere", correlation_id=correlation_id)
    with held(project, correlation_id, command) as run:
        run.process.kill()
        run.process.wait()
    wait_until(lambda: loaders(held_trouble.folder) == [])
    assert held_trouble.load() == "1 run stored, 0 still waiting."
    record = project.left_by(correlation_id)
    assert record.step("test_hold", "call").error_event_id == record.error("test_hold").id
    assert record.step("test_before", "teardown").status == "completed"


def test_a_killed_loader_costs_no_record(held_trouble: Trouble) -> None:
    project = held_trouble.project
    correlation_id = str(uuid.uuid4())
    with held(project, correlation_id, project.command(correlation_id=correlation_id)) as held_run:
        held_run.wait_for_steps(project.conninfo, project.schema)
        (loader,) = loaders(held_trouble.folder)
        loader.kill()
        wait_until(lambda: loaders(held_trouble.folder) == [])
        run = held_run.end()
    held_trouble.ended_as_without_us(run)
    line = only_sentence(run)
    assert "is not stored: the loader ended early (see " in line
    assert line.endswith("Its journals are kept for the next run or `debugloop load`.")
    held_trouble.all_waits_and_is_loaded(run)


def test_a_loader_that_is_told_to_end_leaves_no_server_and_costs_no_record(held_trouble: Trouble) -> None:
    correlation_id, command = held_trouble.embedded()
    with held(held_trouble.project, correlation_id, command) as held_run:
        wait_until((held_trouble.folder / "postgres" / "postmaster.pid").exists)
        with embedded_server(held_trouble.folder) as conninfo:
            held_run.wait_for_steps(conninfo, SCHEMA)
        (loader,) = loaders(held_trouble.folder)
        loader.terminate()
        wait_until(lambda: loaders(held_trouble.folder) == [])
        assert not (held_trouble.folder / "postgres" / "postmaster.pid").exists()
        run = held_run.end()
    held_trouble.ended_as_without_us(run)
    assert "is not stored: the loader was terminated (SIGTERM). Its journals are kept" in only_sentence(run)
    assert held_trouble.load(dsn="") == "1 run stored, 0 still waiting."
    with embedded_server(held_trouble.folder) as conninfo:
        assert content(conninfo, held_trouble.project.schema, correlation_id) == held_trouble.whole


def test_a_killed_server_costs_no_record(held_trouble: Trouble) -> None:
    correlation_id, command = held_trouble.embedded()
    with held(held_trouble.project, correlation_id, command) as held_run:
        wait_until((held_trouble.folder / "postgres" / "postmaster.pid").exists)
        with embedded_server(held_trouble.folder) as conninfo:
            held_run.wait_for_steps(conninfo, SCHEMA)
        kill_server(held_trouble.folder)
        run = held_run.end()
    held_trouble.ended_as_without_us(run)
    assert "is in .debugloop (embedded PostgreSQL)" in said(run)[0]
    assert len(said(run)) == 2
    with embedded_server(held_trouble.folder) as conninfo:
        assert content(conninfo, SCHEMA, correlation_id) == held_trouble.whole
    assert held_trouble.load(dsn="") == "0 runs stored, 0 still waiting."


def test_two_runs_at_once_share_a_folder(trouble: Trouble) -> None:
    both = [trouble.embedded(), trouble.embedded()]
    processes = [
        subprocess.Popen(
            command,
            cwd=trouble.project.folder,
            env=trouble.project.environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _, command in both
    ]
    for (correlation_id, _), process in zip(both, processes, strict=True):
        out, err = process.communicate(timeout=120)
        run = Run(process.returncode, out, err, trouble.project.left_by(correlation_id))
        trouble.ended_as_without_us(run)
        assert " is in .debugloop (embedded PostgreSQL)" in said(run)[0]
    with embedded_server(trouble.folder) as conninfo:
        for correlation_id, _ in both:
            assert content(conninfo, SCHEMA, correlation_id) == trouble.whole
    wait_until(lambda: waiting(trouble.folder) == [])


def loaders(folder: Path) -> list[psutil.Process]:
    """List the loaders that serve a folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if str(folder) in process.environ().get(LOADER_VARIABLE, "") and process.name() != "sh":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):  # noqa: PERF203
            continue
    return found
