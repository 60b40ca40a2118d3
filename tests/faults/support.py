"""A suite that knows every outcome, the ways it is run in trouble, and what must be in the database afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from tests.support.commands import call_command
from tests.support.projects import Project, Run, told_by_us
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = """
    import pytest

    @pytest.fixture
    def broken():
        raise OSError("no such thing")

    def test_pass():
        pass

    def test_fail():
        found = 41
        assert found == 42

    def test_error(broken):
        pass

    @pytest.mark.skip(reason="not today")
    def test_skip():
        pass

    @pytest.mark.parametrize("number", range(20))
    def test_many(number):
        pass
"""

# Goes in the middle of the suite by its name, and waits there until the test of ours has done its harm.
HOLD = """
    import pathlib, time

    def test_before():
        pass

    def test_hold():
        pathlib.Path("reached").touch()
        deadline = time.monotonic() + 120
        while not pathlib.Path("go").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
"""

# Nothing lost and nothing doubled: all that a run of the suite leaves, without ids and times.
_CONTENT = """
    SELECT json_build_object(
        'steps', (SELECT json_agg(concat_ws(' ', step_number, operation_name, step_type, status) ORDER BY step_number)
                  FROM debug_workflow_steps WHERE correlation_id = w.id),
        'errors', (SELECT json_agg(concat_ws(' ', operation_name, error_type, error_code) ORDER BY operation_name)
                   FROM debug_error_events WHERE correlation_id = w.id),
        'successes', (SELECT json_agg(concat_ws(' ', operation_name, success_type) ORDER BY operation_name)
                      FROM debug_success_events WHERE correlation_id = w.id),
        'runs', (SELECT json_agg(concat_ws(' ', status, exit_status)) FROM debug_runs WHERE correlation_id = w.id)
    ) FROM (SELECT {}::uuid AS id) AS w
"""


def content_query(correlation_id: str) -> sql.Composed:
    """Ask for all that a workflow left."""
    return sql.SQL(_CONTENT).format(sql.Literal(correlation_id))


def content(conninfo: str, schema: str, correlation_id: str) -> dict[str, Any]:
    """Give all that a workflow left."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(schema)))
        row = connection.execute(content_query(correlation_id)).fetchone()
    assert row is not None
    found: dict[str, Any] = row[0]
    return found


@dataclass(frozen=True)
class Trouble:
    """A suite about to be run in trouble.

    Attributes:
        project: the suite; a run of it goes to a server that is well, unless the test says otherwise.
        plain: how the suite ends where nothing is recorded.
        whole: what the suite leaves in the database where nothing goes wrong.
    """

    project: Project
    plain: Run
    whole: dict[str, Any] = field(repr=False)

    @property
    def folder(self) -> Path:
        """The folder of the record, where the settings want it."""
        return self.project.folder / ".debugloop"

    def run(self, *arguments: str, command: list[str] | None = None, **env: str) -> Run:
        """Run the suite, and see that it ends as it does without us."""
        run = self.project.run(*arguments, command=command, env=env)
        self.ended_as_without_us(run)
        return run

    def ended_as_without_us(self, run: Run) -> None:
        """See that a run ended as it does without us, and said so where people look."""
        assert (run.ret, run.outcomes, run.err) == (self.plain.ret, self.plain.outcomes, self.plain.err), run.out

    def embedded(self, *arguments: str) -> tuple[str, list[str]]:
        """Put the command together that records to an embedded server; give its workflow too."""
        correlation_id = str(uuid.uuid4())
        plain = self.project.command("--debugloop", recorded=False, correlation_id=correlation_id)
        return correlation_id, [*plain, *arguments]

    def load(self, *options: str, dsn: str | None = None, folder: Path | None = None) -> str:
        """Run `debugloop load`; give what it printed."""
        done = debugloop(
            self.project,
            *("--dsn", self.project.conninfo if dsn is None else dsn, "--schema", self.project.schema),
            *("--dir", str(folder or self.folder), *options, "load"),
        )
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.strip()

    def stored(self, run: Run) -> dict[str, Any]:
        """Give what is in the database of a run."""
        return content(self.project.conninfo, self.project.schema, run.record.correlation_id)

    def all_waits_and_is_loaded(self, run: Run, *options: str, folder: Path | None = None) -> None:
        """See that the trouble removed, one command stores all there is, and the same command again nothing."""
        assert self.load(*options) == "1 run stored, 0 still waiting."
        assert self.stored(run) == self.whole
        assert self.load(*options) == "0 runs stored, 0 still waiting."
        assert self.stored(run) == self.whole
        assert waiting(folder or self.folder) == []


def waiting(folder: Path) -> list[Path]:
    """List the journals that wait in a folder."""
    return list(folder.glob("journals/*/*"))


def debugloop(
    project: Project,
    *arguments: str,
    python: str = sys.executable,
) -> subprocess.CompletedProcess[str]:
    """Run the command: called, unless it is another interpreter's."""
    if python == sys.executable:
        return call_command(project.folder, *arguments, **project.environ())
    return subprocess.run(
        [python, "-m", "pytest_debugloop", *arguments],
        cwd=project.folder,
        env=project.environ(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )


@dataclass(frozen=True)
class Held:
    """A run that waits in the middle of a test."""

    project: Project
    process: subprocess.Popen[str]
    correlation_id: str

    def end(self) -> Run:
        """Let it go on, and wait for its end."""
        (self.project.folder / "go").touch()
        out, err = self.process.communicate(timeout=120)
        return Run(self.process.returncode, out, err, self.project.left_by(self.correlation_id))

    def wait_for_steps(self, conninfo: str, schema: str) -> None:
        """Wait until the loader has stored what came before."""

        def stored() -> bool:
            try:
                return len(content(conninfo, schema, self.correlation_id)["steps"] or ()) > 3
            except (psycopg.errors.UndefinedTable, psycopg.errors.DeadlockDetected):  # it makes the tables
                return False

        wait_until(stored)


@contextmanager
def held(project: Project, correlation_id: str, command: list[str]) -> Iterator[Held]:
    """Start a run, and wait until it is in the middle of a test."""
    process = subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environ(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until((project.folder / "reached").exists)
        yield Held(project, process, correlation_id)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def only_sentence(run: Run) -> str:
    """Give the one line that the run said about itself."""
    (line,) = said(run)
    return line


def said(run: Run) -> list[str]:
    """Give what the run said at its end of itself, and not of failures."""
    begin = run.lines.index("", run.lines.index(next(line for line in run.lines if line.startswith("collected "))))
    return [line for line in told_by_us(run.lines[begin:])[0] if line.startswith(("debugloop:", "  see more: "))]


def is_root() -> bool:
    """Tell whether we may mount, and be anybody."""
    return os.geteuid() == 0 and sys.platform == "linux"
