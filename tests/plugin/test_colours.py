"""What pytest colours for a terminal is stored plain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run

SUITE = '''
"""
>>> [1, 2]
[1, 3]
"""
import logging
import unittest

import pytest


def explained():
    with pytest.raises(AssertionError) as caught:
        assert {"a": 1, "b": [1, 2]} == {"a": 1, "b": [1, 3]}
    return caught.value


def test_assertion():
    logging.getLogger("shop").warning("careful")
    print("\\x1b[31mof the test\\x1b[0m")
    assert ["apple", 1] == ["pear", 1], "not the same"


@pytest.fixture
def broken():
    assert {"a": 1} == {"a": 2}


def test_setup(broken):
    pass


@pytest.fixture
def left_open():
    yield
    assert "one" == "two"


def test_teardown(left_open):
    pass


def test_cause():
    raise LookupError("no such") from explained()


def test_held():
    held = explained()
    raise LookupError("held")


def test_fail():
    pytest.fail(f"because {explained()}")


def test_skip():
    pytest.skip(f"because {explained()}")


def test_xfail():
    pytest.xfail(f"because {explained()}")


@pytest.mark.xfail(strict=True, reason=str(explained()))
def test_strict():
    pass


class TestOfUnittest(unittest.TestCase):
    def test_unittest(self):
        assert [1, 2] == [1, 3]


@pytest.mark.parametrize("size", range(610, 650))
def test_cut(size):
    assert [1, "x" * size] == [1, "y" * size]
'''
PRINTED = "\x1b[31mof the test\x1b[0m\n"
TABLES = ("debug_runs", "debug_workflow_steps", "debug_error_events", "debug_success_events", "debug_rejected_lines")


@pytest.fixture(scope="module")
def suite(make_project: Callable[[str], Project]) -> Project:
    project = make_project("colours")
    project.write("test_colours.py", SUITE)
    project.write("test_import.py", "assert [1, 2] == [1, 3]\n")
    project.write("conftest.py", "import pytest\npytest.register_assert_rewrite('test_import')\n")
    return project


ARGUMENTS = ("--doctest-modules", "--continue-on-collection-errors", "-p", "no:cacheprovider")


@pytest.fixture(scope="module")
def plain(suite: Project) -> Run:
    return suite.run(*ARGUMENTS)


@pytest.fixture(scope="module", params=["an option", "a terminal"])
def coloured(suite: Project, request: pytest.FixtureRequest) -> Run:
    if request.param == "a terminal":
        return suite.run_in_terminal(*ARGUMENTS)
    return suite.run("--color=yes", *ARGUMENTS)


def texts_of(run: Run) -> list[tuple[Any, ...]]:
    """Every text that is told of a failure; explanations that pytest cuts are cut elsewhere where there are colours."""
    errors = [
        (
            e.operation_name,
            e.error_message,
            e.error_stack_trace,
            e.metadata["fingerprint"],
            e.state and e.state.get("assertion"),
        )
        for e in run.record.all_errors
        if "test_cut" not in str(e.operation_name)
    ]
    steps = [(s.operation_name, s.step_type, s.metadata.get("reason")) for s in run.record.all_steps]
    return sorted(errors, key=str) + sorted(steps, key=str)


def test_a_run_with_colours_is_recorded_as_one_without(plain: Run, coloured: Run) -> None:
    assert "\x1b[31m" in coloured.out
    assert coloured.ret == plain.ret == 1
    assert texts_of(coloured) == texts_of(plain)


def test_no_text_that_is_stored_has_a_colour_of_pytest(coloured: Run) -> None:
    record = coloured.record
    state = record.error("test_assertion").state
    assert state is not None
    assert state["captured"]["call stdout"] == {"text": PRINTED}, "what the test printed is its own"
    assert state["captured"]["call log"]["text"].startswith("WARNING")
    state["captured"].pop("call stdout")
    rows = [json.dumps(e.state) for e in record.all_errors]
    for table in TABLES:
        own = "'{output_data,captured,call stdout}'"  # of the test, as in its state
        row = f"(to_jsonb(t) #- {own})::text AS row"
        found = record.query(f"SELECT {row} FROM {table} AS t WHERE correlation_id = %(id)s")
        rows += [str(row["row"]) for row in found]
    assert [row for row in rows if "\\u001b" in row] == []
