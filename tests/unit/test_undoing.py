"""Source with one change undone: the file of today, with a function, a class or an assignment as it was."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from pytest_debugloop.sources.editing import CannotUndoError, Piece
from pytest_debugloop.sources.undoing import all_undone, changed_names, undone
from pytest_debugloop.sources.units import units_of

BEFORE = '''
"""A shop."""
import os

RATE = 1
LIMIT = {
    "low": 1,
}

@cached
def total(price):
    return price * RATE


class Shop(Base):
    """What sells."""

    rate = 1
    name = "a"

    def __init__(self):
        self.text = """
not indented
"""

    @property
    def price(self):
        return 1

    @price.setter
    def price(self, value):
        self.old = value

    def gone(self):
        return "gone"

    def last(self):
        return 1
'''
AFTER = '''
"""A shop, better."""
import os
import sys

RATE = 2
LIMIT = {
    "low": 2,
}

def total(price):
    # by the rate
    return price * RATE + 1


def helper():
    return 2


class Shop(Other):
    """What sells more."""

    rate = 2
    name = "b"
    colour = "red"

    def __init__(self):
        self.text = """
nothing is indented
"""

    @property
    def price(self):
        return 1

    @price.setter
    def price(self, value):
        self.new = value

    def last(self):
        return 3
'''


def pieces(text: str) -> list[Piece]:
    return [Piece(unit.function, unit.text) for unit in units_of(text)[0]]


def changed(text: str, other: str) -> set[str]:
    """The lines of a text that are not those of another, and the other way round."""
    mine, theirs = ({line for line in one.split("\n") if line.strip()} for one in (text, other))
    return {f"-{line.strip()}" for line in theirs - mine} | {f"+{line.strip()}" for line in mine - theirs}


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("total", {"-# by the rate", "-return price * RATE + 1", "+return price * RATE", "+@cached"}),
        ("helper", {"-def helper():", "-return 2", "+pass"}),
        ("RATE", {"-RATE = 2", "+RATE = 1"}),
        ("LIMIT", {'-"low": 2,', '+"low": 1,'}),
        ("Shop.rate", {"-rate = 2", "+rate = 1"}),
        ("Shop.colour", {'-colour = "red"', "+pass"}),
        ("Shop.__init__", {"-nothing is indented", "+not indented"}),
        ("Shop.price", {"-self.new = value", "+self.old = value"}),
        ("Shop.gone", {"+def gone(self):", '+return "gone"'}),
        ("Shop", {"-class Shop(Other):", "+class Shop(Base):"}),
        ("<module>", {"-RATE = 2", "+RATE = 1", "-import sys"}),
    ],
)
def test_one_change_is_undone_and_nothing_else(function: str, expected: set[str]) -> None:
    found = undone(AFTER, function, pieces(BEFORE))
    ast.parse(found)
    if function in ("Shop", "<module>"):
        assert expected <= changed(found, AFTER)
    else:
        assert changed(found, AFTER) == expected


def test_an_assignment_that_is_gone_comes_back_behind_the_imports_where_no_other_is() -> None:
    head, test = '"""Doc."""\nimport x\n', "\ndef f(): pass\n"
    assert undone(head + test, "RATE", pieces(f"{head}RATE = 1\n{test}")) == f"{head}RATE = 1\n{test}"


def test_a_function_that_is_gone_comes_back_behind_the_one_that_it_stood_behind() -> None:
    lines = undone(AFTER, "Shop.gone", pieces(BEFORE)).split("\n")
    places = [lines.index(f"    def {name}") for name in ("price(self, value):", "gone(self):", "last(self):")]
    assert places == sorted(places)


def test_all_changes_undone_are_the_file_as_it_was() -> None:
    def shapes(text: str) -> list[tuple[str, str]]:
        return sorted((one.function, one.text.replace("\n    pass", "")) for one in pieces(text) if "(" in one.text)

    found = all_undone(AFTER, pieces(BEFORE))
    assert {name for name, _ in shapes(found)} - {name for name, _ in shapes(BEFORE)} == set()
    assert [one.text for one in pieces(found) if one.function == "total"] == [
        one.text for one in pieces(BEFORE) if one.function == "total"
    ]


def test_a_class_that_is_gone_comes_back_with_its_methods_and_one_that_came_goes() -> None:
    before = dedent("""
        class A(Exception):
            def one(self):
                return 1

        def f(): pass
    """)
    found = undone("def f(): pass\n", "A", pieces(before))
    scope: dict[str, type] = {}
    exec(found, scope)
    assert scope["A"]().one() == 1
    assert "class A" not in undone(before, "A", pieces("def f(): pass\n"))


def test_what_a_file_has_no_place_for_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for text, function, before in (
        ("def f(): pass\n", "Gone.rate", "class Gone:\n    rate = 1\n"),
        ("a = 1; b = 2\n", "a", "a = 2; b = 2\n"),
        ("def f(): pass\n", "nothing", "def f(): pass\n"),
    ):
        with pytest.raises(CannotUndoError):
            undone(text, function, pieces(before))


def test_what_differs_is_named_as_it_is_undone() -> None:
    names = changed_names(pieces(AFTER), pieces(BEFORE))
    assert names == ["<module>", "total", "helper", "Shop", "Shop.__init__", "Shop.price", "Shop.last", "Shop.gone"]
    assert changed_names(pieces(BEFORE.replace("RATE = 1", "RATE = 9").replace('"a"', '"z"')), pieces(BEFORE)) == [
        *("RATE", "Shop.name"),
    ]
    text = BEFORE
    for name in changed_names(pieces(BEFORE), pieces(AFTER)):
        text = undone(text, name, pieces(AFTER))
    # What does nothing stands where something went.
    assert changed_names(pieces(text), pieces(AFTER)) == ["<module>", "Shop"]
