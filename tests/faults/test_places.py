"""Places that cannot be written: the record goes elsewhere, and one sentence says where and why."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import Trouble, held, is_root, said, waiting
from tests.support import groups
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.projects import Run

pytestmark = pytest.mark.process

LIMIT = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
os.execv(sys.argv[1], sys.argv[1:])
"""
# Python would cut the files of its cache too, and read them next time.
UNCACHED = {"PYTHONDONTWRITEBYTECODE": "1"}
AWAY = ("-p", "no:cacheprovider", "--debugloop-dsn", "host=/nowhere")


def test_a_rootdir_without_write_access_is_left_alone(trouble: Trouble) -> None:
    before = sorted(trouble.project.folder.iterdir())
    trouble.project.folder.chmod(0o555)
    try:
        run = run_after(trouble, without_privilege(), *AWAY, PYTHONDONTWRITEBYTECODE="1")
    finally:
        trouble.project.folder.chmod(0o755)
    assert sorted(trouble.project.folder.iterdir()) == before
    is_loaded_from_elsewhere(trouble, run, "Permission denied")


@groups.mounts
def test_a_read_only_file_system_is_left_alone(trouble: Trouble) -> None:
    with mounted(trouble.project.folder, "--bind", str(trouble.project.folder)):
        subprocess.run(["mount", "-o", "remount,ro,bind", trouble.project.folder], check=True)
        run = run_after(trouble, [], *AWAY)
    is_loaded_from_elsewhere(trouble, run, "Read-only file system")


def test_a_user_without_name_and_home_is_recorded_and_has_each_command(trouble: Trouble) -> None:
    folder, prefix = trouble.project.folder, ["env", "-u", "HOME", "-u", "XDG_STATE_HOME", *without_name()]
    folder.chmod(0o555)
    try:
        run = run_after(trouble, prefix, *AWAY, PYTHONDONTWRITEBYTECODE="1")
        (elsewhere,) = (folder.parent / "tmp").iterdir()
        assert said(run)[1:] == [
            f"debugloop: cannot write to {trouble.folder} (Permission denied): recording to {elsewhere} instead."
        ]
        env = trouble.project.environ(COLUMNS="1000")
        for name, status, told in (
            ("show", 1, "but there are journals: run `debugloop load`, or name a server with --dsn."),
            ("load", 0, "1 run stored, 0 still waiting."),
            ("show", 0, "assert 41 == 42"),
            ("doctor", 0, f"runs are recorded to {elsewhere}, because {trouble.folder} cannot be written"),
        ):
            command = [*prefix, sys.executable, "-m", "pytest_debugloop", name]
            done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
            assert done.returncode == status, done
            assert told in done.stdout + done.stderr, done
    finally:
        folder.chmod(0o755)
    assert waiting(elsewhere) == []


@groups.mounts
def test_a_disk_that_fills_up_in_the_middle_costs_no_record(trouble: Trouble) -> None:
    trouble.folder.mkdir(mode=0o700)
    with mounted(trouble.folder, "-t", "tmpfs", "-o", "size=12k", "none"):
        run = run_after(trouble, [])
        is_stored_in_spite_of(trouble, run, "No space left on device")


@groups.mounts
def test_a_disk_that_fills_up_behind_what_is_loaded_costs_no_record(held_trouble: Trouble) -> None:
    project = held_trouble.project
    held_trouble.folder.mkdir(mode=0o700)
    with mounted(held_trouble.folder, "-t", "tmpfs", "-o", "size=16k", "none"):
        correlation_id = str(uuid.uuid4())
        with held(project, correlation_id, project.command(correlation_id=correlation_id)) as held_run:
            held_run.wait_for_steps(project.conninfo, project.schema)
            run = held_run.end()
        held_trouble.ended_as_without_us(run)
        is_stored_in_spite_of(held_trouble, run, "No space left on device")


def test_a_limit_on_the_size_of_files_is_told_with_what_it_cost(trouble: Trouble) -> None:
    run = run_after(trouble, [sys.executable, "-c", LIMIT.format(8192)], *AWAY, **UNCACHED)
    waits, problem = said(run)
    assert "is not stored" in waits
    assert "main-spare.jsonl (File too large)" in problem
    assert re.search(r"\d+ records are lost, and what was written is stored; free some space\.$", problem)
    assert trouble.load().startswith("1 run stored, 0 still waiting.")
    assert 0 < len(trouble.stored(run)["steps"]) < len(trouble.whole["steps"])


def test_what_workers_of_xdist_lose_is_told_in_one_sum(trouble: Trouble) -> None:
    run = run_after(trouble, [sys.executable, "-c", LIMIT.format(4096)], *AWAY, "-p", "xdist", "-n", "2", **UNCACHED)
    (problem,) = [line for line in run.lines if "free some space" in line]
    # A worker that gets few tests has room for the rest of its records in its second file.
    told = r"cannot write to .*/gw\d(?:-spare)?\.jsonl \(File too large\).*: (\d+) records are lost"
    found = re.search(told, problem)
    assert found, problem
    assert trouble.load().startswith("1 run stored, 0 still waiting.")
    stored = trouble.stored(run)
    whole = trouble.whole
    # Of each step that is lost both lines are, or the one of its end.
    lost = len(whole["steps"]) - sum(step.split()[-1] != "started" for step in stored["steps"])
    assert int(found[1]) >= lost > 0


def run_after(trouble: Trouble, prefix: list[str], *arguments: str, **env: str) -> Run:
    """Run the suite by a command that is put before pytest's."""
    correlation_id = str(uuid.uuid4())
    command = [*prefix, *trouble.project.command(*arguments, correlation_id=correlation_id)]
    run = trouble.run(command=command, **env)
    return replace(run, record=trouble.project.left_by(correlation_id))


def is_loaded_from_elsewhere(trouble: Trouble, run: Run, reason: str) -> None:
    """See that a run was recorded to another folder, said so, and that the command finds it there."""
    (elsewhere,) = (trouble.project.folder.parent / "state" / "pytest-debugloop").iterdir()
    assert said(run)[1:] == [
        f"debugloop: cannot write to {trouble.folder} ({reason}): recording to {elsewhere} instead."
    ]
    assert not trouble.folder.exists()
    trouble.all_waits_and_is_loaded(run, folder=elsewhere)


def is_stored_in_spite_of(trouble: Trouble, run: Run, reason: str) -> None:
    """See that a run went on in another file, said so, and left nothing."""
    stored, see, *torn, problem = said(run)
    assert f"run {run.record.short_id} is in " in stored
    assert see.startswith("  see more: ")
    # The line that the disk took only a part of is in the other file as a whole.
    assert all(line.startswith("debugloop: 1 line of the journals could not be stored") for line in torn)
    assert f"main.jsonl ({reason}): nothing is lost" in problem
    assert problem.endswith("free some space.")
    assert trouble.stored(run) == trouble.whole
    wait_until(lambda: waiting(trouble.folder) == [])
    assert trouble.load() == "0 runs stored, 0 still waiting."
    assert waiting(trouble.project.folder.parent / "tmp" / f"pytest-debugloop-{os.getuid()}") == []


def without_privilege() -> list[str]:
    """Begin a command line in which modes hold for root too, who may look into any folder all the same."""
    if not is_root():
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("root obeys no modes without setpriv")
    return [setpriv, "--bounding-set", "-dac_override", "--inh-caps", "-dac_override"]


def without_name() -> list[str]:
    """Begin a command line that is run by a user number that has no name, and that owns what is ours."""
    command = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]
    if shutil.which("unshare") is None or subprocess.run([*command, "true"], check=False).returncode:
        pytest.skip("nobody can be a user without a name here")
    return command


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    """Mount something for a while."""
    if not is_root():
        pytest.skip("needs root on Linux to mount a file system")
    done = subprocess.run(["mount", *options, place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
