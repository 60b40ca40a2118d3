"""Begins and ends steps of a workflow.

Each function is one transaction: all of it is stored, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_debugloop.api import statements
from pytest_debugloop.api.events import record_error
from pytest_debugloop.api.states import GivenId, Stored
from pytest_debugloop.api.storable import mapping_text, uuid_of, uuid_or_none
from pytest_debugloop.api.values import RunningStep, Step
from pytest_debugloop.errors import RefusedValueError, StepEndedError, UnknownIdError
from pytest_debugloop.queries.question import Steps, first, one


def start_step(
    correlation_id: GivenId,
    agent_name: str,
    operation_name: str,
    *,
    step_type: str = "execution",
    description: str | None = None,
    session_id: GivenId | None = None,
    parent: Step | GivenId | None = None,
    depends_on: Sequence[int] = (),
    pre_state_snapshot_id: GivenId | None = None,
    input_data: Stored | None = None,
    metadata: Stored | None = None,
) -> Steps[Step]:
    """Begin a step of a workflow. Its number is the next one that is free, whoever else adds steps.

    Args:
        correlation_id: of the workflow, a UUID or its text.
        agent_name: who executes it.
        operation_name: what it is called.
        step_type: its kind, such as ``initialization``, ``routing``, ``execution``, ``transformation`` or
            ``validation``.
        description: what it is for.
        session_id: of the session, a UUID or its text.
        parent: the step that it is a part of, or its id.
        depends_on: numbers of steps that it needs.
        pre_state_snapshot_id: of the state before it.
        input_data: what it gets, as JSON can hold it.
        metadata: anything else, as JSON can hold it.

    Raises:
        NotAUuidError, NotStorableError, RefusedValueError: an argument cannot be stored.
        UnknownIdError: there is no such parent or snapshot.
    """
    parent_id = parent.id if isinstance(parent, Step) else uuid_or_none(parent, "parent")
    asked = statements.step_start(
        correlation_id=uuid_of(correlation_id, "correlation_id"),
        session_id=uuid_or_none(session_id, "session_id"),
        step_type=step_type,
        agent_name=agent_name,
        operation_name=operation_name,
        description=description,
        pre_state=uuid_or_none(pre_state_snapshot_id, "pre_state_snapshot_id"),
        parent=parent_id,
        depends_on=list(depends_on) or None,
        input_data=mapping_text(input_data, "input_data"),
        metadata=mapping_text(metadata, "metadata"),
    )
    return (yield from one(asked))


def complete_step(
    step: Step | GivenId,
    *,
    status: str = "completed",
    success_event_id: GivenId | None = None,
    error_event_id: GivenId | None = None,
    post_state_snapshot_id: GivenId | None = None,
    output_data: Stored | None = None,
) -> Steps[Step]:
    """End a step that :func:`start_step` began.

    Args:
        step: it, or its id.
        status: ``completed``, ``failed`` or ``skipped``.
        success_event_id: of the success that it led to.
        error_event_id: of the error by which it failed.
        post_state_snapshot_id: of the state after it.
        output_data: what it produced, as JSON can hold it.

    Returns:
        The step, with its duration by the server's clock.

    Raises:
        StepEndedError: it has ended before.
        UnknownIdError: there is no such step, event or snapshot.
        NotAUuidError, NotStorableError, RefusedValueError: an argument cannot be stored.
    """
    step_id = step.id if isinstance(step, Step) else uuid_of(step, "step")
    if status == "started":
        raise RefusedValueError(reason="status is started, but it must be completed, failed or skipped")
    asked = statements.step_complete(
        id=step_id,
        status=status,
        success_event_id=uuid_or_none(success_event_id, "success_event_id"),
        error_event_id=uuid_or_none(error_event_id, "error_event_id"),
        post_state=uuid_or_none(post_state_snapshot_id, "post_state_snapshot_id"),
        output_data=mapping_text(output_data, "output_data"),
    )
    done = yield from first(asked)
    if done is not None:
        return done
    found = yield from first(statements.step(step_id))
    if found is None:
        raise UnknownIdError(kind="step", id=step_id)
    raise StepEndedError(id=step_id, status=found.status)


def end_of_block(running: RunningStep, error: BaseException | None) -> Steps[None]:
    """End a step with its ``with`` block: as failed, with the error, if an exception leaves it.

    Args:
        running: the step.
        error: that left the block; None if none did.
    """
    step = running.step
    if error is not None:
        running.error_event_id = yield from record_error(
            step.correlation_id,
            step.agent_name,
            error,
            operation_name=step.operation_name,
            execution_step=step.step_number,
            session_id=step.session_id,
        )
    yield from complete_step(
        step,
        status="failed" if error is not None else "skipped" if running.is_skipped else "completed",
        success_event_id=running.success_event_id,
        error_event_id=running.error_event_id,
        post_state_snapshot_id=running.post_state_snapshot_id,
        output_data=running.output_data,
    )
