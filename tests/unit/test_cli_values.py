"""Recorded values are written in Python's notation, within the room there is, whatever they are."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import pathlib
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.snapshots.values import Values
from pytest_debugloop.text.printable import printable
from tests.unit.shown import shown

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["$type", "$items", "$cut", "$ref"]), inner)
    ),
    max_leaves=30,
)


class Order:
    def __init__(self) -> None:
        self.customer = "ann"
        self.lines = {"apple": 4}


def line(value: object, **bounds: Any) -> str:
    return Values({}).one_line(shown(value, **bounds))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        ("it's", '"it\'s"'),
        ("\x1b[31m\n", r"'\x1b[31m\n'"),
        ([1, "a"], "[1, 'a']"),
        ((1,), "(1,)"),
        ((), "()"),
        ({1}, "{1}"),
        (set(), "set()"),
        (frozenset({2}), "frozenset([2])"),
        (collections.deque([1]), "deque([1])"),
        ({"a": {"b": []}}, "{'a': {'b': []}}"),
        ({"$odd": 1}, "{'$odd': 1}"),
        (b"\x00x", r"b'\x00x'"),
        (float("inf"), "inf"),
        (decimal.Decimal("1.50"), "Decimal('1.50')"),
        (pathlib.PurePosixPath("/x"), "PurePosixPath('/x')"),
        (uuid.UUID(int=1), "UUID('00000000-0000-0000-0000-000000000001')"),
        (dt.date(2026, 1, 2), "date('2026-01-02')"),
        (range(3), "range(0, 3)"),
        (Order(), "Order(customer='ann', lines={'apple': 4})"),
        ({"password": "hunter22"}, "{'password': [redacted: key]}"),
    ],
)
def test_a_value_reads_as_in_python(value: object, text: str) -> None:
    assert line(value) == text


def test_what_was_cut_says_how_much_there_was() -> None:
    assert line(list(range(100)), items=2) == "[0, 1, … 98 more of 100 items]"
    assert line("x" * 100, characters=5) == "'xxxxx' … 95 more of 100 characters"
    assert line([[[1]]], depth=2) == "[[<list: too deep>]]"


def test_an_object_inside_of_itself_ends() -> None:
    order = Order()
    order.lines = {"self": order}  # type: ignore[dict-item]
    state: dict[str, Any] = {"locals": {"order": shown(order)}}
    state["locals"]["order"]["lines"]["self"] = {"$ref": "/locals/order"}
    values = Values(state)
    text = values.one_line(state["locals"]["order"], pointer="/locals/order")
    assert text == "Order(customer='ann', lines={'self': …})"


def test_a_reference_is_followed() -> None:
    state: dict[str, Any] = {"locals": {"a/b~c": [1, 2]}, "fixtures": {"same": {"$ref": "/locals/a~1b~0c"}}}
    assert Values(state).one_line(state["fixtures"]["same"]) == "[1, 2]"
    assert Values(state).one_line({"$ref": "/gone"}) == "… what was at /gone"


def test_a_value_that_does_not_fit_becomes_a_tree() -> None:
    tree = list(Values({}).tree("order", shown({"customer": "a" * 30, "lines": {"apple": ["x" * 30]}}), 60))
    assert [(one.depth, one.name) for one in tree] == [(0, "order"), (1, "['customer']"), (1, "['lines']")]
    assert tree[0].text == "dict of 2"


def test_a_long_row_of_plain_items_stays_one_line() -> None:
    tree = list(Values({}).tree("numbers", shown(list(range(50))), 40))
    assert len(tree) == 1
    assert tree[0].text.startswith("[0, 1, 2")
    assert tree[0].text.endswith("…")


@given(JSON, st.integers(1, 120))
def test_any_json_is_written_in_the_room_there_is(value: object, room: int) -> None:
    text = Values({"locals": value}).one_line(value, room)
    assert len(text) <= room
    assert printable(text) == text


@given(JSON, st.integers(20, 120))
def test_any_tree_fits_and_ends(value: object, room: int) -> None:
    lines = list(Values({"locals": value}).tree("name", value, room, most=5, levels=3))
    assert 1 <= len(lines) <= 1 + 7 + 7**2 + 7**3
    assert all(one.depth <= 4 and printable(one.text) == one.text for one in lines)


def test_a_state_that_goes_round_in_circles_ends() -> None:
    state = {"a": {"$ref": "/b"}, "b": {"$ref": "/a"}, "c": {"x": {"$ref": "/c"}}}
    assert Values(state).one_line(state["a"]) == "…"
    assert Values(state).one_line(state["c"]) == "{'x': {'x': …}}"


def test_a_value_of_a_thousand_levels_is_no_recursion_error() -> None:
    value: object = 1
    for _ in range(100_000):
        value = [value]
    assert Values({}).one_line(value, 1000).endswith("…" + "]" * 40)
