"""What a rerun is planned from: a failure with its run, what began before it, and what is suspected."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_debugloop.journal.records import CRASHES
from pytest_debugloop.queries.debugging import Id
from pytest_debugloop.queries.failure_row import Failure
from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureToRerun(Failure):
    """A failure, and the run it is of.

    Attributes:
        task: the test's name across runs, None where the record has none.
        exception: the qualified name of its exception's class.
        places: file, line and role of the code it has to do with: its frames, innermost first, and its functions.
        started_at: when its run began.
        chain: the exceptions of the snapshot at the failure, as ``agent_state`` has them; None without a snapshot.
        files: the hash of each file of the project then, by its path from rootdir; None where it is not known.
    """

    run_id: uuid.UUID
    project: str
    task: str | None
    main_agent: str
    exception: str | None
    places: list[list[Any]] | None
    started_at: datetime
    rootdir: str
    command_line: list[str]
    python_version: str | None
    platform: str | None
    plugins: Mapping[str, str] | None
    git_commit: str | None
    files: Mapping[str, str] | None
    distributions: Mapping[str, str] | None
    environment: Mapping[str, str | None] | None
    random_seeds: Mapping[str, str] | None
    chain: list[dict[str, Any]] | None

    @property
    def test(self) -> str:
        """The name that the failed step has in the record: a node id, cut where it is long."""
        return self.operation_name or ""

    @property
    def is_crash(self) -> bool:
        """Whether its process died."""
        return self.error_type in CRASHES

    @property
    def is_collection(self) -> bool:
        """Whether it failed before any test ran: the collection of a file."""
        return self.phase == "collect"

    @property
    def patience(self) -> float:
        """Seconds that a rerun may take: five times what the run took up to the failure, and a minute."""
        return 60 + 5 * max((self.occurred_at - self.started_at).total_seconds(), 0)

    @property
    def worker(self) -> str:
        """The xdist worker that it happened in, empty for the process that the user started."""
        return self.worker_of(self.agent_name)

    def worker_of(self, agent: str) -> str:
        """Take the xdist worker out of the name of who executed in its run.

        Args:
            agent: of a step or an error.
        """
        return agent[len(self.main_agent) + 1 :] if agent.startswith(f"{self.main_agent}:") else ""


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """A test or a file that a process began; the attributes are columns of ``rerun_steps.sql``.

    Attributes:
        step_type: ``setup`` where an attempt of a test began, ``collect`` where a file was collected.
        task: the test's name across runs, None where the record has none.
    """

    step_type: str
    agent_name: str
    test: str
    task: str | None


@dataclass(frozen=True, slots=True)
class Suspect:
    """A test that may make others fail that run after it."""

    name: str


def failure_to_rerun(id: uuid.UUID) -> Question[FailureToRerun]:  # noqa: A002
    """Give a failure with its run; nothing where the record of its run is not there.

    Args:
        id: of the error.
    """
    return Question("rerun_failure", FailureToRerun, {"id": id})


def last_failure_of(task_id: uuid.UUID) -> Question[Id]:
    """Give the last failure of a test; nothing where it has not failed.

    Args:
        task_id: of the test.
    """
    return Question("rerun_last_failure", Id, {"task_id": task_id})


def steps_until(failure: FailureToRerun) -> Question[RecordedStep]:
    """List what the processes of a run began until a failure happened, in the order in which they did.

    Args:
        failure: which one.
    """
    values = {"run_id": failure.run_id, "correlation_id": failure.correlation_id, "until": failure.occurred_at}
    return Question("rerun_steps", RecordedStep, values)


def suspected_polluters(failure: FailureToRerun) -> Question[Suspect]:
    """List the tests that the record holds responsible for failures of a test.

    Args:
        failure: of the test.
    """
    return Question("rerun_suspects", Suspect, {"task_id": failure.task_id})
