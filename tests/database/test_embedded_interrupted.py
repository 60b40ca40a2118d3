"""Ctrl-C, at whatever line and however often, leaves no server behind."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.database import embedded
from pytest_debugloop.database.postmaster import Postmaster
from pytest_debugloop.database.processes import is_alive
from tests.support.embedded import server_pid
from tests.support.environment import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

# Uses the server in a child for each line that is to be interrupted, and prints at which the server was left behind.
SCRIPT = """
import contextlib, json, os, signal, subprocess, sys
from pathlib import Path
from pytest_debugloop.database import embedded, interruptions, postmaster
from pytest_debugloop.database.processes import is_alive
from tests.support.embedded import ask, server_pid

directory, times, lines = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
traced = {module.__file__ for module in (embedded, interruptions, postmaster, contextlib)}
signal.signal(signal.SIGINT, signal.default_int_handler)

def use(interrupted):
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if frame.f_code.co_filename not in traced:
            return None
        if event in ("call", "line"):
            seen += 1
            if interrupted <= seen < interrupted + times:
                os.kill(os.getpid(), signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        with embedded.embedded_server(directory, durable=False) as conninfo:
            ask(conninfo, "SELECT 1")
    finally:
        sys.settrace(None)
    return seen

def in_a_child(interrupted):
    child = os.fork()
    if child == 0:
        with contextlib.suppress(KeyboardInterrupt):
            use(interrupted)
        sys.exit()
    os.waitpid(child, 0)

count = use(1 << 30)
left = []
for line in range(1, count, max(count // lines, 1) if lines else 1):
    in_a_child(line)
    if pid := server_pid(directory):
        left.append(line)
        os.kill(pid, signal.SIGINT)
        while is_alive(pid):
            pass
print(json.dumps([count, left]))
"""
# All of them take minutes.
LINES = 0 if os.environ.get("DEBUGLOOP_TEST_INTERRUPTIONS") == "all" else 10


@pytest.mark.parametrize("times", [1, 3])
def test_an_interruption_at_any_line_leaves_no_server(directory: Path, times: int) -> None:
    command = [sys.executable, "-c", SCRIPT, str(directory), str(times), str(LINES)]
    ran = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    count, left = json.loads(ran.stdout)
    assert count > 100
    assert left == []


def test_interruptions_while_the_server_is_launched_leave_none(directory: Path) -> None:
    script = """
import os, signal, subprocess, sys
from pathlib import Path
from pytest_debugloop.database.embedded import embedded_server

signal.signal(signal.SIGINT, signal.default_int_handler)

def launch(*arguments, run=subprocess.run, **options):
    launched = run(*arguments, **options)
    if launched.stdout and launched.stdout.strip().isdigit():
        print(int(launched.stdout))
        for _ in range(3):  # nobody else knows the server's number yet
            os.kill(os.getpid(), signal.SIGINT)
    return launched

subprocess.run = launch
try:
    with embedded_server(Path(sys.argv[1]), durable=False):
        print("not interrupted")
except KeyboardInterrupt:
    print("interrupted")
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(directory)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True
    )
    launched, end = ran.stdout.split(maxsplit=1)
    assert end == "interrupted\n"
    assert not is_alive(int(launched))


def test_who_gives_up_waiting_and_who_is_interrupted_do_not_leave_the_server_to_each_other(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_looked, has_given_up = threading.Event(), threading.Event()
    is_alone = embedded._is_alone

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    def look(users: int) -> bool:
        found = is_alone(users)
        if threading.current_thread() is joining and not has_looked.is_set():
            has_looked.set()  # holds the lock until the other one has given up
            assert has_given_up.wait(60)
        return found

    def join() -> None:
        with contextlib.suppress(KeyboardInterrupt), embedded.embedded_server(directory, durable=False):
            pass

    joining = threading.Thread(target=join)
    with embedded.embedded_server(directory, durable=False):
        assert server_pid(directory)
        monkeypatch.setattr(Postmaster, "run", interrupted)
        monkeypatch.setattr(embedded, "_is_alone", look)
        joining.start()
        assert has_looked.wait(60)
        monkeypatch.setattr(embedded, "_PATIENCE", 0)
    has_given_up.set()
    joining.join(60)
    assert not server_pid(directory)
