"""What was different in the data is told by its path; what differs between any two runs is not told."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.capture.volatile import IN_VALUES, without_volatile
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.snapshots.changes import state_changes
from pytest_debugloop.snapshots.states import recorded_exceptions, recorded_state

FILE, FUNCTION = "test_shop.py", "test_pay"
FAILING = "/exceptions/0/frames/1/locals"
PASSING = "/returned/locals"
State = dict[str, Any]


def frame(function: str = FUNCTION, **more: object) -> State:
    return {"file": FILE, "function": function, "line": 3, "source": "", **more}


def failing_state(names: State, fixtures: State | None = None, function: str = FUNCTION) -> AgentState:
    frames = [frame("test_around"), frame(function, locals=names)]
    exception = {"relation": "raised", "type": "E", "message": "", "frames": frames}
    return state_of({"exceptions": [exception], "fixtures": fixtures or {}})


def passing_state(names: State, fixtures: State | None = None) -> AgentState:
    return state_of({"exceptions": [], "returned": frame(locals=names), "fixtures": fixtures or {}})


def state_of(found: State) -> AgentState:
    state = recorded_state({"schema": 1, **found})
    assert state is not None
    return state


def compare(before: State, after: State) -> list[State]:
    """Compare locals."""
    found = state_changes(failing_state(before), passing_state(after))
    changes: list[State] = found["changes"]
    assert "more" not in found
    return changes


def test_a_value_that_changed_is_told_with_both_sides() -> None:
    assert compare({"total": 3, "cart": ["a"]}, {"total": 4, "cart": ["a"]}) == [
        {"path": "/locals/total", "from": 3, "to": 4}
    ]


def test_a_value_that_is_on_one_side_alone_has_no_other_side() -> None:
    assert compare({"gone": None, "x": 1}, {"x": 1, "new": None}) == [
        {"path": "/locals/gone", "from": None},
        {"path": "/locals/new", "to": None},
    ]


def test_a_difference_deep_in_a_value_is_told_by_its_path() -> None:
    before = {"cart": {"$type": "shop.Cart", "items": [{"name": "a"}, {"name": "b"}]}}
    after = {"cart": {"$type": "shop.Cart", "items": [{"name": "a"}, {"name": "c"}, {"name": "d"}]}}
    assert compare(before, after) == [
        {"path": "/locals/cart/items/1/name", "from": "b", "to": "c"},
        {"path": "/locals/cart/items/2", "to": {"name": "d"}},
    ]


def test_a_key_is_escaped_as_in_a_pointer() -> None:
    assert compare({"d": {"a/b~c": 1}}, {"d": {"a/b~c": 2}}) == [{"path": "/locals/d/a~1b~0c", "from": 1, "to": 2}]


@pytest.mark.parametrize(
    ("before", "after"),
    [(1, "1"), (1, True), (0, False), (None, 0), ([], {}), ("", None), ({"a": 1}, [1]), (1, 1.0)],
)
def test_values_of_other_types_are_different(before: object, after: object) -> None:
    assert compare({"x": before}, {"x": after}) == [{"path": "/locals/x", "from": before, "to": after}]


def test_fixtures_are_compared_too() -> None:
    found = state_changes(failing_state({"x": 1}, {"db": {"rows": 0}}), passing_state({"x": 1}, {"db": {"rows": 2}}))
    assert found == {"changes": [{"path": "/fixtures/db/rows", "from": 0, "to": 2}]}


def test_a_failure_outside_of_the_tests_function_is_compared_by_fixtures_alone() -> None:
    failing = failing_state({"x": 1}, {"db": 1}, function="db")
    assert state_changes(failing, passing_state({"x": 2}, {"db": 2}))["changes"] == [
        {"path": "/fixtures/db", "from": 1, "to": 2}
    ]


def test_the_locals_are_those_of_the_tests_own_frame() -> None:
    failing = failing_state({"x": 1})
    (deeper,) = recorded_exceptions([{"frames": [frame("deeper", locals={"x": 5})]}])
    failing["exceptions"][0]["frames"] += deeper["frames"]
    assert state_changes(failing, passing_state({"x": 1}))["changes"] == []


@pytest.mark.parametrize("found", [{}, {"is_captured": False}], ids=repr)
def test_a_state_that_was_not_captured_has_no_differences(found: State) -> None:
    state = state_of({"exceptions": [], **found})
    assert state_changes(state, state_of({"exceptions": []}))["changes"] == []
    assert state_changes(state, state)["changes"] == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<Cart at 0x7f00aa11>", "<Cart at 0x55BB01>"),
        ("/tmp/pytest-of-ann/pytest-3/x0/a.txt", "/tmp/pytest-of-ann/pytest-4/x0/a.txt"),
        ("open('/private/var/folders/ab/x/T/q1')", "open('/private/var/folders/ab/x/T/q2')"),
        ("/tmp/tmpab_0x1fzz/a.txt", "/tmp/tmpab_cdefgh/a.txt"),
        ("/tmp/0f8fad5b-d9cb-469f-a165-70867728950e/a.txt", "/tmp/build-2/b.txt"),
        ("2024-01-02T03:04:05.678Z", "2025-11-12 13:14:15+01:00"),
        ("at 2024-01-02", "at 2025-11-12"),
        ("at 03:04:05.678", "at 13:14:15"),
        ("0f8fad5b-d9cb-469f-a165-70867728950e", "7C9E6679-7425-40DE-944B-E07FC1F90AE7"),
        (1_700_000_000.25, 1_700_000_007.5),
    ],
    ids=[
        "address",
        "temporary",
        "temporary of a Mac",
        "temporary like an address",
        "temporary with a UUID",
        "moment",
        "date",
        "time",
        "UUID",
        "seconds since 1970",
    ],
)
def test_what_differs_between_any_two_runs_is_no_difference(before: object, after: object) -> None:
    assert compare({"x": before}, {"x": after}) == []
    assert compare({"x": [{"y": before}]}, {"x": [{"y": after}]}) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<Cart at 0x7f00aa11>", "<Bag at 0x7f00aa11>"),
        ("/tmp/pytest-of-ann/x: open", "/tmp/pytest-of-ann/x: closed"),
        ("2024-01-02: open", "2024-01-02: closed"),
        (1_700_000_000.0, 1_800_000_000.0),
        (1.5, 2.5),
        (1_700_000_000, 1_700_000_001),
    ],
)
def test_what_differs_beside_that_is_a_difference(before: object, after: object) -> None:
    assert compare({"x": before}, {"x": after}) == [{"path": "/locals/x", "from": before, "to": after}]


def test_a_value_that_was_shown_elsewhere_is_looked_up_in_its_own_state() -> None:
    before = {"cart": {"size": 1}, "same": {"$ref": f"{FAILING}/cart"}}
    after = {"same": {"size": 1}, "cart": {"$ref": f"{PASSING}/same"}}
    assert compare(before, after) == []
    after["same"] = {"size": 2}
    assert [change["path"] for change in compare(before, after)] == ["/locals/cart/size", "/locals/same/size"]


def test_a_value_may_be_shown_elsewhere_on_one_side_alone() -> None:
    before = {"cart": {"size": 1}, "other": {"size": 1}}
    after = {"cart": {"size": 1}, "other": {"$ref": f"{PASSING}/cart"}}
    assert compare(before, after) == []
    before["other"] = {"size": 3}
    assert compare(before, after) == [{"path": "/locals/other/size", "from": 3, "to": 1}]


def test_values_that_became_one_are_each_compared_with_it() -> None:
    # A list that is shared by mistake is what makes many a test fail.
    before = {"one": {"$ref": f"{FAILING}/x"}, "two": {"$ref": f"{FAILING}/x"}, "x": [0]}
    after = {"one": [0], "two": [2], "x": [0]}
    assert compare(before, after) == [{"path": "/locals/two/0", "from": 0, "to": 2}]


def test_keys_in_a_reference_are_unescaped() -> None:
    before = {"d": {"a/b~c": [1]}, "x": {"$ref": f"{FAILING}/d/a~1b~0c"}}
    assert compare(before, {"d": {"a/b~c": [1]}, "x": [1]}) == []


def test_a_reference_that_cannot_be_followed_is_no_difference() -> None:
    # Above a key that might be a secret, a pointer ends in three dots.
    before = {"d": {"a b": [1]}, "x": {"$ref": f"{FAILING}/d/..."}}
    after = {"d": {"a b": [1]}, "x": {"$ref": f"{PASSING}/d/..."}}
    assert compare(before, after) == []


def test_a_value_that_holds_itself_comes_to_an_end() -> None:
    before = {"node": {"size": 1, "me": {"$ref": f"{FAILING}/node"}}}
    after = {"node": {"size": 1, "me": {"$ref": f"{PASSING}/node"}}}
    assert compare(before, after) == []
    after["node"]["size"] = 2
    assert {"path": "/locals/node/size", "from": 1, "to": 2} in compare(before, after)


def test_a_ring_of_another_length_on_each_side_comes_to_an_end() -> None:
    before = {"a": {"next": {"$ref": f"{FAILING}/b"}}, "b": {"next": {"$ref": f"{FAILING}/a"}}}
    after = {
        "a": {"next": {"$ref": f"{PASSING}/b"}},
        "b": {"next": {"$ref": f"{PASSING}/c"}},
        "c": {"next": {"$ref": f"{PASSING}/a"}},
    }
    assert [change["path"] for change in compare(before, after)] == ["/locals/c"]


@pytest.mark.timeout(60)
def test_rings_whose_references_never_meet_come_to_an_end() -> None:
    before = {"a": {"n": {"n": {"$ref": f"{FAILING}/a"}}}}
    after = {"a": {"n": {"$ref": f"{PASSING}/c"}}, "c": {"n": {"n": {"$ref": f"{PASSING}/c"}}}}
    assert [change["path"] for change in compare(before, after)] == ["/locals/c"]


@pytest.mark.parametrize("pointer", [f"{FAILING}/x", "", "/", "/nowhere/at/all", f"{FAILING}/x/9", "no pointer"])
def test_a_reference_to_itself_or_to_nothing_is_no_error(pointer: str) -> None:
    found = state_changes(failing_state({"x": {"$ref": pointer}}), passing_state({"x": [1]}))
    assert len(found["changes"]) <= 100


def test_of_many_differences_some_are_told_and_the_others_counted() -> None:
    found = state_changes(
        failing_state({"x": list(range(1_000))}), passing_state({"x": [number + 1 for number in range(1_000)]})
    )
    assert len(found["changes"]) == 100
    assert found["more"] == 900
    assert found["changes"][0] == {"path": "/locals/x/0", "from": 0, "to": 1}


@pytest.mark.parametrize("value", ["x" * 10_000, ["x" * 10_000], {"x": list(range(10_000))}])
def test_a_long_value_is_cut_and_says_so(value: object) -> None:
    (change,) = compare({"x": value}, {})
    assert len(json.dumps(change["from"])) < 800
    assert change["from"].endswith(" [cut]")


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5))
KEYS = st.text(max_size=4) | st.sampled_from(["a", "b", "a/b", "~", "$type", "0"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)
NAMES = st.dictionaries(KEYS, VALUES, max_size=4)


@given(names=NAMES, fixtures=NAMES)
def test_equal_states_have_no_differences(names: State, fixtures: State) -> None:
    assert state_changes(failing_state(names, fixtures), passing_state(names, fixtures)) == {"changes": []}


def at(state: Any, path: str) -> Any:
    for part in path.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(state, list):
            state = state[int(key)] if int(key) < len(state) else "nothing"
        else:
            state = state.get(key, "nothing")
    return state


@given(before=NAMES, after=NAMES, fixtures=NAMES)
def test_a_path_leads_to_what_a_difference_tells_on_each_side(before: State, after: State, fixtures: State) -> None:
    found = state_changes(failing_state(before, fixtures), passing_state(after, fixtures))
    for change in found["changes"]:
        path = change["path"]
        assert at({"locals": before, "fixtures": fixtures}, path) == change.get("from", "nothing")
        assert at({"locals": after, "fixtures": fixtures}, path) == change.get("to", "nothing")
    assert before == after or found["changes"] or repr(before) != repr(after)


@given(before=NAMES, after=NAMES)
def test_the_way_back_has_the_same_differences(before: State, after: State) -> None:
    there = {change["path"] for change in compare(before, after)}
    assert {change["path"] for change in compare(after, before)} == there


@pytest.mark.parametrize(
    ("before", "after"),
    [("/tmp/tmplx0x80w7", "/tmp/tmphtg7gx9r"), ("<Shop at 0x7f01>", "<Shop at 0x7f02>"), ("a0x1 0x2", "a0x1 0x3")],
)
def test_a_temporary_path_with_an_address_in_its_name_is_no_change(before: str, after: str) -> None:
    assert without_volatile(before, IN_VALUES) == without_volatile(after, IN_VALUES)
