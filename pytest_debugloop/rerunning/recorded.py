"""What the record says of a failure and of the run it happened in: all that a rerun is planned from."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

CRASHES = frozenset({"worker_crash", "process_crash"})
"""The error types of a process that died: either its parent saw it, or nobody did."""


@dataclass(frozen=True, slots=True)
class RecordedFailure:
    """A failure, and the run it is of; the attributes are columns of ``rerun_failure.sql``.

    Attributes:
        test: the name that the failed step has in the record: a node id, cut where it is long.
        task: the test's name across runs, None where the record has none.
        exception: the qualified name of its exception's class.
        places: file, line and role of the code it has to do with: its frames, innermost first, and its functions.
        started_at: when its run began.
        chain: the exceptions of the snapshot at the failure, as ``agent_state`` has them; None without a snapshot.
        files: the hash of each file of the project then, by its path from rootdir; None where it is not known.
    """

    id: uuid.UUID
    run_id: uuid.UUID
    correlation_id: uuid.UUID
    project: str
    task_id: uuid.UUID | None
    test: str
    task: str | None
    agent_name: str
    main_agent: str
    error_type: str
    error_code: str | None
    error_message: str
    fingerprint: str | None
    phase: str | None
    attempt: int | None
    exception: str | None
    places: list[list[Any]] | None
    occurred_at: datetime
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
        return worker_of(self.agent_name, self.main_agent)


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


class Where(NamedTuple):
    """Where something failed, whatever it said.

    Attributes:
        exception: the qualified name of its class.
        frames: file and line of the project's frames, innermost first.
    """

    exception: str
    frames: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, exception: str | None, places: Iterable[Sequence[Any]] | None) -> Where | None:
        """Read it from what an error's metadata have; None where there is no frame.

        Args:
            exception: as in the metadata.
            places: the ``code`` of the metadata.
        """
        frames = tuple((str(file), int(line)) for file, line, role in places or () if role == "frame")
        return cls(exception, frames) if exception and frames else None


class Planned(NamedTuple):
    """A test that a rerun runs.

    Attributes:
        name: as in the record.
        task: its name across runs: what is left of it where an address or a moment is in its name.
    """

    name: str
    task: str | None = None


def worker_of(agent: str, main_agent: str) -> str:
    """Take the xdist worker out of the name of who executed.

    Args:
        agent: of a step or an error.
        main_agent: of the run.
    """
    return agent[len(main_agent) + 1 :] if agent.startswith(f"{main_agent}:") else ""
