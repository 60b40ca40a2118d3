"""States of failures as the record gives them back, and values that went through one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.bounds import Bounds
from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.capture.project_code import ProjectCode
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.secret_marks import PLAIN
from pytest_debugloop.capture.snapshot import Capturer
from pytest_debugloop.replay.values import Recording
from pytest_debugloop.snapshots.states import recorded_state
from tests.unit.shown import shown_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_debugloop.replay.values import Names
    from pytest_debugloop.snapshots.agent_state import AgentState


def state_of(call: Callable[[], object], rootdir: Path, **bounds: Any) -> AgentState:
    """Call what fails, and give the state at the failure, as JSON brings it back."""
    capturer = Capturer(ProjectCode(str(rootdir)), Bounds(**{"milliseconds": 1e6, **bounds}), Redactor())
    try:
        call()
    except Exception as error:
        error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next  # without this frame
        _, state = capturer.capture_state(capturer.capture_exception_chain(error, PLAIN), ItemFacts(), PLAIN)
        found = recorded_state(json.loads(state))
        assert found is not None
        return found
    raise AssertionError("it did not fail")


def names_back(names: dict[str, object], **bounds: Any) -> Names:
    """Record values, and give them back."""
    state = {"locals": json.loads(json.dumps(shown_names(names.items(), **bounds)))}
    return Recording(state).names(state["locals"])


def back(value: object, **bounds: Any) -> Any:
    """Record one value, and give it back."""
    return names_back({"value": value}, **bounds)["value"]
