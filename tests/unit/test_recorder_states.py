"""The recorder's states change as the table in their docstring says."""

from __future__ import annotations

import re

from pytest_debugloop.recording.states import RecorderState

STATES = [state for state in vars(RecorderState).values() if isinstance(state, RecorderState)]


def test_the_table_of_states_is_what_the_code_holds() -> None:
    assert len(STATES) == 4
    rows = re.findall(r"^ *\| ``(\w+)`` \|.*\| ([^|]*) \|$", RecorderState.__doc__ or "", re.MULTILINE)
    told = {name: set(re.findall(r"``(\w+)``", before)) for name, before in rows}
    assert told == {state.name: {before.name for before in state.follows} for state in STATES}


def test_nothing_follows_the_end() -> None:
    assert not any(RecorderState.FINISHED in state.follows for state in STATES)
