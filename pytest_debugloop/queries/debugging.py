"""What a session on recorded frames needs: a failure with its state, and the source that its run loaded."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_debugloop.queries.failure_row import Failure
from pytest_debugloop.queries.question import Question
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.states import recorded_state


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureToDebug(Failure):
    """A failure with its state, and what a session on it says of its run.

    Attributes:
        state: ``agent_state`` of its snapshot; None where none was captured.
        code_version: of the run; None where its code is not known.
    """

    rootdir: str | None
    git_commit: str | None
    git_branch: str | None
    python_version: str | None
    code_version: str | None
    state: AgentState | None


@dataclass(frozen=True, slots=True)
class SourceOfRun:
    """A function of a file that a run loaded; of a file without functions in the record, the file alone.

    Attributes:
        file: its path from the run's rootdir.
        file_hash: of what was in it, as git makes it.
        function: its qualified name.
        first: its first line in the file, from 1.
        last: its last line.
    """

    file: str
    file_hash: str
    function: str | None
    first: int | None
    last: int | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Id:
    """The id of something."""

    id: uuid.UUID


def failure_with_state(id: uuid.UUID) -> Question[FailureToDebug]:  # noqa: A002
    """Give a failure with its state.

    Args:
        id: of the error.
    """
    return Question("debug_failure", _failure, {"id": id})


def _failure(state: object, **columns: Any) -> FailureToDebug:
    return FailureToDebug(state=recorded_state(state), **columns)


def last_failure_with_state(task_id: uuid.UUID | None, project: str | None) -> Question[Id]:
    """Give the last failure whose state was captured.

    Args:
        task_id: only of this test; None for all.
        project: only of this one; None for all.
    """
    return Question("debug_last_failure", Id, {"task_id": task_id, "project": project})


def sources_of_run(code_version: str, files: Sequence[str]) -> Question[SourceOfRun]:
    """Give what is recorded of source files whose content at a run is known, in the order of each file.

    Args:
        code_version: of the run.
        files: paths from its rootdir.
    """
    return Question("debug_sources", SourceOfRun, {"code_version": code_version, "files": list(files)})
