"""Tests that take away what recording stands on: all is recorded all the same, or one sentence says what is not."""

from __future__ import annotations

import os
import signal
import textwrap
import uuid
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]
import pytest

from pytest_debugloop.database.embedded import embedded_server
from tests.faults.support import Trouble, content, held, is_root, said, waiting
from tests.support.projects import Record
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.projects import Run

pytestmark = pytest.mark.process

# Done between two tests: what the suite leaves must be the same as without.
_HARM = """
import os, pathlib, resource, shutil, sys

ROOT = pathlib.Path(__file__).parent

def pytest_runtest_logfinish(nodeid):
    if nodeid.endswith("test_fail"):
        harm()

def harm():
"""


def harmed(trouble: Trouble, harm: str) -> None:
    trouble.project.write("conftest.py", _HARM + textwrap.indent(textwrap.dedent(harm), "    "))


CLOSED = """
for fd in range(100, 1000):  # which number ours is, no test knows
    try:
        os.close(fd)
    except OSError:
        continue
"""
HIJACKED = """
mine = os.open(ROOT / "mine", os.O_RDWR | os.O_CREAT)
for fd in range(100, 1000):
    try:
        os.fstat(fd)
        os.dup2(mine, fd)
    except OSError:
        continue
"""
NO_DESCRIPTOR_LEFT = CLOSED + "resource.setrlimit(resource.RLIMIT_NOFILE, (3, 4096))\n"
NO_MODULES_LEFT = """
for name in [name for name in sys.modules if name.startswith("pytest_debugloop")]:
    del sys.modules[name]
sys.path.clear()
sys.meta_path.clear()
"""
COPIED = "shutil.copytree(ROOT, ROOT.parent / 'copy')\n"
READ_ONLY = "os.umask(0o777)\n"


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(HIJACKED, id="hijacked"),
        pytest.param(NO_DESCRIPTOR_LEFT, id="closed, and no descriptor left"),
        pytest.param(NO_MODULES_LEFT, id="no modules left"),
        pytest.param(COPIED + READ_ONLY, id="copied, umask"),
        pytest.param(CLOSED, id="closed", marks=pytest.mark.thorough),
        pytest.param(COPIED, id="copied", marks=pytest.mark.thorough),
        pytest.param(READ_ONLY, id="umask", marks=pytest.mark.thorough),
    ],
)
def test_what_a_test_does_to_the_process_costs_nothing(trouble: Trouble, harm: str) -> None:
    harmed(trouble, harm)
    run = trouble.run("-p", "no:cacheprovider")
    assert f"run {run.record.short_id} is in " in said(run)[0]
    assert len(said(run)) == 2, run.out
    assert trouble.stored(run) == trouble.whole
    mine = trouble.project.folder / "mine"
    assert not mine.exists() or mine.read_bytes() == b""


REMOVED = "shutil.rmtree(ROOT / '.debugloop')\n"
SHORTENED = "[path.open('w').close() for path in ROOT.glob('.debugloop/journals/*/main.jsonl')]\n"


def test_a_removed_record_is_begun_again_at_the_end(trouble: Trouble) -> None:
    harmed(trouble, REMOVED)
    run = trouble.run()
    is_told_and_whole(trouble, run, "was removed during the run, and recording continued in ")
    assert waiting(trouble.folder) == []


def test_an_embedded_record_that_is_removed_with_its_server_is_begun_again(trouble: Trouble) -> None:
    harmed(trouble, REMOVED.replace(")", ", ignore_errors=True)"))
    correlation_id, command = trouble.embedded()
    run = trouble.run(command=command)
    assert "nothing is lost" in said(run)[-1]
    with embedded_server(trouble.folder) as conninfo:
        short_id = Record(conninfo, "agent_observability", correlation_id).short_id
        assert f"run {short_id} is in .debugloop (embedded PostgreSQL)" in said(run)[0]
        assert content(conninfo, "agent_observability", correlation_id) == trouble.whole


def test_a_record_that_is_removed_in_a_run_that_is_not_loaded_waits_where_it_is_said(trouble: Trouble) -> None:
    harmed(trouble, REMOVED)
    run = trouble.run("--no-debugloop-load")
    fallback = trouble.project.folder.parent / "tmp" / f"pytest-debugloop-{os.geteuid()}" / "journals"
    assert f" is waiting in {fallback}/{run.record.correlation_id}_" in said(run)[0]
    trouble.all_waits_and_is_loaded(run)


def test_a_shortened_journal_costs_what_was_not_stored_and_that_is_told(trouble: Trouble) -> None:
    harmed(trouble, SHORTENED)
    run = trouble.run()
    assert f"run {run.record.short_id} is in " in said(run)[0]
    assert "was shortened during the run, and recording continued in " in said(run)[-1]
    assert "at most" in said(run)[-1]
    steps = trouble.stored(run)["steps"]
    assert {line.split(" ", 1)[1] for line in trouble.whole["steps"][-60:]} <= {line.split(" ", 1)[1] for line in steps}


def is_told_and_whole(trouble: Trouble, run: Run, told: str) -> None:
    assert f"run {run.record.short_id} is in " in said(run)[0]
    assert told in said(run)[-1]
    assert ": nothing is lost, " in said(run)[-1]
    assert trouble.stored(run) == trouble.whole


# With a folder of the same name, without which pytest itself does not come to its end.
OTHER_ROOT = """
(ROOT / "root" / str(ROOT)[1:]).mkdir(parents=True)
os.chroot(ROOT / "root")
"""


@pytest.mark.skipif(not is_root(), reason="needs root, to be somebody else")
@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ("os.setuid(65534)\n", "a test changed the user of this process from 0 to 65534"),
        ("os.chroot(ROOT)\n", "a test changed the root directory of this process"),
    ],
    ids=["user", "root directory"],
)
def test_a_process_that_may_not_find_its_files_any_more_says_so_at_once(
    trouble: Trouble, harm: str, reason: str
) -> None:
    harmed(trouble, harm)
    plain = trouble.project.run("-p", "no:cacheprovider", recorded=False)
    run = trouble.project.run("-p", "no:cacheprovider")
    assert run.ret == plain.ret, run.out  # pytest's own end may fail in another root folder
    (line,) = said(run)
    assert f"was recorded, but what was stored is unknown here ({reason}): run `debugloop " in line
    run.record.wait_for_end()
    stored = trouble.stored(run)
    stored["errors"] = [error for error in stored["errors"] if not error.startswith("internal_error")]
    assert [stored[what] for what in ("steps", "errors")] == [trouble.whole[what] for what in ("steps", "errors")]


LEAVES_A_FORK = """
import os, pathlib, time

def test_before():
    pass

def test_hold():
    if os.fork():
        pathlib.Path("reached").touch()
        time.sleep(120)
    pathlib.Path("child").write_text(str(os.getpid()))
    os.setsid()
    os.closerange(0, 3)
    time.sleep(120)
"""


def test_a_fork_that_outlives_a_killed_run_does_not_keep_it_from_being_stored(held_trouble: Trouble) -> None:
    project = held_trouble.project
    project.write("test_a_hold.py", LEAVES_A_FORK)
    correlation_id = str(uuid.uuid4())
    child = project.folder / "child"
    command = project.command("--debugloop-project", "forks", correlation_id=correlation_id)
    with held(project, correlation_id, command) as run:
        wait_until(lambda: child.exists() and child.read_text() != "")
        try:
            run.process.kill()
            assert run.process.wait() == -signal.SIGKILL
            assert project.left_by(correlation_id).wait_for_end()["exit_status"] is None
            assert psutil.pid_exists(int(child.read_text()))
        finally:
            os.kill(int(child.read_text()), signal.SIGKILL)


def test_another_run_leaves_a_journal_alone_whose_process_goes_on(held_trouble: Trouble, tmp_path: Path) -> None:
    project = held_trouble.project
    correlation_id = str(uuid.uuid4())
    command = project.command("--debugloop-dsn", "host=/nowhere", correlation_id=correlation_id)
    with held(project, correlation_id, command) as held_run:
        for path in held_trouble.folder.rglob("*.jsonl"):
            path.read_bytes()
        assert "Not counted: 1 run in progress" in held_trouble.load()
        assert waiting(held_trouble.folder) != []
        held_run.end()
    assert held_trouble.load() == "1 run stored, 0 still waiting."
    assert content(project.conninfo, project.schema, correlation_id) == held_trouble.whole
