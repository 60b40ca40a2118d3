"""Items that are all alike are shown as they are one by one, and cost the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.capture.bounds import Bounds
from pytest_debugloop.capture.encode import Encoder
from pytest_debugloop.capture.plans import planner
from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.capture.uniform import CARDS, common_type, cost_as_they_are
from tests.unit.shown import shown

CARD = 4_111_111_111_111_111
ALIKE = (
    st.lists(st.text(st.characters(exclude_categories=()), max_size=120), min_size=8, max_size=20)
    | st.lists(st.integers() | st.integers(-CARDS, CARDS), min_size=8, max_size=20)
    | st.lists(st.floats(), min_size=8, max_size=20)
    | st.lists(st.booleans(), min_size=8, max_size=20)
    | st.lists(st.none(), min_size=8, max_size=20)
)


@given(ALIKE)
def test_they_are_shown_as_one_by_one(items: list[Any]) -> None:
    one_by_one = [shown([item])[0] for item in items]
    assert repr(shown(items)) == repr(one_by_one)
    assert repr(shown(tuple(items))["$items"]) == repr(one_by_one)


@pytest.mark.parametrize(
    "items", [["x" * 20] * 40, list(range(40)), [1.5] * 40, [None] * 40, [True] * 40, [[]] * 40], ids=repr
)
def test_they_cost_what_they_do_among_others(items: list[Any]) -> None:
    def cost(value: object) -> int:
        encoder = Encoder(Bounds(milliseconds=1e6), Redactor(), planner())
        encoder.encode_names([("value", value)], "/locals")
        return Bounds().size - encoder.left

    among_others = cost([*items, b"x"]) - cost([b"x"])
    assert abs(cost(items) - cost([]) - among_others) <= 3 * len(items)


@pytest.mark.parametrize(
    "items",
    [("x" * 200,) * 9, (1, CARD), (-CARD, 1), (1.0, float("nan")), (float("inf"), -1.0), ([],), (b"x",)],
    ids=lambda items: repr(items)[:20],
)
def test_what_is_not_written_as_it_is_is_looked_at_by_itself(items: tuple[Any, ...]) -> None:
    kind = common_type(items)
    assert kind is not None
    assert cost_as_they_are(items, kind, 100) is None


def test_a_card_and_a_number_without_a_word_in_json_are_found_among_their_like() -> None:
    assert shown([CARD, *range(20)])[0] == "[redacted: card]"
    assert shown([*map(float, range(20)), float("inf")])[20] == {"$float": "inf"}


def test_no_metaclass_is_asked_whether_types_are_equal() -> None:
    class Meta(type):
        def __eq__(cls, other: object) -> bool:
            raise AssertionError

        def __hash__(cls) -> int:
            raise AssertionError

    class Sly(metaclass=Meta):
        pass

    class Text(str):
        __slots__ = ()

    assert common_type((Sly(), Sly())) == id(Sly)
    assert common_type((Sly(), 1)) is None
    assert common_type(("a", Text("a"))) is None
    assert [one["$type"].rpartition(".")[2] for one in shown([Sly() for _ in range(9)])] == ["Sly"] * 9
