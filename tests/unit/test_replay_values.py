"""What a snapshot recorded becomes values again: real ones where that can be, else stand-ins that say what they are."""

from __future__ import annotations

import enum
import ipaddress
import pathlib
import sys
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given

from pytest_debugloop.replay.layout import laid_out
from pytest_debugloop.replay.partial import NotRecorded
from pytest_debugloop.replay.values import Recording
from tests.unit.recorded import back, names_back
from tests.unit.test_encode import VALUES

NOWHERE = "tests.unit.test_replay_values"


@dataclass
class Order:
    customer: str
    lines: dict[str, int] = field(default_factory=dict)
    parent: Any = None


class Slotted:
    __slots__ = ("_node", "items", "type")

    def __init__(self) -> None:
        self._node, self.items, self.type = 1, [2], "three"


class UserId(int):
    pass


class Name(str):
    __slots__ = ()


class Rows(list):  # type: ignore[type-arg]
    pass


class Settings(dict):  # type: ignore[type-arg]
    pass


class Color(enum.Enum):
    RED = 1


Point = namedtuple("Point", "x y")

REAL = [
    None, True, 0, -5, 10**30, 1.5, "text", "$dollar", "[odd", b"a\x00\xff'\"\\x41\n",
    1 + 2j, ..., NotImplemented, range(1, 9, 2), (), (1, (2, [3])), [], [[1], {"a": 1}], {}, {"$ref": "/x", "$$": 1},
    {1, 2}, frozenset("ab"), {(1, 2)}, deque([1, deque([2])]), Counter("aab"), OrderedDict(a=1), slice(1, None, [2]),
    Decimal("2.480"), Decimal("-Infinity"), Fraction(1, 3), UUID(int=5), ipaddress.IPv4Address("127.0.0.1"),
    ipaddress.IPv6Address("::1"), pathlib.PurePosixPath("/a/b"), pathlib.PureWindowsPath("c:/x"),
    date(2024, 2, 29), time(1, 2, 3, 4), time(1, 2, tzinfo=timezone.utc), datetime(2024, 1, 2, 3, 4, 5, 6),  # noqa: DTZ001
    datetime(2024, 1, 2, tzinfo=timezone.utc), datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=-5, minutes=-30))),
    timedelta(days=-3, seconds=5, microseconds=7), timedelta(seconds=1),
]  # fmt: skip


@pytest.mark.parametrize("value", REAL, ids=lambda value: type(value).__name__)
def test_values_of_standard_types_are_the_same_again(value: object) -> None:
    found = back(value)
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such path")
def test_a_path_of_this_system_is_one_again() -> None:
    assert back(pathlib.Path("/a/b")) == pathlib.Path("/a/b")


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_floats_that_json_has_no_word_for_are_floats_again(text: str) -> None:
    found = back(float(text))
    assert (type(found), repr(found)) == (float, text)


@given(VALUES)
def test_nothing_that_was_recorded_cannot_be_given_back_and_shown(value: object) -> None:
    found = back(value)
    assert isinstance(repr(found), str)
    assert laid_out(found, 40)


def test_keys_that_were_no_texts_are_found_by_what_they_were() -> None:
    found = back({1: "a", None: "b", (1, "x"): "c", "1.0": "d"})
    assert (found[1], found[None], found[(1, "x")], found["1.0"]) == ("a", "b", "c", "d")
    assert 1 in found
    assert found.get(2, "no") == "no"
    with pytest.raises(KeyError):
        found[2]


def test_an_object_of_the_program_stands_under_its_name_with_its_attributes() -> None:
    found = back(Order("regular", {"apple": 4}))
    assert (found.customer, found.lines, found["customer"]) == ("regular", {"apple": 4}, "regular")
    assert vars(found) == {"customer": "regular", "lines": {"apple": 4}, "parent": None}
    assert repr(found) == f"<recorded {NOWHERE}.Order customer='regular' lines={{'apple': 4}} parent=None>"
    assert (type(found).__name__, repr(type(found))) == ("Order", f"<recorded class '{NOWHERE}.Order'>")
    assert not isinstance(found, Order)
    assert dir(found) == ["customer", "lines", "parent"]


def test_what_is_not_in_the_record_is_said_not_to_be() -> None:
    with pytest.raises(AttributeError, match=r"the record of this .*\.Order has no 'total'; methods are not recorded"):
        back(Order("regular")).total()


def test_an_attribute_of_any_name_is_found_and_can_be_given_another_value() -> None:
    found = back(Slotted())
    assert (found._node, found.items, found.type) == (1, [2], "three")
    found.items = 5
    assert (found.items, vars(found)["items"]) == (5, 5)
    assert "items=5" in repr(found)


def test_a_mapping_of_a_derived_class_has_the_methods_of_one() -> None:
    found = back(Settings(a=1, b=[2]))
    assert (list(found), len(found), found["b"], "a" in found, found.get("c")) == (["a", "b"], 2, [2], True, None)
    assert list(found.items()) == [("a", 1), ("b", [2])]
    assert back(defaultdict(list, {"a": [1]}))["a"] == [1]


def test_a_sequence_of_a_derived_class_has_its_items() -> None:
    found = back(Rows([1, [2]]))
    assert (found[0], found[-1], found[:1], len(found), list(found), bool(found)) == (1, [2], [1], 2, [1, [2]], True)
    assert 1 in found
    assert repr(found) == f"<recorded {NOWHERE}.Rows [1, [2]]>"


def test_numbers_and_texts_of_derived_classes_can_be_computed_with() -> None:
    number, text = back(UserId(5)), back(Name("ab"))
    assert (number + 1, text + "c") == (6, "abc")
    assert (repr(number), repr(text)) == (f"<recorded {NOWHERE}.UserId 5>", f"<recorded {NOWHERE}.Name 'ab'>")


def test_numbers_of_derived_classes_have_the_attributes_that_were_set_on_them() -> None:
    user = UserId(5)
    user.source = "web"  # type: ignore[attr-defined]
    found = back(user)
    assert (found.source, repr(found)) == ("web", f"<recorded {NOWHERE}.UserId 5 source='web'>")
    with pytest.raises(AttributeError, match=r"UserId has no 'save'; methods are not recorded"):
        found.save()


def test_enums_and_named_tuples_show_their_parts() -> None:
    assert (back(Color.RED).name, back(Color.RED).value) == ("RED", 1)
    assert (back(Point(1, 2)).x, back(Point(1, 2)).y) == (1, 2)


def test_the_same_object_is_the_same_again() -> None:
    shared = [1]
    found = names_back({"a": shared, "b": {"inner": shared}, "c": (shared,)})
    assert found["b"]["inner"] is found["a"]
    assert found["c"][0] is found["a"]


def test_what_holds_itself_does_so_again() -> None:
    ring: list[Any] = [1]
    ring.append(ring)
    tree: dict[str, Any] = {}
    tree["self"] = (tree, [tree])
    order = Order("regular")
    order.parent = order
    found = names_back({"ring": ring, "tree": tree, "order": order})
    assert found["ring"][1] is found["ring"]
    assert found["tree"]["self"][0] is found["tree"]["self"][1][0] is found["tree"]
    assert found["order"].parent is found["order"]
    assert repr(found["order"]).count("...") == 1


def test_objects_that_all_refer_to_each_other_are_written_once_each() -> None:
    orders = [Order(str(number)) for number in range(20)]
    for order in orders:
        order.parent = orders
    assert len(repr(back(orders))) < 20_000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (list(range(5)), "<[0, 1] and 3 more of 5 items>"),
        (tuple(range(5)), "<(0, 1) and 3 more of 5 items>"),
        (set(range(5)), "<{0, 1} and 3 more of 5 items>"),
        (frozenset(range(5)), "<frozenset({0, 1}) and 3 more of 5 items>"),
        (deque(range(5)), "<deque([0, 1]) and 3 more of 5 items>"),
        ({"a": 1, "b": 2, "c": 3}, "<{'a': 1, 'b': 2} and 1 more of 3 items>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_cut_container_is_one_and_says_what_is_missing(value: Any, shown: str) -> None:
    found = back(value, items=2)
    assert isinstance(found, type(value))
    assert (len(found), repr(found)) == (2, shown)


def test_a_cut_text_and_cut_bytes_are_the_beginning() -> None:
    text, data = back("x" * 50, characters=10), back(b"\x00" * 50, characters=10)
    assert (text, data) == ("x" * 10, b"\x00" * 10)
    assert repr(text) == "<'xxxxxxxxxx' and 40 more of 50 characters>"
    assert repr(data).endswith(" and 40 more of 50 bytes>")


def test_what_lies_too_deep_or_found_no_room_is_said_to_be_missing() -> None:
    assert repr(back([[[1]]], depth=2)) == "[[<recorded list too deep>]]"
    assert repr(back(["x" * 90, ["y"] * 40], size=120)[1]) == "<not recorded: no room left>"
    assert repr(back(10**400)) == "<recorded int of 1,329 bits>"


def test_secrets_are_said_to_be_withheld() -> None:
    found = names_back({"password": "correct horse", "header": "Bearer"})
    assert repr(found["password"]) == "<redacted: key>"
    assert "horse" not in repr(dict(found))


def test_a_time_in_a_zone_that_is_not_known_is_no_time_in_another() -> None:
    found = back(datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=1), "HOME")))
    assert not isinstance(found, datetime)
    assert "HOME" in repr(found)


@pytest.mark.parametrize(
    "node",
    [
        {"$ref": "/value"},
        {"$ref": "/nowhere/1"},
        {"$ref": "/..."},
        {"$ref": 5},
        {"$type": "tuple", "$items": [{"$ref": "/value"}]},
        {"$type": "set", "$items": [[1]]},
        {"$type": "uuid.UUID", "$value": "no"},
        {"$type": "range", "$value": "range(1, 2, 0)"},
        {"$type": "complex", "$value": "__import__('os')"},
        {"$type": "fractions.Fraction", "_numerator": 1, "_denominator": "x"},
        {"$type": "", "$items": 5},
        {"$type": "a\0b\x1b[31m", "x\x1b": 1},
        {"$bytes": "\\x4"},
        {"$float": "1"},
        {"$type": 5},
    ],
    ids=str,
)
def test_json_that_no_snapshot_has_raises_nothing_and_shows_no_control_characters(node: Any) -> None:
    state = {"value": node}
    text = repr(Recording(state).value(node))
    assert text.isprintable()


def test_a_state_of_any_depth_is_built_without_recursion() -> None:
    deep: Any = [1]
    for _ in range(100_000):
        deep = [deep]
    found, levels = Recording({"value": deep}).value(deep), 0
    while found != [1] and levels < 200_000:
        found, levels = found[0], levels + 1
    assert levels == 100_000


def test_tuples_in_tuples_end_somewhere() -> None:
    deep: Any = 1
    for _ in range(5_000):
        deep = {"$type": "tuple", "$items": [deep]}
    found = Recording({"value": deep}).value(deep)
    while isinstance(found, tuple):
        found = found[0]
    assert isinstance(found, NotRecorded)


def test_a_local_that_is_not_asked_for_is_not_built() -> None:
    asked: list[object] = []
    names = names_back({"a": [1], "b": [2]})
    build = names._build
    names._build = lambda node: build(asked.append(node) or node)  # type: ignore[func-returns-value]
    assert names["a"] == [1]
    assert asked == [[1]]


def test_a_name_can_be_given_a_value_and_taken_away() -> None:
    names = names_back({"a": 1, "$b": 2})
    names["c"] = 3
    del names["a"]
    assert dict(names) == {"$b": 2, "c": 3}
    assert "a" not in names


def test_what_does_not_fit_a_line_is_laid_out_over_several() -> None:
    found = back({"order": Order("regular", {"apple": 4}), "many": list(range(3)), "cut": list(range(60))}, items=3)
    assert laid_out(found, 60).splitlines() == [
        "{",
        f"    'order': <recorded {NOWHERE}.Order",
        "        customer='regular'",
        "        lines={'apple': 4}",
        "        parent=None",
        "    >,",
        "    'many': [0, 1, 2],",
        "    'cut': <[0, 1, 2] and 57 more of 60 items>,",
        "}",
    ]
    assert laid_out([1, 2], 60) == "[1, 2]"
