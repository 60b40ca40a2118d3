"""A run and its loader where the loader of another run gets in between, and runs that are still going on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.environment.identity import process_start
from pytest_debugloop.journal.shared_names import LOADER_LOCK, STARTED_LOADER_BIT, STATUS_FILE
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.locks import locked
from pytest_debugloop.loading.process import follow
from pytest_debugloop.loading.waiting import load_waiting, waiting_runs
from pytest_debugloop.private import JOURNALS
from pytest_debugloop.summary.terminal import summary_lines, wait_for_status
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.support.records import Record

TOTALS = {"step": 57, "failure": 9, "recovery": 1}


@pytest.fixture
def order(any_record: Record, recorded_run: Path, tmp_path: Path) -> LoaderOrder:
    """What the loader of a short run is told: the run is over, and its process, this one, waits for a word."""
    folder = tmp_path / ".debugloop"
    run = folder / JOURNALS / recorded_run.name
    folder.mkdir(mode=0o700)
    run.parent.mkdir(mode=0o700)
    shutil.copytree(recorded_run, run, ignore=shutil.ignore_patterns(STATUS_FILE, LOADER_LOCK))
    head, *lines = (run / "main.jsonl").read_bytes().splitlines(keepends=True)
    values = json.loads(head)
    values["pid"] = os.getpid()
    values["facts"]["process_start"] = process_start(os.getpid())
    (run / "main.jsonl").write_bytes(b"".join([json.dumps(values).encode() + b"\n", *lines]))
    return LoaderOrder(folder, run, any_record.conninfo, any_record.schema, 18, 30, failures_limit=5)


def run_folder(order: LoaderOrder) -> Path:
    assert order.run_folder is not None
    return order.run_folder


def word_for(order: LoaderOrder) -> dict[str, Any]:
    status = wait_for_status(run_folder(order), 60)
    assert status is not None
    return status


def test_a_run_that_another_runs_loader_has_stored_is_told_so(order: LoaderOrder, any_record: Record) -> None:
    assert load_waiting(replace(order, run_folder=None)).stored == 1
    status = word_for(order)
    assert status["stored"] == TOTALS
    assert len(status["failures"]) == status["failing"] == 4
    follow(order)  # its own loader, which comes too late
    assert word_for(order) == status
    assert any_record.value("SELECT count(*) FROM debug_runs") == 1


def test_a_run_whose_folder_is_gone_waits_for_nobody(order: LoaderOrder) -> None:
    shutil.rmtree(run_folder(order))
    assert word_for(order)["problem"].startswith(
        "its journal no longer exists: another run's loader stored it, or somebody"
    )
    follow(order)
    assert not run_folder(order).exists()


def test_a_loader_waits_for_its_run_while_another_looks_at_it(order: LoaderOrder) -> None:
    waits = threading.Event()

    def follow_later() -> None:
        waits.set()
        follow(order)

    thread = threading.Thread(target=follow_later)
    with locked(run_folder(order)) as is_mine:
        assert is_mine
        thread.start()
        waits.wait(60)
        wait_until(lambda: _waiters(run_folder(order) / LOADER_LOCK) > 1)
        assert thread.is_alive()
    thread.join(60)
    assert word_for(order)["stored"] == TOTALS


def _waiters(lock: Path) -> int:
    """Count the descriptors that this process has of a file."""
    return sum(os.path.realpath(fd) == str(lock) for fd in Path("/proc/self/fd").iterdir())


def test_a_loader_that_others_came_before_is_waited_for(order: LoaderOrder) -> None:
    lock = run_folder(order) / LOADER_LOCK
    with locked(run_folder(order)):
        pass
    assert wait_for_status(run_folder(order), 0.5) is None
    with locked(run_folder(order), is_own=True):
        assert lock.stat().st_mode & STARTED_LOADER_BIT
    assert word_for(order)["problem"].startswith("the loader ended early")


# A run in another terminal.
GOES_ON = """
import json, os, sys
from pathlib import Path
from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.environment.identity import process_start

head = json.loads(sys.argv[2])
head |= {"pid": os.getpid(), "facts": {"process_start": process_start(os.getpid())}}
journal = Journal(Path(sys.argv[1]), json.dumps(head).encode() + b"\\n")
print("ready", flush=True)
sys.stdin.read()
"""


def test_a_run_that_goes_on_is_not_said_to_wait(order: LoaderOrder) -> None:
    folder = order.folder / JOURNALS / "of-another-terminal"
    folder.mkdir(mode=0o700)
    header = (run_folder(order) / "main.jsonl").read_bytes().splitlines()[0]
    command = [sys.executable, "-c", GOES_ON, str(folder / "main.jsonl"), header.decode()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        left = waiting_runs(order)
        assert (left.going_on, left.waiting) == ([folder], [])
        follow(order)
        status = word_for(order)
        assert (status["stored"], status["waiting"]) == (TOTALS, 0)
        assert len(summary_lines(status, "1", "here", [], 30)) == 1
        process.stdin.close()
        process.wait(60)
    left = waiting_runs(order)
    assert (left.going_on, left.waiting) == ([], [folder])


def test_folders_with_nothing_but_a_status_go_once_nobody_can_read_it(order: LoaderOrder) -> None:
    folders = [order.folder / JOURNALS / name for name in ("old", "new", "with something else")]
    for folder in folders:
        folder.mkdir(mode=0o700)
        for name in (STATUS_FILE, LOADER_LOCK):
            (folder / name).touch(0o600)
    (folders[2] / "notes.txt").touch(0o600)
    for folder in folders[::2]:
        os.utime(folder, (0, 0))
    load_waiting(order)
    assert [folder.exists() for folder in folders] == [False, True, True]
