"""What tests and programs have recorded themselves: steps, checkpoints, transformations, calls, artifacts."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_debugloop.queries.question import Question


@dataclass(frozen=True, slots=True)
class Note:
    """A step that a test or a program has named.

    Attributes:
        step_type: ``step``, ``checkpoint``, ``transformation``, ``llm_call``, ``artifact`` or ``record`` of a test,
            ``execution`` for a step of a program.
        test: the node id of the test; None in a program.
        phase: of the test.
        depth: how many steps it is nested in.
        snapshot_id: of the state at it, or at its end.
        state: that state, if it is at most 20,000 bytes.
    """

    id: uuid.UUID
    step_number: int
    step_type: str
    name: str
    test: str | None
    phase: str | None
    depth: int
    status: str
    duration_ms: int | None
    started_at: datetime
    parent_step_id: uuid.UUID | None
    error_id: uuid.UUID | None
    input: Any
    output: Any
    metadata: Any
    snapshot_id: uuid.UUID | None
    state: Any


def notes_of_run(run_id: uuid.UUID, limit: int) -> Question[Note]:
    """Give what was recorded in a run, in the order of the steps.

    Args:
        run_id: of the run.
        limit: how many at most.
    """
    return Question("notes_of_run", Note, {"run_id": run_id, "limit": limit})


def notes_of_test(task_id: uuid.UUID, run_id: uuid.UUID | None, limit: int) -> Question[Note]:
    """Give what a test recorded in a run, in the order of the steps.

    Args:
        task_id: of the test.
        run_id: of the run; None for nothing.
        limit: how many at most.
    """
    return Question("notes_of_test", Note, {"task_id": task_id, "run_id": run_id, "limit": limit})
