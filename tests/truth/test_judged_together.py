"""Tests that one function broke get one reason, whatever each of them looks like alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.truth.cases.case import Case, changed
from benchmarks.truth.made import Pythons, record_case
from benchmarks.truth.recording import Checkout, RecordServer
from tests.support import warm
from tests.support.servers import Server

_SHOP = """\
def price_of(item):
    return item.{attribute}

def with_tax(item):
    return price_of(item) * 1.2

def label(item):
    return f"{{item.name}} {{price_of(item)}}"

def beside(number):
    return number + {number}
"""
_TESTS = """\
from types import SimpleNamespace
import pytest
import shop

ITEM = SimpleNamespace(name="tea", price=10)

@pytest.mark.parametrize("times", [1, 2, 3])
def test_price(times):
    assert shop.price_of(ITEM) * times == 10 * times

def test_tax():
    assert shop.beside(1) and shop.with_tax(ITEM) == 12

def test_label():
    assert shop.label(ITEM) == "tea 10"
"""


@pytest.fixture
def server(any_postgres: Server) -> Iterator[RecordServer]:
    with any_postgres.record() as where:
        yield RecordServer(*where)


def test_tests_that_one_function_broke_have_one_reason(server: RecordServer, tmp_path: Path) -> None:
    before = {"shop.py": _SHOP.format(attribute="cost", number=1), "test_shop.py": _TESTS}
    after: dict[str, str | None] = {"shop.py": _SHOP.format(attribute="price", number=2)}
    case = Case("judged", "together", "", "", changed(before, after))
    record_case(case, Checkout(tmp_path / "project", server, "judged", warm.run), Pythons(tmp_path, ()))
    said = server.said_of("judged")
    assert len(said) == 5
    assert {(one.strategy, one.confidence, one.evidence["judged_together"]) for one in said.values()} == {
        ("code_change", next(iter(said.values())).confidence, 5)
    }
    assert {one.evidence["code"][0]["function"] for one in said.values()} == {"price_of"}
    assert all(one.confidence > 0.8 for one in said.values())
