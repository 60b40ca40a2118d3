"""JSON within a budget: every row is on one page, and what is longer is cut and says so."""

from __future__ import annotations

import json
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.cli.json_pages import LEAST_BUDGET, Page, paged
from pytest_debugloop.text.json_room import in_room
from pytest_debugloop.text.json_values import json_text

HEAD: dict[str, Any] = {"schema": "debugloop/show", "version": 1, "run": {"id": "x" * 36, "command_line": ["-q"] * 200}}
LISTS: dict[str, list[Any]] = {
    "failures": [{"number": number, "text": "y" * (number * 37 % 900)} for number in range(30)],
    "causes": [1, 2],
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=200),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=12), inner, max_size=8),
    max_leaves=30,
)


def pages_of(budget: int | None, cursor: tuple[str, int] | None = None) -> list[dict[str, Any]]:
    pages = []
    while True:
        text = "".join(paged(HEAD, LISTS, Page(budget, cursor)))
        assert budget is None or len(text) <= budget
        pages.append(json.loads(text))
        if pages[-1]["cursor"] is None:
            return pages
        name, _, number = pages[-1]["cursor"].partition(".")
        cursor = (name, int(number))


@pytest.mark.parametrize("budget", [LEAST_BUDGET, 1_000, 4_000, 100_000, None])
def test_each_row_is_on_one_page(budget: int | None) -> None:
    pages = pages_of(budget)
    assert [row["number"] for page in pages for row in page["failures"]] == list(range(30))
    assert [row for page in pages for row in page["causes"]] == [1, 2]
    assert all(page["schema"] == "debugloop/show" for page in pages)
    assert len(pages) > 1 or budget in (100_000, None)


def test_a_cursor_begins_where_the_page_before_ended() -> None:
    (page,) = pages_of(None, ("failures", 28))
    assert [row["number"] for row in page["failures"]] == [28, 29]
    assert pages_of(None, ("causes", 1))[0]["failures"] == []
    with pytest.raises(click.BadParameter, match=r"runs\.3 is no cursor of this answer"):
        next(paged(HEAD, LISTS, Page(None, ("runs", 3))))


@given(VALUES, st.integers(min_value=LEAST_BUDGET // 4, max_value=3_000))
def test_what_is_cut_fits_and_what_fits_is_whole(value: object, room: int) -> None:
    cut = in_room(value, room)
    assert len(json_text(cut)) <= room
    assert cut == value or len(json_text(value)) > room


def test_what_is_cut_says_how_much() -> None:
    assert in_room({"a": "x" * 3000}, 2100)["a"].endswith("… (1,000 more characters)")
    assert in_room([*range(1000)], 400)[-1] == {"$cut": "950 more of 1,000 items"}
    assert in_room({"id": 1, "state": {"a": {"b": "c" * 5000}}}, 60)["id"] == 1
