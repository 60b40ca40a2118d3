"""Answers in bounded room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from pytest_debugloop.mcp.room import CursorError, Room, offset_of, size_of
from pytest_debugloop.mcp.texts import RecordedText, RecordedTexts, recorded, recorded_list


class Item(BaseModel):
    text: RecordedText


class Answer(BaseModel):
    items: list[Item] = []
    next_cursor: str = ""


class Outer(BaseModel):
    inner: Item
    many: list[Item]
    names: RecordedTexts


class Outers(BaseModel):
    items: list[Outer] = []
    next_cursor: str = ""


def items_of(texts: list[str]) -> list[Item]:
    return [Item(text=recorded("a test", text, 10_000)) for text in texts]


@given(st.lists(st.text(max_size=3_000), max_size=20), st.integers(2_000, 6_000))
def test_pages_are_within_the_budget_and_give_each_item_once(texts: list[str], budget: int) -> None:
    items, offset, seen = items_of(texts), 0, 0
    while True:
        answer = Answer()
        answer.items, answer.next_cursor = Room(budget, answer).page(items[offset:], offset)
        assert size_of(answer) <= budget
        seen += len(answer.items)
        if not answer.next_cursor:
            break
        assert offset_of(answer.next_cursor) > offset
        offset = offset_of(answer.next_cursor)
    assert seen == len(items)


def test_an_item_that_is_larger_than_the_room_is_shortened_and_says_so() -> None:
    page, cursor = Room(2_000, Answer()).page(items_of(["😀" * 5_000, "short"]))
    assert len(page) >= 1
    assert page[0].text.left_out > 0
    assert cursor in ("1", "")


def test_what_is_inside_of_an_item_is_shortened_with_it() -> None:
    inner = Item(text=recorded("a test", "x" * 3_000, 10_000))
    outer = Outer(inner=inner, many=[inner] * 50, names=recorded_list("tests", ["y" * 900] * 50))
    (found,), _ = Room(2_000, Outers()).page([outer])
    assert size_of(found) <= 2_000
    assert (found.inner.text.left_out > 0, 0 < len(found.many) < 50) == (True, True)
    assert all(one.text.left_out for one in found.many)
    assert 0 < len(found.names.texts) < 50


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "1" * 10, "\uff11"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorError):
        offset_of(cursor)
