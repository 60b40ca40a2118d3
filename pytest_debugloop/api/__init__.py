"""The record for programs: ``with pytest_debugloop.connect() as record: ...``; docs/python-api.md shows all of it.

Everything is there for programs that block and for programs that do not, under the same names.
"""

from __future__ import annotations

from pytest_debugloop.answers.compared_runs import RunsCompared
from pytest_debugloop.api.opening import connect
from pytest_debugloop.api.record import AsyncDebugRecord, DebugRecord
from pytest_debugloop.api.values import RunningStep, Step, Transformation
from pytest_debugloop.errors import DebugloopError
from pytest_debugloop.queries.failures import FailureGroup
from pytest_debugloop.queries.recoveries import FlakyTest, PastAttempt
from pytest_debugloop.queries.workflows import LlmCall, RecoveryCount, WorkflowContext

__all__ = [
    "AsyncDebugRecord",
    "DebugRecord",
    "DebugloopError",
    "FailureGroup",
    "FlakyTest",
    "LlmCall",
    "PastAttempt",
    "RecoveryCount",
    "RunningStep",
    "RunsCompared",
    "Step",
    "Transformation",
    "WorkflowContext",
    "connect",
]
