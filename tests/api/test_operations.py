"""What programs record of their workflows: the same over a connection that blocks and over one that does not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pytest_debugloop.api import LlmCall, connect
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.errors import (
    NotAUuidError,
    NotStorableError,
    RefusedValueError,
    StepEndedError,
    UnknownIdError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import Server

    Rows = Callable[..., list[dict[str, Any]]]
    Called = Callable[..., Any]


@pytest.fixture
def workflow() -> uuid.UUID:
    return uuid.uuid4()


def test_a_state_is_captured_once(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def capture(record: Any) -> list[uuid.UUID]:
        state = {"goal": "ship", "open": [1, 2], "of": str(workflow)}
        return [
            await record.capture_state_snapshot("checkpoint", workflow, "planner", state, "to ship", workflow, 3),
            await record.capture_state_snapshot("checkpoint", str(workflow), "planner", state),
        ]

    first, again = called(capture)
    assert first == again
    (row,) = rows("SELECT * FROM debug_state_snapshots WHERE correlation_id = %s", workflow)
    assert (row["id"], row["agent_name"], row["session_id"], row["execution_step"]) == (first, "planner", workflow, 3)
    assert row["agent_state"] == {"goal": "ship", "open": [1, 2], "of": str(workflow)}


def test_a_state_of_another_workflow_counts_there_too(called: Called, workflow: uuid.UUID) -> None:
    async def capture(record: Any) -> list[Any]:
        state, other = {"of": str(workflow)}, uuid.uuid4()
        ids = [await record.capture_state_snapshot("checkpoint", one, "planner", state) for one in (workflow, other)]
        return [*ids, await record.get_debug_context(workflow), await record.get_debug_context(other)]

    first, again, *contexts = called(capture)
    assert first == again
    assert [context.snapshot_count for context in contexts] == [1, 1]


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Plan:
    steps: tuple[int, ...]
    at: dt.date


def test_values_of_usual_types_are_stored_as_json(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def capture(record: Any) -> uuid.UUID:
        state = {
            "id": workflow,
            "path": Path("/tmp"),
            "price": Decimal("1.50"),
            "plan": Plan((1, 2), dt.date(2026, 1, 2)),
            "colour": Colour.RED,
            "seen": {3},
            "text": "a\0b\ud800",
            7: None,
        }
        snapshot: uuid.UUID = await record.capture_state_snapshot("checkpoint", workflow, "planner", state)
        return snapshot

    (row,) = rows("SELECT agent_state FROM debug_state_snapshots WHERE id = %s", called(capture))
    assert row["agent_state"] == {
        "id": str(workflow),
        "path": "/tmp",
        "price": "1.50",
        "plan": {"steps": [1, 2], "at": "2026-01-02"},
        "colour": "red",
        "seen": [3],
        "text": r"a\x00b\ud800",
        "7": None,
    }


def endless() -> dict[str, Any]:
    state: dict[str, Any] = {}
    state["self"] = state
    return state


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"a": [{"b": object()}]}, r"agent_state\['a'\]\[0\]\['b'\] cannot be stored as JSON: .* for a object"),
        ({"a": float("nan")}, r"agent_state\['a'\] .*: JSON has no nan"),
        ({(1, 2): 1}, "agent_state .*: a key is a tuple"),
        (endless(), "or contains itself"),
        ({"a": 10**5000}, "too many digits"),
        ([1], "it is a list and not a mapping"),
    ],
)
def test_a_state_that_is_no_json_leaves_no_half_written_row(
    called: Called, rows: Rows, workflow: uuid.UUID, state: Any, reason: str
) -> None:
    async def record_error(record: Any) -> None:
        await record.record_error(workflow, "planner", "no", agent_state=state)

    with pytest.raises(NotStorableError, match=reason):
        called(record_error)
    assert rows("SELECT id FROM debug_error_events WHERE correlation_id = %s", workflow) == []
    assert rows("SELECT id FROM debug_state_snapshots WHERE correlation_id = %s", workflow) == []


def test_what_the_server_refuses_leaves_no_half_written_row(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def record_error(record: Any) -> None:
        state = {"of": str(workflow), "refused": True}
        await record.record_error(workflow, "planner", "no", severity="fatal", agent_state=state)

    with pytest.raises(RefusedValueError, match="debug_error_events_severity_check"):
        called(record_error)
    assert rows("SELECT id FROM debug_state_snapshots WHERE correlation_id = %s", workflow) == []


def test_an_error_keeps_exception_traceback_and_state(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def record_error(record: Any) -> uuid.UUID:
        try:
            raise KeyError("stock")
        except KeyError as error:
            event: uuid.UUID = await record.record_error(
                workflow, "planner", error, operation_name="o" * 300, agent_state={"stock": None, "of": str(workflow)}
            )
            return event

    (row,) = rows("SELECT * FROM debug_error_events WHERE id = %s", called(record_error))
    assert (row["error_message"], row["error_code"], row["error_type"]) == ("'stock'", "KeyError", "execution_error")
    assert (row["error_category"], row["error_severity"], row["operation_name"]) == ("agent", "high", "o" * 255)
    assert 'raise KeyError("stock")' in row["error_stack_trace"]
    (state,) = rows("SELECT * FROM debug_state_snapshots WHERE id = %s", row["state_snapshot_id"])
    assert (state["snapshot_type"], state["agent_state"]["stock"]) == ("error", None)


class Mute:
    """Has no text, and no truth."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError(Mute()), "<ValueError: its __str__ raised RuntimeError>"),
        (ValueError("a\0b"), "a\\x00b"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
    ],
)
def test_an_exception_without_a_text_that_can_be_stored_is_recorded(
    called: Called, rows: Rows, workflow: uuid.UUID, error: BaseException, message: str
) -> None:
    async def record_error(record: Any) -> None:
        await record.record_error(workflow, "planner", error)

    called(record_error)
    (row,) = rows("SELECT error_message FROM debug_error_events WHERE correlation_id = %s", workflow)
    assert row["error_message"] == message


def test_what_is_of_no_type_that_can_be_stored_is_refused_in_a_sentence(called: Called, workflow: uuid.UUID) -> None:
    async def record_object(record: Any) -> None:
        await record.record_error(workflow, "planner", Mute())

    async def name_object(record: Any) -> None:
        await record.record_success(workflow, "planner", Mute())

    async def capture_nothing(record: Any) -> None:
        await record.capture_state_snapshot("checkpoint", workflow, "planner", None)

    with pytest.raises(RefusedValueError, match="error is a Mute, but it must be an exception or a text"):
        called(record_object)
    with pytest.raises(RefusedValueError, match="cannot adapt type 'Mute'"):
        called(name_object)
    with pytest.raises(NotStorableError, match="agent_state cannot be stored as JSON: it is None and not a mapping"):
        called(capture_nothing)


def test_transformation_and_state_refer_to_each_other(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def log(record: Any) -> Any:
        return await record.log_transformation_with_state(
            "planner", "coder", workflow, {"of": str(workflow)}, reason="code is needed", user_request="ship it"
        )

    logged = called(log)
    (row,) = rows("SELECT * FROM agent_transformation_events WHERE id = %s", logged.id)
    assert (row["source_agent"], row["target_agent"], row["correlation_id"]) == ("planner", "coder", workflow)
    assert (row["transformation_reason"], row["user_request"]) == ("code is needed", "ship it")
    (state,) = rows("SELECT * FROM debug_state_snapshots WHERE id = %s", row["state_snapshot_id"])
    assert (state["id"], state["snapshot_type"]) == (logged.snapshot_id, "pre_transform")
    assert state["transformation_event_id"] == logged.id


def test_steps_are_numbered_and_timed_by_the_server(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def steps(record: Any) -> list[Any]:
        first = await record.start_step(workflow, "planner", "plan", input_data={"goal": "ship"})
        part = await record.start_step(workflow, "planner", "look", parent=first, depends_on=[1])
        success = await record.record_success(workflow, "planner", "look", quality_score=0.75)
        return [
            await record.complete_step(part, success_event_id=success, output_data={"found": 2}),
            await record.complete_step(first.id, status="skipped"),
        ]

    part, first = called(steps)
    assert [(one.step_number, one.status) for one in (first, part)] == [(1, "skipped"), (2, "completed")]
    assert part.duration_ms is not None
    assert part.completed_at >= part.started_at
    found = rows("SELECT * FROM debug_workflow_steps WHERE correlation_id = %s ORDER BY step_number", workflow)
    assert [row["input_data"] for row in found] == [{"goal": "ship"}, None]
    assert (found[1]["parent_step_id"], found[1]["depends_on_steps"]) == (first.id, [1])
    assert found[1]["output_data"] == {"found": 2}
    (success,) = rows("SELECT * FROM debug_success_events WHERE id = %s", found[1]["success_event_id"])
    assert (success["quality_score"], success["success_type"]) == (Decimal("0.7500"), "task_completion")


def test_a_step_ends_once(called: Called, workflow: uuid.UUID) -> None:
    async def end_twice(record: Any) -> None:
        step = await record.start_step(workflow, "planner", "plan")
        await record.complete_step(step)
        await record.complete_step(step, status="failed")

    async def end_unknown(record: Any) -> None:
        await record.complete_step(workflow)

    async def end_as_begun(record: Any) -> None:
        step = await record.start_step(workflow, "coder", "build")
        await record.complete_step(step, status="started")

    with pytest.raises(RefusedValueError, match="it must be completed, failed or skipped"):
        called(end_as_begun)
    with pytest.raises(StepEndedError, match="has ended before, as completed"):
        called(end_twice)
    with pytest.raises(UnknownIdError, match=f"no step {workflow}"):
        called(end_unknown)


def test_what_a_step_refers_to_has_to_be_there(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def start(record: Any) -> None:
        await record.start_step(workflow, "planner", "plan", parent=workflow)

    with pytest.raises(UnknownIdError, match=f"no parent_step_id {workflow}"):
        called(start)
    assert rows("SELECT id FROM debug_workflow_steps WHERE correlation_id = %s", workflow) == []


@pytest.mark.parametrize(
    "given",
    [{"execution_step": 2**40}, {"retry_count": "x"}, {"success_type": "s" * 101}, {"completion_status": "c" * 51}],
    ids=lambda given: next(iter(given)),
)
def test_what_no_column_can_hold_is_refused(called: Called, rows: Rows, workflow: uuid.UUID, given: Any) -> None:
    async def succeed(record: Any) -> None:
        await record.record_success(workflow, "planner", "plan", agent_state={"of": str(workflow), **given}, **given)

    with pytest.raises(RefusedValueError, match="The record does not accept a value: "):
        called(succeed)
    assert rows("SELECT id FROM debug_state_snapshots WHERE correlation_id = %s", workflow) == []


def test_a_block_is_a_step_that_fails_with_what_leaves_it(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def steps(record: Any) -> None:
        async with record.step(workflow, "planner", "plan") as running:
            running.output_data = {"plan": [1]}
        async with record.step(workflow, "planner", "code") as running:
            assert running.step_number == 2
            raise ValueError("no code")

    with pytest.raises(ValueError, match="no code"):
        called(steps)
    done, failed = rows("SELECT * FROM debug_workflow_steps WHERE correlation_id = %s ORDER BY step_number", workflow)
    assert (done["status"], done["output_data"], failed["status"]) == ("completed", {"plan": [1]}, "failed")
    (error,) = rows("SELECT * FROM debug_error_events WHERE id = %s", failed["error_event_id"])
    assert (error["error_message"], error["operation_name"], error["execution_step"]) == ("no code", "code", 2)


def test_a_recovery_resolves_its_error(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    async def recover(record: Any) -> tuple[Any, ...]:
        error = await record.record_error(workflow, "coder", "timeout", error_type="timeout", execution_step=1)
        success = await record.record_success(workflow, "coder", "fetch", execution_step=4, retry_count=1)
        weak = await record.link_recovery(error, success, strategy="retry", confidence=0.2)
        sure = await record.link_recovery(error, str(success), strategy="retry", confidence=0.9, path="again")
        return error, weak, sure, await record.recovery_patterns(), await record.get_debug_context(workflow)

    error, weak, sure, patterns, context = called(recover)
    assert weak == sure
    (row,) = rows("SELECT * FROM debug_error_success_correlation WHERE id = %s", sure)
    assert (row["correlation_id"], row["intermediate_steps"], row["recovery_path"]) == (workflow, 2, "again")
    assert (row["confidence_score"], row["error_type"]) == (Decimal("0.9000"), "timeout")
    assert row["recovery_duration_ms"] >= 0
    (failed,) = rows("SELECT * FROM debug_error_events WHERE id = %s", error)
    assert (failed["recovery_successful"], failed["recovery_strategy"]) == (True, "retry")
    assert failed["resolved_at"] is not None
    of_timeouts = [one for one in patterns if (one.error_type, one.recovery_strategy) == ("timeout", "retry")]
    assert [one.avg_confidence for one in of_timeouts] == [0.9]
    assert (context.error_count, context.success_count, context.agents_involved) == (1, 1, ["coder"])


def test_a_recovery_needs_both_sides_in_their_order(called: Called, workflow: uuid.UUID) -> None:
    async def link_unknown(record: Any) -> None:
        await record.link_recovery(workflow, workflow, strategy="retry", confidence=1)

    async def link_backwards(record: Any) -> None:
        success = await record.record_success(workflow, "coder", "fetch")
        error = await record.record_error(workflow, "coder", "timeout")
        await record.link_recovery(error, success, strategy="retry", confidence=1)

    async def link_surely(record: Any) -> None:
        await record.link_recovery(workflow, workflow, strategy="retry", confidence=2)

    with pytest.raises(UnknownIdError, match=f"no error {workflow}"):
        called(link_unknown)
    with pytest.raises(RefusedValueError, match="is earlier than error"):
        called(link_backwards)
    with pytest.raises(RefusedValueError, match="confidence is 2, but it must be from 0 to 1"):
        called(link_surely)


def test_calls_of_models_are_read_from_the_host(called: Called, rows: Rows, workflow: uuid.UUID) -> None:
    for text in (str(workflow), "run 7"):
        metadata = json.dumps({"correlation_id": text, "agent_name": "coder"})
        payload = json.dumps({"enhanced_metadata": {"quality_metrics": {"quality_score": 0.5}}})
        rows(
            "INSERT INTO hook_events (id, source, action, resource, resource_id, payload, metadata) "
            "VALUES (gen_random_uuid(), 'PostToolUse', 'tool_completion', 'tool', 'Edit', %s, %s) RETURNING id",
            payload,
            metadata,
        )

    async def calls(record: Any) -> list[list[LlmCall]]:
        asked = (workflow, str(workflow).upper(), "run 7", uuid.uuid4())
        return [await record.get_llm_calls(one) for one in asked]

    found = called(calls)
    assert [[(one.tool_name, one.quality_score, one.agent_name) for one in calls] for calls in found[:2]] == [
        [("Edit", Decimal("0.5"), "coder")]
    ] * 2
    assert len(found[2]) >= 1
    assert found[3] == []


@pytest.mark.parametrize("given", ["run 7", "", 7, None])
def test_an_id_that_is_none_is_named(called: Called, given: Any) -> None:
    async def capture(record: Any) -> None:
        await record.capture_state_snapshot("checkpoint", given, "planner", {})

    with pytest.raises(NotAUuidError, match="correlation_id must be a UUID"):
        called(capture)


def test_a_workflow_that_nobody_recorded_has_no_context(called: Called, workflow: uuid.UUID) -> None:
    async def context(record: Any) -> Any:
        return await record.get_debug_context(str(workflow))

    assert called(context) is None


def test_a_hosts_table_may_have_more_columns_and_fewer(any_postgres: Server) -> None:
    with any_postgres.fresh_database() as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE agent_transformation_events (id UUID PRIMARY KEY, event_type TEXT, correlation_id UUID, "
            "source_agent TEXT, target_agent TEXT, started_at TIMESTAMPTZ, project_name TEXT NOT NULL DEFAULT 'host')"
        )
        migrate(connection, "ours")
        workflow = uuid.uuid4()
        with connect(dsn, "ours") as record:
            logged = record.log_transformation_with_state("planner", "coder", workflow, {}, reason="no such column")
            found = connection.execute(
                "SELECT id, source_agent, project_name, state_snapshot_id FROM agent_transformation_events"
            ).fetchall()
            assert found == [(logged.id, "planner", "host", logged.snapshot_id)]
            # What it does not take leaves nothing, and no state of it.
            connection.execute("ALTER TABLE agent_transformation_events ALTER project_name DROP DEFAULT")
            with pytest.raises(RefusedValueError, match="project_name"):
                record.log_transformation_with_state("planner", "coder", workflow, {"second": True})
        assert connection.execute("SELECT count(*) FROM ours.debug_state_snapshots").fetchall() == [(1,)]
