"""Any value becomes bounded JSON that PostgreSQL takes, and none of its code is run."""

from __future__ import annotations

import json
import math
from collections import OrderedDict, deque, namedtuple
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.capture.bounds import Bounds
from pytest_debugloop.capture.redact import REDACTED
from pytest_debugloop.capture.secret_shapes import is_card
from pytest_debugloop.journal.records import json_line
from tests.unit.shown import shown, shown_names

if TYPE_CHECKING:
    from collections.abc import Iterator

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
    | st.binary()
    | st.complex_numbers()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.timedeltas()
    | st.uuids()
    | st.decimals(allow_nan=False)
    | st.just(...)
)
KEYS = SCALARS | st.tuples(SCALARS, SCALARS)
VALUES = st.recursive(
    SCALARS,
    lambda children: (
        st.lists(children) | st.dictionaries(KEYS, children) | st.tuples(children, children) | st.frozensets(SCALARS)
    ),
    max_leaves=30,
)

PLAIN = (
    st.none()
    | st.integers(-(2**60), 2**60).filter(lambda number: not is_card(number))
    | st.text(st.characters(codec="utf-8", exclude_characters="\0:"), max_size=50)
)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def fit_for_postgresql(line: bytes) -> Any:
    """Read a line as PostgreSQL would have it: no NUL, no lone surrogate, no infinite number."""
    text = line.decode("ascii")
    value = json.loads(text, parse_constant=pytest.fail)
    plain = json.dumps(value, ensure_ascii=False)
    plain.encode("utf-8")  # refuses lone surrogates
    assert "\0" not in "".join(strings(value))
    return value


@given(VALUES)
def test_any_value_becomes_a_line_that_postgresql_takes(value: object) -> None:
    fit_for_postgresql(json_line({"value": shown(value)}))


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_any_locals_become_a_line_that_postgresql_takes(names: dict[str, object]) -> None:
    found = fit_for_postgresql(json_line(shown_names(names.items())))
    assert len(found) == len({name.replace("\0", "\\x00") for name in names})


@given(st.recursive(PLAIN, lambda children: st.lists(children, max_size=5), max_leaves=20))
def test_what_json_can_say_is_kept_as_it_is(value: object) -> None:
    def depth(item: object) -> int:
        return 1 + max((depth(i) for i in item), default=0) if isinstance(item, list) else 0

    if depth(value) <= 5:
        assert shown(value) == value


def test_the_size_of_a_snapshot_is_bounded() -> None:
    wide: Any = [[[list(range(50)) for _ in range(50)] for _ in range(50)] for _ in range(5)]
    assert len(json.dumps(shown(wide))) < Bounds().size
    assert len(json.dumps(shown(wide, size=4_096))) < 4_096


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    found = shown("x" * 1_000_000)
    assert len(found["head"]) == Bounds().characters
    assert "1000000" in found["$cut"].replace(",", "").replace(" of ", " ")


def test_what_holds_itself_ends_in_a_reference() -> None:
    itself: list[object] = [1]
    itself.append(itself)
    assert shown(itself) == [1, {"$ref": "/locals/value"}]
    mapping: dict[str, object] = {}
    mapping["me"] = mapping
    assert shown(mapping) == {"me": {"$ref": "/locals/value"}}


def test_deep_nesting_is_cut_and_not_followed() -> None:
    deep: list[object] = []
    for _ in range(10_000):
        deep = [deep]
    assert "$cut" in json.dumps(shown(deep))


Point = namedtuple("Point", "x y")


@dataclass
class Order:
    customer: str
    count: int


class Slotted:
    __slots__ = ("first", "second")

    def __init__(self) -> None:
        self.first = 1


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError("never asked")

    __repr__ = __str__


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Order("ann", 2), {"customer": "ann", "count": 2}),
        (Slotted(), {"first": 1}),
        (OrderedDict(a=1), {"a": 1}),
        ({1: "one", None: 2, (1, 2): 3}, {"1": "one", "None": 2, "(1, 2)": 3}),
    ],
)
def test_the_attributes_of_an_object_are_kept(value: object, wanted: dict[str, object]) -> None:
    found = shown(value)
    assert wanted.items() <= (found.get("$items") or found.get("$value") or found).items()


@pytest.mark.parametrize("value", [(1, 2), {1, 2}, frozenset({1, 2}), deque([1, 2]), Point(1, 2)])
def test_the_items_of_a_collection_are_kept_with_its_type(value: object) -> None:
    found = shown(value)
    assert "1" in json.dumps(found)
    assert type(value).__name__ in json.dumps(found)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_json_has_not_is_told(number: float) -> None:
    assert shown(number) == {"$float": repr(number)}


def test_a_huge_integer_is_told_by_its_size() -> None:
    assert shown(1 << 5_000) == {"$type": "int", "$bits": 5_001}


def hostile(name: str) -> object:
    def never(*_: object, **__: object) -> object:
        raise AssertionError(f"{name} was called")

    return type("Hostile", (), {name: never})()


@pytest.mark.parametrize(
    "name",
    ["__repr__", "__str__", "__getattribute__", "__getattr__", "__len__", "__iter__", "__bool__", "__eq__", "__hash__"],
)
def test_no_method_of_a_value_is_called(name: str) -> None:
    assert shown(hostile(name))["$type"].endswith("Hostile")
    assert shown([hostile(name)])


def test_a_property_is_not_asked() -> None:
    class Lazy:
        @property
        def expensive(self) -> int:
            raise AssertionError("asked")

    assert "expensive" not in json.dumps(shown(Lazy()))


def test_a_class_that_pretends_to_be_text_is_read_as_text() -> None:
    assert "secret text" in json.dumps(shown(Text("secret text")))


@pytest.mark.parametrize(
    "name", ["password", "db_passwd", "API_KEY", "apikey", "access_token", "Authorization", "cookies", "secret", "dsn"]
)
def test_a_value_whose_name_tells_of_a_secret_is_not_kept(name: str) -> None:
    assert shown_names([(name, "hunter2")]) == {name: REDACTED}
    assert shown({"settings": {name: "hunter2"}}) == {"settings": {name: REDACTED}}


@pytest.mark.parametrize("name", ["user", "passenger", "keyboard", "tokyo", "count"])
def test_an_innocent_name_keeps_its_value(name: str) -> None:
    assert shown_names([(name, "plain")]) == {name: "plain"}


def test_credentials_in_a_url_are_taken_out_wherever_it_is() -> None:
    found = shown_names([("url", "postgresql://ann:hunter2@db/x"), ("list", ["ftp://a:hunter2@h"])])
    assert "hunter2" not in json.dumps(found)
    assert "db/x" in found["url"]
