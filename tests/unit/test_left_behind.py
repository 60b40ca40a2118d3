"""What changed in a test is held against those that ran after it, for it may have left something behind."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_debugloop.loading.recoveries.code_changes import Reach, changes_between
from pytest_debugloop.loading.recoveries.facts import CodeDifference, Facts
from pytest_debugloop.loading.recoveries.left_behind import changed_before
from pytest_debugloop.loading.recoveries.orders import Order
from tests.unit.test_code_changes import project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_debugloop.loading.recoveries.facts import Pending

TESTS = "def test_bad(place):\n    assert 1\n\n\ndef test_it():\n    assert 1\n"
CONFTEST = "import pytest\n\n\n@pytest.fixture\ndef place():\n    yield 1\n"
BEFORE = {"test_a.py": TESTS, "conftest.py": CONFTEST, "app.py": "def place():\n    return 1\n"}
RUNS = (uuid.UUID(int=1), uuid.UUID(int=2))
BAD, IT = "test_a.py::test_bad[1]", "test_a.py::test_it"


def found(after: dict[str, str], failing: Sequence[str], passing: Sequence[str]) -> list[tuple[str, str, int]]:
    changes = changes_between(project(BEFORE), project({**BEFORE, **after}))
    difference = CodeDifference(changes, Reach(project({**BEFORE, **after}), changes), {}, {}, [])
    orders = dict(zip(RUNS, map(Order.of, (failing, passing)), strict=True))
    one = SimpleNamespace(
        error_run=RUNS[0],
        success_run=RUNS[1],
        error_agent="main",
        success_agent="main",
        error_operation=IT,
        success_operation=IT,
    )
    facts = SimpleNamespace(order=lambda run, agent: orders[run], remembered=lambda key, find: find())
    listed = changed_before(cast("Pending", one), difference, (), (), cast("Facts", cast("Any", facts)))
    return [(reached.change.function, reached.role, reached.distance) for reached in listed]


CHANGED_TEST = {"test_a.py": TESTS.replace("assert 1", "assert 2", 1)}
CHANGED_FIXTURE = {"conftest.py": CONFTEST + "    print()\n"}


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (CHANGED_TEST, [("test_bad", "before", 5)]),
        (CHANGED_FIXTURE, [("place", "before", 6)]),
        ({"app.py": "def place():\n    return 2\n"}, []),  # no more a fixture of it than of all who name one
    ],
)
def test_a_test_that_ran_before_on_both_sides_may_be_the_reason(
    after: dict[str, str], expected: list[tuple[str, str, int]]
) -> None:
    assert found(after, [BAD, IT], [BAD, IT]) == expected


@pytest.mark.parametrize(
    ("failing", "passing"), [([IT, BAD], [IT, BAD]), ([BAD, IT], [IT]), ([BAD, IT], [IT, BAD]), ([BAD], [BAD])]
)
def test_one_that_ran_later_or_on_one_side_alone_is_not(failing: list[str], passing: list[str]) -> None:
    assert found(CHANGED_TEST, failing, passing) == []
