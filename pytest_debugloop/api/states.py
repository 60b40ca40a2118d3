"""Captures states of a workflow, alone or where one agent becomes another.

Each function is one transaction: all of it is stored, or nothing. Names are cut at 255 characters, as everywhere in the
record.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, TypeAlias

from pytest_debugloop.api import statements
from pytest_debugloop.api.storable import mapping_text, uuid_of, uuid_or_none
from pytest_debugloop.api.values import Transformation
from pytest_debugloop.errors import NotStorableError, RefusedValueError
from pytest_debugloop.queries.question import Steps, first, one

GivenId: TypeAlias = uuid.UUID | str
"""An id, or its text."""

Stored: TypeAlias = Mapping[str, Any]
"""A mapping that JSON can hold."""


def capture_state_snapshot(
    snapshot_type: str,
    correlation_id: GivenId,
    agent_name: str,
    agent_state: Stored,
    task_description: str | None = None,
    session_id: GivenId | None = None,
    execution_step: int | None = None,
) -> Steps[uuid.UUID]:
    """Capture a state, by the function of the same name in PostgreSQL.

    Args:
        snapshot_type: ``error``, ``success``, ``checkpoint``, ``pre_transform`` or ``post_transform``.
        correlation_id: of the workflow, a UUID or its text.
        agent_name: whose state it is.
        agent_state: it, as a mapping that JSON can hold. It is stored as it is: nothing is redacted or cut.
        task_description: what the agent was trying to do.
        session_id: of the session, a UUID or its text.
        execution_step: number of the step in the workflow.

    Returns:
        The id of the snapshot. A state that is stored already keeps its id.

    Raises:
        NotAUuidError, NotStorableError, RefusedValueError: an argument cannot be stored.
    """
    if agent_state is None:
        raise NotStorableError(where="agent_state", reason="it is None and not a mapping")
    asked = statements.snapshot(
        snapshot_type=snapshot_type,
        correlation_id=uuid_of(correlation_id, "correlation_id"),
        agent_name=agent_name,
        state=mapping_text(agent_state, "agent_state"),
        task_description=task_description,
        session_id=uuid_or_none(session_id, "session_id"),
        execution_step=execution_step,
    )
    return (yield from one(asked)).id


def log_transformation_with_state(
    source_agent: str,
    target_agent: str,
    correlation_id: GivenId,
    agent_state: Stored,
    *,
    reason: str | None = None,
    session_id: GivenId | None = None,
    user_request: str | None = None,
    event_type: str = "transformation_complete",
) -> Steps[Transformation]:
    """Log that one agent became another, in ``agent_transformation_events``, with the state of the first before.

    Args:
        source_agent: who it was.
        target_agent: who it became.
        correlation_id: of the workflow, a UUID or its text.
        agent_state: of the source, see :func:`capture_state_snapshot`.
        reason: why.
        session_id: of the session, a UUID or its text.
        user_request: what the user had asked for.
        event_type: ``transformation_start``, ``transformation_complete`` or ``transformation_failed``.

    Returns:
        The ids of the transformation and of its snapshot, which refer to each other.

    Raises:
        NotAUuidError, NotStorableError, RefusedValueError: an argument cannot be stored.
    """
    snapshot_id = yield from capture_state_snapshot(
        "pre_transform", correlation_id, source_agent, agent_state, reason, session_id
    )
    logged = Transformation(uuid.uuid4(), snapshot_id)
    asked = statements.transformation(
        id=logged.id,
        event_type=event_type,
        correlation_id=uuid_of(correlation_id, "correlation_id"),
        session_id=uuid_or_none(session_id, "session_id"),
        source_agent=source_agent,
        target_agent=target_agent,
        reason=reason,
        user_request=user_request,
        snapshot_id=snapshot_id,
    )
    trouble = (yield from one(asked)).trouble
    if trouble is not None:
        raise RefusedValueError(reason=trouble)
    yield from first(statements.snapshot_transformed(snapshot_id, logged.id))
    return logged
