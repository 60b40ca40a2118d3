"""The error event of a step that raised: in a program nobody else records it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.writing.failure_context import FailureContext, Kind, is_external

if TYPE_CHECKING:
    from pytest_debugloop.workflow.scope import Scope

PROGRAM = "execution"
"""The type of a program's steps; of a test, pytest's own phase has the error."""

_ENDS = (KeyboardInterrupt, GeneratorExit, SystemExit)


def failure_of(
    scope: Scope, error: BaseException, name: str, at: int, step: tuple[int, int], depth: int
) -> tuple[bytes, tuple[int, int] | None]:
    """Write the error of a program's step as lines, without appending them.

    Args:
        scope: where the step belongs.
        error: that ended it.
        name: of the step.
        at: when it ended.
        step: its number and start.
        depth: how many steps it is nested in.

    Returns:
        The lines, and number and time of the error event; nothing and None in a test, or where the step was only
        stopped. An error that a nested step has ended with already is no second one.
    """
    if scope.step_type != PROGRAM or isinstance(error, _ENDS):
        return b"", None
    if scope.failed is not None and scope.failed[0] is error:
        return b"", scope.failed[1]
    context = FailureContext(at, name, PROGRAM, 1, step, depth=depth)
    failure = scope.notes.writer.failure_of_exception(error, _kind_of(error), context, ItemFacts())
    number = failure.reference.partition(":")[2].partition(",")[0]
    scope.failed = error, (int(number), at)
    return failure.lines, scope.failed[1]


def _kind_of(error: BaseException) -> Kind:
    if isinstance(error, TimeoutError):
        return Kind("timeout", "external", "high")
    if isinstance(error, AssertionError):
        return Kind("validation_error", "agent", "medium")
    return Kind("execution_error", "external" if is_external(error) else "agent", "high")
