"""A failed assertion tells which functions it called."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pytest_debugloop.answers.code_under_test import called_by, code_pieces
from pytest_debugloop.queries.code import Function
from pytest_debugloop.queries.failures import DetailedFailure

LINES = ["    other(1)", "", "def test_total():", "    order = Order(1)", "    assert total(order) == tax(3)"]
TOTAL = Function("shop.py", "Shop.total", 7, "def total(self):\n" + "    x\n" * 20)


def failed(code: str = "AssertionError") -> DetailedFailure:
    class Failed:
        error_code = code

    frame = {"file": "test_shop.py", "function": "test_total", "line": 5, "source": LINES[4].strip()}
    frame["context"] = {"first": 1, "lines": LINES}
    state = {"exceptions": [{"frames": [frame]}]}
    return DetailedFailure(cast(Any, Failed()), cast(Any, state), None)


def test_calls_of_the_statement_come_before_those_of_the_lines_above_it_in_the_test() -> None:
    assert called_by(failed()) == ["total", "tax", "Order"]


def test_what_raised_something_else_has_its_code_in_the_traceback() -> None:
    assert called_by(failed("KeyError")) == []


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (TOTAL, ["code under test: shop.py:7 Shop.total", "  def total(self):"]),
        (Function("test_shop.py", "total", 1, ""), []),
        (Function("shop.py", "totals", 1, ""), []),
    ],
)
def test_the_code_that_was_called_is_told_with_its_beginning(function: Function, told: list[str]) -> None:
    pieces = [piece.text for piece in code_pieces(failed(), [function])]
    assert pieces[:2] == told
    assert pieces[-1:] == (["  … 9 more lines of it"] if told else [])
