"""The shape of a stored state, for whoever reads one: what ``capture/agent_state.schema.json`` says, as types.

:func:`pytest_debugloop.snapshots.states.recorded_state` makes sure that a state has it.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Names = dict[str, Any]
"""Recorded values by their names; a key that begins with one ``$`` is a mark."""

_Cut = TypedDict("_Cut", {"$cut": str}, total=False)


class StoredContext(TypedDict):
    """The lines around the line of a frame; ``first`` is the number of the first of them."""

    first: int
    lines: list[str]


class _FrameMore(TypedDict, total=False):
    context: StoredContext
    locals: Names
    is_hidden: bool
    is_folded: bool


class StoredFrame(_FrameMore):
    """A frame; ``source`` is its line without indentation. Folded and hidden ones have no locals unless asked for."""

    file: str
    function: str
    line: int
    source: str


class _ExceptionMore(_Cut, total=False):
    parent: int
    notes: list[str]


class StoredException(_ExceptionMore):
    """An exception; ``relation`` ties it to the one at the place ``parent``. Frames are outermost first."""

    relation: str
    type: str
    message: str
    frames: list[StoredFrame]


class _MarkerMore(_Cut, total=False):
    args: Any
    kwargs: Any


class StoredMarker(_MarkerMore):
    """A marker of the test."""

    name: str


class StoredOutput(_Cut):
    """The end of what was captured of one stream."""

    text: str


class StoredCall(TypedDict):
    """A place in the stack of a thread or a task."""

    file: str
    function: str
    line: int | None


class StoredThread(TypedDict):
    """Another thread of the process."""

    name: str | None
    daemon: bool
    stack: list[StoredCall]


class StoredTask(TypedDict):
    """An asyncio task that was not done."""

    name: str | None
    stack: list[StoredCall]


Section = Literal["state", "parameters", "fixtures", "environment"]
"""The parts of a state that are values by name, beside the locals."""


class _StateMore(TypedDict, total=False):
    state: Names
    returned: StoredFrame
    assertion: str
    fixture_scopes: dict[str, str]
    parameters: Names
    markers: list[StoredMarker]
    captured: dict[str, StoredOutput]
    environment: Names
    threads: list[StoredThread]
    tasks: list[StoredTask]
    is_captured: bool
    is_late: bool


class AgentState(_StateMore):
    """The state at a failure; with ``returned`` at the end of a function that passed, ``state`` at a checkpoint."""

    schema: int
    exceptions: list[StoredException]
    fixtures: Names
