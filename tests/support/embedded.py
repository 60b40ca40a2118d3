"""Processes that use an embedded server, and what a test asks about the server they share."""

from __future__ import annotations

import atexit
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from pytest_debugloop.database.binaries import binaries
from pytest_debugloop.database.processes import is_server, read_pid
from tests.support.environment import CHECKOUT
from tests.support.waiting import has_ended, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

# Who root's server runs as, and somebody who has nothing to do with it.
NOBODY = next((entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall() if entry.pw_name == "nobody")
OTHER = next(
    (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall() if entry.pw_uid not in (0, os.geteuid(), NOBODY[0])
)
_WITHIN = """
import json, sys
from pathlib import Path
from pytest_debugloop.database.embedded import embedded_server
with embedded_server(Path(sys.argv[1]), **json.loads(sys.argv[2])) as conninfo:
    print(conninfo, flush=True)
    sys.stdin.read()
"""
# Becomes another user after the imports, for that user may not be let into the folders they come from.
_BECOME = """
import encodings.ascii, encodings.idna, json, os, psycopg, runpy, sys, traceback
from pathlib import Path
from pytest_debugloop.database import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.sql_files import sql_text
sql_text("pytest_debugloop.database", "guard")
try:
    psycopg.connect("host=/nowhere")  # imports what it needs
except psycopg.OperationalError:
    pass
sys.path.insert(0, sys.argv[4])
os.setgroups([])
os.setgid(int(sys.argv[2]))
os.setuid(int(sys.argv[1]))
os.chdir("/")
exec(sys.argv[3])
"""


class User:
    """A process inside the with-block of `embedded_server`."""

    def __init__(self, directory: Path, **arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WITHIN, str(directory), json.dumps({"durable": False, **arguments})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=CHECKOUT,
        )
        self._conninfo = ""

    @property
    def conninfo(self) -> str:
        """How to connect; waits until the process knows."""
        if not self._conninfo:
            assert self._process.stdout is not None
            self._conninfo = self._process.stdout.readline().decode().strip()
            assert self._conninfo, self._end()
        return self._conninfo

    def leave(self) -> None:
        """Let the process leave the with-block and end."""
        said = self._end()
        assert self._process.returncode == 0, said

    def kill(self) -> None:
        """Kill the process, so that it cannot tidy up."""
        self._process.kill()
        self._end()

    def _end(self) -> str:
        _, said = self._process.communicate()
        return said.decode()


@contextmanager
def user(directory: Path, **arguments: object) -> Iterator[User]:
    """Yield a user of the server who is gone in the end, however the test ends."""
    someone = User(directory, **arguments)
    try:
        yield someone
    finally:
        if someone._process.poll() is None:
            someone.kill()


@cache
def public_programs() -> Path:
    """Give the programs of PostgreSQL 18 where every user can run them: a copy, where the environment is private."""
    programs = binaries(18)
    if all(folder.stat().st_mode & 0o001 for folder in (programs, *programs.parents)):
        return programs
    site = programs.parents[2]
    copy = Path(tempfile.mkdtemp(prefix="dl-public-"))
    atexit.register(shutil.rmtree, copy)
    copy.chmod(0o755)
    for folder in site.glob(f"{programs.parents[1].name}*"):
        shutil.copytree(folder, copy / folder.name)
    return copy / programs.relative_to(site)


def run_as(who: tuple[int, int], code: str) -> subprocess.CompletedProcess[str]:
    """Run code as another user; needs root."""
    command = [sys.executable, "-c", _BECOME, *map(str, who), code, str(public_programs().parents[2])]
    return subprocess.run(command, capture_output=True, text=True, cwd=CHECKOUT, check=False, timeout=60)


def server_pid(directory: Path) -> int:
    """Return the process number of the running server, or 0."""
    data = directory / "postgres"
    pid = read_pid(data / "postmaster.pid")
    return pid if pid and is_server(pid, data) else 0


def kill_server(directory: Path) -> int:
    """Kill the server's first process with -9, and return the number it had."""
    pid = server_pid(directory)
    assert pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: has_ended(pid))
    return pid


def ask(conninfo: str, query: str) -> object:
    """Return the first value of a query's first row."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def tell(conninfo: str, statement: str) -> None:
    """Run a statement."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement.encode())
