"""Uses of the Python API with the types that they have; it is checked by mypy and by pyright, and never run."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import psycopg
from typing_extensions import assert_type

import pytest_debugloop
from pytest_debugloop.api import (
    AsyncDebugRecord,
    DebugRecord,
    FailureGroup,
    FlakyTest,
    LlmCall,
    PastAttempt,
    RecoveryCount,
    RunningStep,
    RunsCompared,
    Step,
    Transformation,
    WorkflowContext,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine


def blocking(workflow: uuid.UUID, connection: psycopg.Connection[Any]) -> None:
    with pytest_debugloop.connect("service=x", schema="y") as record:
        assert_type(record, DebugRecord)
        assert_type(record.capture_state_snapshot("checkpoint", workflow, "a", {}, execution_step=1), uuid.UUID)
        assert_type(record.log_transformation_with_state("a", "b", str(workflow), {}, reason="c"), Transformation)
        step = record.start_step(workflow, "a", "b", depends_on=[1])
        assert_type(step, Step)
        assert_type(record.complete_step(step, output_data={"a": 1}), Step)
        with record.step(workflow, "a", "b", parent=step) as running:
            assert_type(running, RunningStep)
        assert_type(record.record_error(workflow, "a", ValueError(), agent_state={}), uuid.UUID)
        assert_type(record.record_success(workflow, "a", "b", quality_score=0.5), uuid.UUID)
        assert_type(record.link_recovery(workflow, workflow, strategy="retry", confidence=1), uuid.UUID)
        assert_type(record.get_llm_calls("any text"), list[LlmCall])
        assert_type(record.get_debug_context(workflow), WorkflowContext | None)
        assert_type(record.recovery_patterns(0.5), list[RecoveryCount])
        assert_type(record.flaky_tests(limit=1), list[FlakyTest])
        assert_type(record.failures(is_open=True), list[FailureGroup])
        assert_type(record.history("test_a", limit=1), list[PastAttempt])
        assert_type(record.compare("branch:a", "main"), RunsCompared)
    with pytest_debugloop.connect(connection=connection):
        pass


async def not_blocking(workflow: uuid.UUID, connection: psycopg.AsyncConnection[Any]) -> None:
    async with pytest_debugloop.connect() as record:
        assert_type(record, AsyncDebugRecord)
        asked: Coroutine[Any, Any, uuid.UUID] = record.capture_state_snapshot("checkpoint", workflow, "a", {})
        assert_type(await asked, uuid.UUID)
        logged = await record.log_transformation_with_state("a", "b", workflow, {}, user_request="c")
        assert_type(logged, Transformation)
        step = await record.start_step(workflow, "a", "b")
        assert_type(step, Step)
        assert_type(await record.complete_step(step.id, status="skipped"), Step)
        async with record.step(workflow, "a", "b") as running:
            assert_type(running, RunningStep)
        assert_type(await record.record_error(workflow, "a", "no"), uuid.UUID)
        assert_type(await record.record_success(workflow, "a", "b"), uuid.UUID)
        assert_type(await record.link_recovery(workflow, workflow, strategy="retry", confidence=1), uuid.UUID)
        assert_type(await record.get_llm_calls(workflow), list[LlmCall])
        assert_type(await record.get_debug_context(str(workflow)), WorkflowContext | None)
        assert_type(await record.recovery_patterns(), list[RecoveryCount])
        assert_type(await record.flaky_tests(), list[FlakyTest])
        assert_type(await record.failures("shop"), list[FailureGroup])
        assert_type(await record.history("test_a"), list[PastAttempt])
        assert_type(await record.compare(), RunsCompared)
    async with pytest_debugloop.connect(connection=connection):
        pass


async def wrong_uses(workflow: uuid.UUID) -> None:
    """Each line is an error to both checkers: a comment that silences nothing is one, too."""
    with pytest_debugloop.connect() as record:
        record.capture_state_snapshot("checkpoint", 7, "a", {})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        record.capture_state_snapshot("checkpoint", workflow)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        record.record_success(workflow, "a", "b", quality=1)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
        with record.step(workflow, "a"):  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
            pass
        record.nothing()  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
    pytest_debugloop.nothing()  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]
