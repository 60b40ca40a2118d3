"""A test is named as for pytest: by the beginning of its node id, or by an expression of ``-k``."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from _pytest.mark.expression import Expression

from pytest_debugloop.answers.test_selection import NotAnExpressionError, TestSelection
from pytest_debugloop.queries.filters import NamedTest

NODE_IDS = [
    "tests/unit/test_cart.py::test_total",
    "tests/unit/test_cart.py::test_total_of_many[1-2]",
    "tests/unit/test_cart.py::test_total_of_many[a::b/c d]",
    "tests/unit/test_cart.py::TestCart::test_empty",
    "tests/unit/test_cart.py::TestCart::test_Full[x]",
    "tests/test_other.py::test_total",
    "test_top.py::test_1e3",
    "tests/test_other.py",
]


def named(node_id: str) -> NamedTest:
    file, _, rest = node_id.partition("::")
    name, bracket, parameters = rest.partition("[")
    return NamedTest(uuid.uuid5(uuid.NAMESPACE_OID, node_id), node_id, file, name, parameters[:-1] if bracket else None)


TESTS = [named(node_id) for node_id in NODE_IDS]


def found(text: str, folder: str = "") -> list[int]:
    return [TESTS.index(test) for test in TestSelection(text).matching(TESTS, folder)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("tests/unit/test_cart.py", [0, 1, 2, 3, 4]),
        ("./tests/unit/", [0, 1, 2, 3, 4]),
        ("tests/unit/test_cart.py::test_total", [0]),
        ("tests/unit/test_cart.py::test_total_of_many", [1, 2]),
        ("tests/unit/test_cart.py::test_total_of_many[a::b/c d]", [2]),
        ("tests/unit/test_cart.py::TestCart", [3, 4]),
        ("tests/test_other.py", [5, 7]),
        ("unit/test_cart.py", []),
        ("test_top.py", [6]),
    ],
)
def test_a_node_id_means_what_it_means_on_the_command_line_of_pytest(text: str, meant: list[int]) -> None:
    assert found(text) == meant


def test_a_node_id_may_begin_where_it_was_typed() -> None:
    assert found("unit/test_cart.py::TestCart", "tests") == [3, 4]
    assert found("test_cart.py::test_total", "tests/unit") == [0]


def matcher(test: NamedTest) -> Callable[..., bool]:
    """Match as pytest's own does, by the names of the nodes."""
    *classes, name = (test.name or "").split("::")
    parts = [*(test.file or "").split("/"), *classes, f"{name}[{test.parameters}]" if test.parameters else name]
    return lambda word, **_: any(word.lower() in part.lower() for part in parts)


@pytest.mark.parametrize(
    "text",
    [
        "total",
        "TOTAL and not many",
        "not total",
        "cart and (empty or full)",
        "testcart or 1e3",
        "not not unit",
        "1-2 or [x]",
        "(total)",
        " total\tor  empty ",
        "test_cart.py and not (test_total or not testcart)",
    ],
)
def test_an_expression_means_what_it_means_to_pytest(text: str) -> None:
    compiled = Expression.compile(text)
    assert found(text) == [number for number, test in enumerate(TESTS) if compiled.evaluate(matcher(test))]


@pytest.mark.parametrize(
    "text",
    ["", " ", "and", "a or", "a b", "(a", "a)", "not", "()", "a && b", "mark(x=1)", "(" * 5000, "not " * 5000 + "a"],
)
def test_what_is_no_expression_is_refused_as_by_pytest(text: str) -> None:
    with pytest.raises(NotAnExpressionError):
        TestSelection(text)


def test_a_test_is_meant_by_its_id_too() -> None:
    assert found(TESTS[3].id.hex[-8:]) == [3]
    assert found(str(TESTS[3].id)) == [3]
