"""Checkouts in which pytest is run and recorded, and what the record then says of a test."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from psycopg import sql
from psycopg.rows import dict_row

from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from tests.support.environment import clean_environment

T = TypeVar("T")
R = TypeVar("R")
_SECONDS = 300
# The latest failure of the test that a pass recovered: earlier ones are recovered by the same pass.
_SAID = """
    SELECT t.node_id, c.recovery_strategy AS strategy, c.confidence_score::float8 AS confidence,
        c.recovery_path AS path, c.evidence
    FROM debug_error_success_correlation AS c
    JOIN debug_error_events AS e ON e.id = c.error_event_id
    JOIN debug_tasks AS t ON t.id = e.task_id
    WHERE t.project = %(project)s
    ORDER BY e.occurred_at
"""


@dataclass(frozen=True)
class Said:
    """What the record says of the latest recovery of a test.

    Attributes:
        strategy: of the recovery; empty where there is none.
        path: the strategy in words.
    """

    strategy: str = ""
    confidence: float = 0.0
    path: str = "no recovery"
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.strategy}: {self.path}" if self.strategy else self.path


@dataclass(frozen=True)
class RecordServer:
    """The one record of a benchmark."""

    conninfo: str
    schema: str = "truth"

    def said_of(self, project: str) -> dict[str, Said]:
        """Give what is said of each test of a project that passed again, by its node id."""
        with connect(self.conninfo) as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(self.schema)))
            rows = cursor.execute(_SAID.encode(), {"project": project}).fetchall()
        return {row.pop("node_id"): Said(**row) for row in rows}


@contextmanager
def record_server() -> Iterator[tuple[RecordServer, Path]]:
    """Give an empty record, and a folder for checkouts; both go at the end."""
    with tempfile.TemporaryDirectory(prefix="dl-truth-") as name:
        folder = Path(name).resolve()
        os.environ["XDG_STATE_HOME"] = str(folder / "state")
        with embedded_server(folder / "server", durable=False) as conninfo:
            server = RecordServer(conninfo)
            with connect(conninfo) as connection:
                migrate(connection, server.schema)
            yield server, folder


def several(call: Callable[[T], R], items: Iterable[T], jobs: int) -> list[R]:
    """Call a function for each item, several at once; an interruption begins no more.

    Args:
        call: the function.
        items: its arguments.
        jobs: how many at once.
    """
    with ThreadPoolExecutor(jobs) as pool:
        begun = [pool.submit(call, item) for item in items]
        try:
            return [future.result() for future in begun]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def start_afresh(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in a process that starts from nothing.

    Args:
        command: a command line.
        folder: to run it in.
        environment: its variables, all of them.
        timeout: in seconds.

    Raises:
        subprocess.TimeoutExpired: it took longer.
    """
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )


@dataclass(frozen=True)
class Checkout:
    """A folder that is a git checkout, and where its runs are recorded.

    Attributes:
        folder: rootdir of the runs.
        server: where they are recorded; None: they are not.
        project: the name that keeps its tests apart from all others in the record.
        start: runs a command, given its folder, its variables and how many seconds it may take.
    """

    folder: Path
    server: RecordServer | None = None
    project: str = ""
    start: Callable[[Sequence[str], Path, Mapping[str, str], float], subprocess.CompletedProcess[str]] = start_afresh

    def git(self, *arguments: str) -> str:
        """Run git there, and give what it printed."""
        identity = ("-c", "user.name=Truth", "-c", "user.email=truth@example.org", "-c", "commit.gpgsign=false")
        command = ["git", *identity, "-c", "init.defaultBranch=main", "-c", "advice.detachedHead=false", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"git {' '.join(arguments)} in {self.folder}: {done.stderr.strip()}")
        return done.stdout.strip()

    def run(
        self,
        *arguments: str,
        python: str = sys.executable,
        env: Mapping[str, str] | None = None,
        prefix: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run pytest.

        Args:
            arguments: of pytest.
            python: an interpreter; where it is another one, the run waits to be loaded by the benchmark's.
            env: more variables.
            prefix: a command before that of the interpreter.
        """
        command = [*prefix, python, "-m", "pytest", "-p", "pytest_debugloop.plugin", "-p", "no:cacheprovider"]
        is_other = python != sys.executable
        if self.server:
            command += [
                "--debugloop",
                "--debugloop-dsn",
                self.server.conninfo,
                "--debugloop-schema",
                self.server.schema,
            ]
            command += ["--debugloop-project", self.project, "--debugloop-wait", "120"]
            command += ["--no-debugloop-load"] if is_other else []
        done = self._call([*command, *arguments], env or {})
        if self.server and is_other:
            self.debugloop("load")
        return done

    def debugloop(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call the command on the record."""
        assert self.server is not None
        place = ["--dsn", self.server.conninfo, "--schema", self.server.schema, "--project", self.project]
        return self._call([sys.executable, "-m", "pytest_debugloop", *place, *arguments], {})

    def _call(self, command: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return self.start(command, self.folder, clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", **env), _SECONDS)
