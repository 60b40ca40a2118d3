"""Suites that are run by a pytest of their own, recorded, and the rows that this left."""

from __future__ import annotations

import glob
import shutil
import subprocess
import sys
import textwrap
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import class_row, dict_row

from tests.support import warm
from tests.support.commands import call_command
from tests.support.environment import EXAMPLE, clean_environment
from tests.support.terminal import in_terminal
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from typing_extensions import Self

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """A row of debug_workflow_steps."""

    id: uuid.UUID
    step_number: int
    step_type: str
    status: str
    operation_name: str
    step_description: str | None
    agent_name: str
    error_event_id: uuid.UUID | None
    success_event_id: uuid.UUID | None
    post_state_snapshot_id: uuid.UUID | None
    parent_step_id: uuid.UUID | None
    depends_on_steps: list[int] | None
    duration_ms: int | None
    metadata: dict[str, Any]
    started_at: datetime
    completed_at: datetime | None

    @property
    def outcome(self) -> str | None:
        """What pytest called it."""
        outcome: str | None = self.metadata.get("outcome")
        return outcome


@dataclass(frozen=True, slots=True)
class Error:
    """A row of debug_error_events, with its snapshot's state."""

    id: uuid.UUID
    error_type: str
    error_category: str
    error_severity: str
    error_message: str
    error_stack_trace: str | None
    error_code: str
    agent_name: str
    operation_name: str | None
    execution_step: int | None
    state: dict[str, Any] | None
    is_recoverable: bool
    recovery_attempted: bool
    recovery_successful: bool | None
    recovery_strategy: str | None
    metadata: dict[str, Any]
    occurred_at: datetime
    resolved_at: datetime | None

    @property
    def kind(self) -> tuple[str, str, str, str]:
        """How it is filed: type, category, severity and code."""
        return self.error_type, self.error_category, self.error_severity, self.error_code

    @property
    def frames(self) -> list[dict[str, Any]]:
        """The frames of the exception that failed the phase, outermost first."""
        assert self.state is not None
        frames: list[dict[str, Any]] = self.state["exceptions"][0]["frames"]
        return frames

    @property
    def locals(self) -> dict[str, Any]:
        """The locals of its innermost frame."""
        found: dict[str, Any] = self.frames[-1]["locals"]
        return found

    def fixture(self, name: str) -> Any:
        """The value of a fixture, found where a reference points to."""
        assert self.state is not None
        found = self.state["fixtures"][name]
        if isinstance(found, dict) and "$ref" in found:
            pointer, found = found["$ref"], self.state
            for part in pointer.split("/")[1:]:
                found = found[int(part)] if isinstance(found, list) else found[part]
        return found


@dataclass(frozen=True, slots=True)
class Success:
    """A row of debug_success_events."""

    id: uuid.UUID
    success_type: str
    operation_name: str
    agent_name: str
    execution_step: int | None
    quality_score: float | None
    completion_status: str
    retry_count: int
    metadata: dict[str, Any] | None


class Record:
    """What one workflow left in the database.

    Args:
        conninfo: of the server.
        schema: of the record.
        correlation_id: of the workflow.
    """

    def __init__(self, conninfo: str, schema: str, correlation_id: str) -> None:
        self.correlation_id = correlation_id
        self._conninfo = conninfo
        self._schema = schema

    def _rows(self, row: type[T], query: str) -> list[T]:
        with psycopg.connect(self._conninfo) as connection, connection.cursor(row_factory=class_row(row)) as cursor:
            self._enter(cursor)
            return cursor.execute(query, {"id": self.correlation_id}).fetchall()

    def _enter(self, cursor: psycopg.Cursor[Any]) -> None:
        cursor.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(self._schema)))

    def query(self, query: str) -> list[dict[str, Any]]:
        """Ask anything; ``%(id)s`` is the workflow."""
        with psycopg.connect(self._conninfo) as connection, connection.cursor(row_factory=dict_row) as cursor:
            self._enter(cursor)
            return cursor.execute(query, {"id": self.correlation_id}).fetchall()

    @cached_property
    def all_steps(self) -> list[Step]:
        """Every step, by number."""
        return self._rows(
            Step,
            "SELECT id, step_number, step_type, status, operation_name, step_description, agent_name, error_event_id,"
            " success_event_id, post_state_snapshot_id, parent_step_id, depends_on_steps, duration_ms, metadata,"
            " started_at, completed_at FROM debug_workflow_steps WHERE correlation_id = %(id)s ORDER BY step_number",
        )

    @cached_property
    def all_errors(self) -> list[Error]:
        """Every error, in order of time."""
        return self._rows(
            Error,
            "SELECT e.id, error_type, error_category, error_severity, error_message, error_stack_trace, error_code,"
            " e.agent_name, operation_name, e.execution_step, s.agent_state AS state, is_recoverable,"
            " recovery_attempted, recovery_successful, recovery_strategy, metadata, occurred_at, resolved_at"
            " FROM debug_error_events AS e LEFT JOIN debug_state_snapshots AS s ON s.id = e.state_snapshot_id"
            " WHERE e.correlation_id = %(id)s ORDER BY occurred_at, e.id",
        )

    @cached_property
    def all_successes(self) -> list[Success]:
        """Every success, in order of time."""
        return self._rows(
            Success,
            "SELECT id, success_type, operation_name, agent_name, execution_step, quality_score::float8,"
            " completion_status, retry_count, metadata FROM debug_success_events WHERE correlation_id = %(id)s"
            " ORDER BY occurred_at, id",
        )

    @cached_property
    def run(self) -> dict[str, Any]:
        """The only run of the workflow."""
        (run,) = self.query("SELECT * FROM debug_runs WHERE correlation_id = %(id)s")
        return run

    @property
    def short_id(self) -> str:
        """The id of the only run, as it is printed."""
        return str(self.run["id"])[-8:]

    def steps(self, test: str = "", step_type: str | None = None) -> list[Step]:
        """Select the steps of the tests whose name ends so."""
        return [s for s in self.all_steps if s.operation_name.endswith(test) and step_type in (None, s.step_type)]

    def step(self, test: str, step_type: str) -> Step:
        """Give the only step of a test that is of this type."""
        (step,) = self.steps(test, step_type)
        return step

    def errors(self, test: str = "") -> list[Error]:
        """Select the errors of the tests whose name ends so."""
        return [e for e in self.all_errors if (e.operation_name or "").endswith(test)]

    def error(self, test: str) -> Error:
        """Give the only error of a test."""
        (error,) = self.errors(test)
        return error

    def successes(self, test: str = "") -> list[Success]:
        """Select the successes of the tests whose name ends so."""
        return [
            s for s in self.all_successes if s.operation_name.endswith(test) and s.success_type != "task_completion"
        ]

    def wait_for_end(self) -> dict[str, Any]:
        """Wait until the loader has concluded the run."""

        def ended() -> bool:
            try:
                # What the run itself said of its end is stored before.
                rows = self.query("SELECT steps_total FROM debug_runs WHERE correlation_id = %(id)s")
            except psycopg.errors.UndefinedTable:
                return False
            return bool(rows) and all(row["steps_total"] is not None for row in rows)

        wait_until(ended)
        return self.run


@dataclass(frozen=True)
class Run:
    """One run of pytest, and what it recorded."""

    ret: int
    out: str
    err: str
    record: Record

    @cached_property
    def lines(self) -> list[str]:
        """What it printed, line by line."""
        return self.out.splitlines()

    @property
    def outcomes(self) -> dict[str, int]:
        """What the last line counts."""
        return pytest.RunResult.parse_summary_nouns(self.lines)

    @property
    def xdist_broke(self) -> bool:
        """Tell whether pytest-xdist itself ended it: a worker that replaces a crashed one came when all was over.

        Without us it does so as often: once in 24 runs with eight crashes each, on a busy machine.
        """
        return "INTERNALERROR" in self.out and "in add_node_collection" in self.out

    @property
    def paragraph(self) -> list[str]:
        """Our paragraph in the terminal summary."""
        return told_by_us(self.lines)[0]


@dataclass(frozen=True)
class Project:
    """A folder of tests, how pytest is run in it, and the command on its record.

    Attributes:
        folder: rootdir of the runs.
        conninfo: of the server that they record to; empty: the embedded one in the folder.
        schema: of the record there.
        environment: variables of its runs.
    """

    folder: Path
    conninfo: str = ""
    schema: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def new(cls, folder: Path, conninfo: str = "", schema: str = "", ini: str = "") -> Self:
        """Make a folder the rootdir of a suite."""
        project = cls(folder, conninfo, schema)
        project.write("pytest.ini", f"[pytest]\n{ini}")
        return project

    @classmethod
    def example(cls, folder: Path, conninfo: str = "", schema: str = "") -> Self:
        """Copy the example suite."""
        shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        return cls(folder, conninfo, schema)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the suite."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8", errors="surrogateescape")
        # Python takes byte code of the same second and size for that of the new text.
        for cached in path.parent.glob(f"__pycache__/{glob.escape(path.stem)}.*.pyc"):
            cached.unlink()
        return path

    def git(self, *arguments: str) -> str:
        """Run git there, and give what it printed."""
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
        done = subprocess.run(["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True)
        return done.stdout.decode().strip()

    # -- runs --

    def environ(self, **more: str) -> dict[str, str]:
        """Give the environment of a run: no plugins but those on its command line, and nothing of the outer run."""
        return clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", COLUMNS="160") | self.environment | more

    def command(self, *arguments: str, recorded: bool = True, correlation_id: str = "") -> list[str]:
        """Put a command line together; a run that is not recorded has the plugin all the same."""
        command = [sys.executable, "-m", "pytest", "-p", "pytest_debugloop.plugin"]
        if recorded:
            command += ["--debugloop", "--debugloop-dsn", self.conninfo, "--debugloop-schema", self.schema]
        if correlation_id:
            command += ["--debugloop-correlation-id", correlation_id]
        return [*command, *arguments]

    def run(
        self,
        *arguments: str,
        recorded: bool = True,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
        command: list[str] | None = None,
    ) -> Run:
        """Run pytest to its end."""
        correlation_id = str(uuid.uuid4())
        done = warm.run(
            command or self.command(*arguments, recorded=recorded, correlation_id=correlation_id if recorded else ""),
            self.folder,
            self.environ(**(env or {})),
            timeout,
        )
        return Run(done.returncode, done.stdout, done.stderr, self.left_by(correlation_id))

    def run_in_terminal(self, *arguments: str) -> Run:
        """Run pytest, recorded, in a terminal of its own."""
        correlation_id = str(uuid.uuid4())
        command = self.command(*arguments, correlation_id=correlation_id)
        environment: dict[str, Any] = self.environ()
        seen = in_terminal(self.folder, program=command, columns=160, **environment)
        return Run(seen.returncode, seen.raw, "", self.left_by(correlation_id))

    def record(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the suite, recorded, with settings from the environment alone and a plugin that can try tests again."""
        plugins = ("pytest_debugloop.plugin", "pytest_rerunfailures")
        words = [word for name in plugins for word in ("-p", name)]
        settings = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", *words, "--debugloop", *arguments]
        return warm.run(command, self.folder, clean_environment(**(settings | self.variables | more)))

    # -- the record --

    @property
    def variables(self) -> dict[str, str]:
        """The variables that lead to its record, and those of its own."""
        where = {"DEBUGLOOP_DSN": self.conninfo, "DEBUGLOOP_SCHEMA": self.schema} if self.conninfo else {}
        return where | self.environment

    def left_by(self, correlation_id: str) -> Record:
        """Give what a workflow left."""
        return Record(self.conninfo, self.schema, correlation_id)

    def connect(self) -> psycopg.Connection[dict[str, Any]]:
        """Connect to its record on a server."""
        connection = psycopg.connect(self.conninfo, autocommit=True, row_factory=dict_row)
        connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(self.schema)))
        return connection

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Ask the record on a server, of all workflows."""
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def debugloop(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Call the command there."""
        return call_command(self.folder, *arguments, **(self.variables | more))

    def printed(self, *arguments: str, **more: Any) -> str:
        """Call the command there, which is to succeed, and give what it prints."""
        done = self.debugloop(*arguments, **more)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout


def told_by_us(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part the lines that this plugin printed from all others: what is known of failures stands below the count."""
    ours: list[str] = []
    others: list[str] = []
    is_inside = False
    for line in lines:
        is_inside = is_inside and line.startswith("  ")
        (ours if is_inside or line.startswith("debugloop:") else others).append(line)
        if line.startswith("debugloop: run ") and (" is in " in line or " is being stored in " in line):
            is_inside = True
        elif line.startswith("  see more: debugloop"):
            is_inside = False
    return ours, others
