"""The statements that write rows of a workflow; each is a file beside this module, in the folder ``sql``."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from pytest_debugloop.api.values import HostRow, RecoverySides, Step
from pytest_debugloop.queries.debugging import Id
from pytest_debugloop.queries.question import Question, Row


def _statement(name: str, row: Callable[..., Row], values: dict[str, object]) -> Question[Row]:
    return Question(name, row, values, package="pytest_debugloop.api")


def snapshot(**values: object) -> Question[Id]:
    """Capture a state."""
    return _statement("snapshot", Id, values)


def transformation(**values: object) -> Question[HostRow]:
    """Log a transformation."""
    return _statement("transformation", HostRow, values)


def snapshot_transformed(snapshot_id: uuid.UUID, transformation_id: uuid.UUID) -> Question[Id]:
    """Note which transformation a state was captured at."""
    values: dict[str, object] = {"snapshot_id": snapshot_id, "transformation_id": transformation_id}
    return _statement("snapshot_transformed", Id, values)


def step_start(**values: object) -> Question[Step]:
    """Begin a step."""
    return _statement("step_start", Step, values)


def step_complete(**values: object) -> Question[Step]:
    """End a step."""
    return _statement("step_complete", Step, values)


def step(id: uuid.UUID) -> Question[Step]:  # noqa: A002
    """Give a step."""
    return _statement("step", Step, {"id": id})


def error(**values: object) -> Question[Id]:
    """Record an error."""
    return _statement("error", Id, values)


def success(**values: object) -> Question[Id]:
    """Record a success."""
    return _statement("success", Id, values)


def recovery_sides(error_event_id: uuid.UUID, success_event_id: uuid.UUID) -> Question[RecoverySides]:
    """Give when both sides of a recovery occurred."""
    values: dict[str, object] = {"error_event_id": error_event_id, "success_event_id": success_event_id}
    return _statement("recovery_sides", RecoverySides, values)


def recovery(**values: object) -> Question[Id]:
    """Link an error to a success."""
    return _statement("recovery", Id, values)
