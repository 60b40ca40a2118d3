"""What others stored as JSON gets the shape that the rest relies on, and what is of that shape stays as it is."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from pytest_debugloop.answers.reading import _loads
from pytest_debugloop.cli.views.frames import exception_lines, locals_lines
from pytest_debugloop.snapshots.changes import failure_changes
from pytest_debugloop.snapshots.evidence import recorded_changes, recorded_evidence
from pytest_debugloop.snapshots.frames import failing_frame
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.text.json_values import plain

FRAME = {"file": "a.py", "function": "f", "line": 3, "source": "x = 1", "locals": {"x": 1}}
ODD: list[Any] = [None, True, 0, -5, 1.5, 10**30, "", "abc", [], [1, None, "x", []], {}, {"a": 1}, [{}], [{"a": []}]]


def state_with(exceptions: Any) -> dict[str, Any]:
    """A state of our shape with these exceptions."""
    return {"schema": 1, "exceptions": exceptions}


@pytest.mark.parametrize("value", [*ODD, {"schema": 2, "exceptions": []}, {"schema": True, "exceptions": []}], ids=repr)
def test_what_is_of_another_shape_is_no_state(value: Any) -> None:
    assert recorded_state(value) is None


def test_a_whole_state_stays_as_it_is() -> None:
    context = {"first": 1, "lines": ["a", "b", "x = 1"]}
    exception = {
        "type": "E",
        "message": "m",
        "relation": "raised",
        "notes": ["n"],
        "frames": [FRAME | {"context": context}],
    }
    state = state_with([exception]) | {
        "fixtures": {"a": 1},
        "captured": {"call stdout": {"text": "t", "$cut": "9 more"}},
        "returned": FRAME,
        "assertion": "x",
    }
    assert recorded_state(state) == state


@pytest.mark.parametrize(
    ("part", "odd"),
    list(itertools.product(["exceptions", "frames", *FRAME, "context", "notes", "type", "message"], ODD)),
    ids=repr,
)
def test_any_part_of_any_form_can_be_shown_and_compared(part: str, odd: Any) -> None:
    frame = FRAME | ({part: odd} if part in (*FRAME, "context") else {})
    exception: dict[str, Any] = {"type": "E", "message": "m", "relation": "raised", "frames": [frame]}
    if part in ("frames", "notes", "type", "message"):
        exception[part] = odd
    state = recorded_state(state_with(odd if part == "exceptions" else [exception]))
    if state is None:
        assert part == "exceptions"
        assert not isinstance(odd, list)
        return
    assert all(isinstance(line.plain, str) for line in exception_lines(state, 80))
    place = failing_frame(state)
    assert place is None or list(locals_lines(state, place, 80)) is not None
    assert failure_changes(state, state) == {"changes": []}


def test_a_context_without_the_line_is_no_context() -> None:
    frame = FRAME | {"context": {"first": 1000, "lines": ["a"]}}
    state = recorded_state(state_with([{"frames": [frame]}]))
    assert state is not None
    assert "context" not in state["exceptions"][0]["frames"][0]


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_evidence_and_changes_of_any_form_have_their_form_after(odd: Any) -> None:
    assert isinstance(recorded_evidence(odd), dict)
    for key in ("code", "distributions", "order", "missing", "terms"):
        found = recorded_evidence({key: odd})[key]
        assert isinstance(found, list if key in ("code", "missing") else dict)
    found = recorded_changes({"changes": odd, "more": odd})
    assert all(isinstance(change, dict) for change in found["changes"])
    assert type(found["more"]) is int


def test_a_number_that_python_does_not_read_is_a_text() -> None:
    assert _loads('{"n": ' + "9" * 6000 + ', "m": 12}') == {"n": "9" * 6000, "m": 12}


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a[{\\"": ', "}")])
def test_json_that_is_too_deep_is_cut_and_the_rest_is_there(opening: str, closing: str) -> None:
    depth = 20_000
    found = _loads('{"deep": ' + opening * depth + "1" + closing * depth + ', "beside": "]["}')
    assert found["beside"] == "]["
    assert "too deep" in json.dumps(found)


def test_what_json_has_no_number_for_is_written_as_postgresql_does() -> None:
    values = [float("nan"), float("inf"), -float("inf"), 1.5, 2, True, None]
    assert plain(values) == ["NaN", "Infinity", "-Infinity", 1.5, 2, True, None]


def test_a_value_of_any_depth_can_be_written() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    assert "too deep" in json.dumps(plain(value))
