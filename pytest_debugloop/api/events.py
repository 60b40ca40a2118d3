"""Records errors and successes of a workflow, and that one led to the other.

Each function is one transaction: all of it is stored, or nothing.
"""

from __future__ import annotations

import traceback
import uuid
from decimal import Decimal

from pytest_debugloop.api import statements
from pytest_debugloop.api.states import GivenId, Stored, capture_state_snapshot
from pytest_debugloop.api.storable import mapping_text, share_of, uuid_of, uuid_or_none
from pytest_debugloop.errors import RefusedValueError, UnknownIdError
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.queries.question import Steps, one


def record_error(
    correlation_id: GivenId,
    agent_name: str,
    error: BaseException | str,
    *,
    error_type: str = "execution_error",
    category: str = "agent",
    severity: str = "high",
    error_code: str | None = None,
    stack_trace: str | None = None,
    operation_name: str | None = None,
    execution_step: int | None = None,
    session_id: GivenId | None = None,
    agent_state: Stored | None = None,
    task_description: str | None = None,
    state_snapshot_id: GivenId | None = None,
    is_recoverable: bool = False,
    metadata: Stored | None = None,
) -> Steps[uuid.UUID]:
    """Record an error, with the state in which it occurred.

    Args:
        correlation_id: of the workflow, a UUID or its text.
        agent_name: in whom it occurred.
        error: an exception, of which message, class and traceback are stored; or a message.
        error_type: its kind, such as ``validation_error``, ``execution_error`` or ``timeout``.
        category: ``agent``, ``framework``, ``external`` or ``user``.
        severity: ``low``, ``medium``, ``high`` or ``critical``.
        error_code: a short name; default: that of the exception's class.
        stack_trace: default: the traceback of the exception.
        operation_name: what failed.
        execution_step: number of the step in the workflow.
        session_id: of the session, a UUID or its text.
        agent_state: the state at the error, which is captured with it, see :func:`capture_state_snapshot`.
        task_description: what the agent was trying to do, with ``agent_state``.
        state_snapshot_id: of a state that was captured before, in place of ``agent_state``.
        is_recoverable: whether it makes sense to try again.
        metadata: anything else, as JSON can hold it.

    Returns:
        The id of the error event.

    Raises:
        NotAUuidError, NotStorableError, RefusedValueError: an argument cannot be stored; then nothing is.
        UnknownIdError: there is no such snapshot.
    """
    if isinstance(error, BaseException):
        message = _message_of(error)
        error_code = error_code or type(error).__name__
        stack_trace = stack_trace or clean_text("".join(traceback.format_exception(error)))
    elif isinstance(error, str):
        message = error
    else:
        raise RefusedValueError(reason=f"error is a {type(error).__name__}, but it must be an exception or a text")
    context = _Event(correlation_id, agent_name, session_id, execution_step, task_description)
    asked = statements.error(
        correlation_id=uuid_of(correlation_id, "correlation_id"),
        session_id=uuid_or_none(session_id, "session_id"),
        error_type=error_type,
        category=category,
        severity=severity,
        message=message,
        stack_trace=stack_trace,
        error_code=error_code,
        agent_name=agent_name,
        operation_name=operation_name,
        execution_step=execution_step,
        snapshot_id=(yield from context.state("error", agent_state, state_snapshot_id)),
        is_recoverable=is_recoverable,
        metadata=mapping_text(metadata, "metadata"),
    )
    return (yield from one(asked)).id


def record_success(
    correlation_id: GivenId,
    agent_name: str,
    operation_name: str,
    *,
    success_type: str = "task_completion",
    completion_status: str = "full",
    validation_passed: bool = True,
    quality_score: float | Decimal | None = None,
    execution_time_ms: int | None = None,
    retry_count: int = 0,
    execution_step: int | None = None,
    session_id: GivenId | None = None,
    agent_state: Stored | None = None,
    task_description: str | None = None,
    state_snapshot_id: GivenId | None = None,
    success_factors: Stored | None = None,
    metadata: Stored | None = None,
) -> Steps[uuid.UUID]:
    """Record a success, with the state in which it occurred.

    Args:
        correlation_id: of the workflow, a UUID or its text.
        agent_name: who succeeded.
        operation_name: in what.
        success_type: ``task_completion``, ``validation_pass`` or ``recovery_success``.
        completion_status: ``full``, ``partial`` or ``degraded``.
        validation_passed: whether the result was found to be right.
        quality_score: from 0 to 1.
        execution_time_ms: milliseconds.
        retry_count: attempts before it.
        execution_step: number of the step in the workflow.
        session_id: of the session, a UUID or its text.
        agent_state: the state at the success, which is captured with it, see :func:`capture_state_snapshot`.
        task_description: what the agent was trying to do, with ``agent_state``.
        state_snapshot_id: of a state that was captured before, in place of ``agent_state``.
        success_factors: what contributed to it, as JSON can hold it.
        metadata: anything else, as JSON can hold it.

    Returns:
        The id of the success event.

    Raises:
        NotAUuidError, NotStorableError, RefusedValueError: an argument cannot be stored; then nothing is.
        UnknownIdError: there is no such snapshot.
    """
    context = _Event(correlation_id, agent_name, session_id, execution_step, task_description)
    asked = statements.success(
        correlation_id=uuid_of(correlation_id, "correlation_id"),
        session_id=uuid_or_none(session_id, "session_id"),
        success_type=success_type,
        operation_name=operation_name,
        agent_name=agent_name,
        execution_step=execution_step,
        snapshot_id=(yield from context.state("success", agent_state, state_snapshot_id)),
        quality_score=share_of(quality_score, "quality_score"),
        completion_status=completion_status,
        validation_passed=validation_passed,
        execution_time_ms=execution_time_ms,
        retry_count=retry_count,
        success_factors=mapping_text(success_factors, "success_factors"),
        metadata=mapping_text(metadata, "metadata"),
    )
    return (yield from one(asked)).id


def link_recovery(
    error_event_id: GivenId,
    success_event_id: GivenId,
    *,
    strategy: str,
    confidence: float | Decimal,
    path: str | None = None,
    intermediate_steps: int | None = None,
) -> Steps[uuid.UUID]:
    """Link an error to the success that it led to. The recovery belongs to the workflow of the success.

    The error is marked as resolved. The duration is the time between both. Linking the same two again replaces the
    strategy, the confidence and the path.

    Args:
        error_event_id: of the error.
        success_event_id: of the success, which must not be earlier.
        strategy: what led to it, such as ``retry``, ``fallback``, ``skip`` or ``abort``.
        confidence: that this is the reason, from 0 to 1.
        path: how the error led to the success, in words.
        intermediate_steps: number of steps between both; default: by their step numbers, if they have some.

    Returns:
        The id of the recovery.

    Raises:
        UnknownIdError: there is no such error or success.
        RefusedValueError: the success is earlier, or an argument cannot be stored.
        NotAUuidError: an id is none.
    """
    failure, success = uuid_of(error_event_id, "error_event_id"), uuid_of(success_event_id, "success_event_id")
    share = share_of(confidence, "confidence")
    sides = yield from one(statements.recovery_sides(failure, success))
    if sides.failed_at is None:
        raise UnknownIdError(kind="error", id=failure)
    if sides.passed_at is None:
        raise UnknownIdError(kind="success", id=success)
    if sides.passed_at < sides.failed_at:
        raise RefusedValueError(reason=f"success {success} is earlier than error {failure}")
    asked = statements.recovery(
        error_event_id=failure,
        success_event_id=success,
        strategy=strategy,
        confidence=share,
        path=path,
        intermediate_steps=intermediate_steps,
    )
    return (yield from one(asked)).id


def _message_of(error: BaseException) -> str:
    try:
        message = str(error)
    except Exception as failure:  # its own fault must not take the place of the error
        message = f"<{type(error).__name__}: its __str__ raised {type(failure).__name__}>"
    return clean_text(message) or type(error).__name__


class _Event:
    """What an event and the state at it have in common."""

    def __init__(
        self,
        correlation_id: GivenId,
        agent_name: str,
        session_id: GivenId | None,
        execution_step: int | None,
        task_description: str | None,
    ) -> None:
        self._workflow, self._agent, self._session = correlation_id, agent_name, session_id
        self._step, self._task = execution_step, task_description

    def state(self, kind: str, state: Stored | None, snapshot_id: GivenId | None) -> Steps[uuid.UUID | None]:
        """Capture the state at the event, or take the one that was captured before."""
        if state is None:
            return uuid_or_none(snapshot_id, "state_snapshot_id")
        if snapshot_id is not None:
            raise RefusedValueError(reason="agent_state and state_snapshot_id are both given: one of them is enough")
        return (
            yield from capture_state_snapshot(
                kind, self._workflow, self._agent, state, self._task, self._session, self._step
            )
        )
