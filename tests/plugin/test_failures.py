"""Every kind of failure is one error event that says what it is, with the state it happened in."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Record, Run

SUITE = '''
"""
>>> 1 + 1
3
"""
import sys
import time
import unittest

import pytest


@pytest.fixture
def cart():
    return {"apple": 3}


@pytest.fixture
def broken():
    opened = "half"
    raise ValueError("not ready")


@pytest.fixture
def unreachable():
    raise ConnectionRefusedError("no server")


@pytest.fixture
def left_open(cart):
    yield cart
    raise RuntimeError("left open")


class Stop(BaseException):
    pass


def test_assertion(cart):
    total = sum(cart.values())
    assert total == 4, "too few"


def divide(number, by):
    quotient = number / by
    return quotient


def test_exception():
    numerator = 7
    divide(numerator, 0)


def test_external():
    open("/nowhere/at/all")


def test_setup(broken):
    pass


def test_setup_external(unreachable):
    pass


def test_teardown(left_open):
    pass


def test_call_and_teardown(left_open):
    assert not left_open


def test_fail():
    pytest.fail("said so")


@pytest.mark.xfail(strict=True, reason="still broken")
def test_strict():
    pass


def test_cause():
    try:
        int("seven")
    except ValueError as error:
        raise LookupError("no such number") from error


def test_again():
    try:
        {}["key"]
    except KeyError:
        raise OSError("while looking") from None


def test_raised_in_handler():
    try:
        {}["key"]
    except KeyError:
        divide(1, 0)


def test_base_exception():
    raise Stop("all of it")


@pytest.mark.timeout(1, method="signal")
def test_timeout():
    waited_for = "godot"
    time.sleep(20)


@pytest.mark.asyncio
async def test_async(cart):
    awaited = "value"
    assert cart == {}


class TestOfUnittest(unittest.TestCase):
    def test_unittest_failure(self):
        mine = 1
        self.assertEqual(mine, 2)

    def test_unittest_error(self):
        raise KeyError("gone")


class TestOfUnittestSetup(unittest.TestCase):
    def setUp(self):
        raise EnvironmentError("no environment")

    def test_set_up(self):
        pass


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are of Python 3.11")
def test_group():
    raise ExceptionGroup("both", [ValueError("first"), TypeError("second")])
'''

# operation: type, category, severity, code, and the step that failed. xfail_strict makes an error without an exception.
EXPECTED: dict[str, tuple[str, str, str, str, str]] = {
    "test_assertion": ("validation_error", "user", "medium", "AssertionError", "call"),
    "test_exception": ("execution_error", "agent", "high", "ZeroDivisionError", "call"),
    "test_external": ("execution_error", "external", "high", "FileNotFoundError", "call"),
    "test_setup": ("setup_error", "framework", "high", "ValueError", "setup"),
    "test_setup_external": ("setup_error", "external", "high", "ConnectionRefusedError", "setup"),
    "test_teardown": ("teardown_error", "framework", "high", "RuntimeError", "teardown"),
    "test_fail": ("validation_error", "user", "medium", "Failed", "call"),
    "test_strict": ("unexpected_pass", "user", "medium", "unexpected_pass", "call"),
    "test_cause": ("execution_error", "agent", "high", "LookupError", "call"),
    "test_again": ("execution_error", "external", "high", "OSError", "call"),
    "test_raised_in_handler": ("execution_error", "agent", "high", "ZeroDivisionError", "call"),
    "test_base_exception": ("execution_error", "agent", "high", "Stop", "call"),
    "test_timeout": ("timeout", "external", "high", "Failed", "call"),
    "test_async": ("validation_error", "user", "medium", "AssertionError", "call"),
    "test_unittest_failure": ("validation_error", "user", "medium", "AssertionError", "call"),
    "test_unittest_error": ("execution_error", "agent", "high", "KeyError", "call"),
    "test_set_up": ("execution_error", "external", "high", "OSError", "call"),
    "::test_kinds": ("validation_error", "user", "medium", "DocTestFailure", "call"),
}
if sys.version_info >= (3, 11):
    EXPECTED["test_group"] = ("execution_error", "agent", "high", "ExceptionGroup", "call")

PLUGINS = ("-p", "pytest_timeout", "-p", "pytest_asyncio.plugin", "-o", "asyncio_default_fixture_loop_scope=function")


@pytest.fixture(scope="module")
def kinds(make_project: Callable[[str], Project]) -> Run:
    """A run of a suite that fails in every way that leaves the others alone."""
    project = make_project("kinds")
    project.write("test_kinds.py", SUITE)
    return project.run(*PLUGINS, "--doctest-modules")


@pytest.fixture(scope="module")
def record(kinds: Run) -> Record:
    """What it left."""
    return kinds.record


def test_every_failure_of_the_suite_is_one_error_event(kinds: Run) -> None:
    assert len(kinds.record.all_errors) == kinds.outcomes["failed"] + kinds.outcomes["errors"] == len(EXPECTED) + 2


@pytest.mark.parametrize("test", EXPECTED)
def test_a_failure_is_filed_by_what_it_is(record: Record, test: str) -> None:
    *kind, phase = EXPECTED[test]
    error = record.error(test)
    assert error.kind == tuple(kind)
    step = record.step(test, phase)
    assert (step.error_event_id, step.status, step.step_number) == (error.id, "failed", error.execution_step)
    assert step.metadata["outcome"] == "failed"
    assert error.metadata["phase"] == phase
    assert (error.is_recoverable, error.recovery_attempted, error.recovery_successful) == (False, False, None)


@pytest.mark.parametrize("test", [name for name in EXPECTED if name != "test_strict"])
def test_a_failure_has_a_traceback_a_snapshot_and_a_fingerprint(record: Record, test: str) -> None:
    error = record.error(test)
    assert error.error_message
    assert error.error_code in (error.error_stack_trace or "") or error.error_code == "DocTestFailure"
    assert error.frames
    assert len(error.metadata["fingerprint"]) >= 16
    assert record.step(test, EXPECTED[test][4]).post_state_snapshot_id is not None


def test_a_test_that_fails_in_call_and_teardown_leaves_both(record: Record) -> None:
    errors = {e.metadata["phase"]: e.error_type for e in record.errors("test_call_and_teardown")}
    assert errors == {"call": "validation_error", "teardown": "teardown_error"}


def test_an_assertion_keeps_its_message_its_locals_and_its_fixtures(record: Record) -> None:
    error = record.error("test_assertion")
    assert error.error_message == "too few\nassert 3 == 4"
    assert error.locals["total"] == 3
    assert error.state is not None
    assert error.fixture("cart") == {"apple": 3}


def test_every_frame_from_the_test_down_has_its_locals(record: Record) -> None:
    *_, test, function = record.error("test_exception").frames
    assert (test["function"], test["locals"]) == ("test_exception", {"numerator": 7})
    assert (function["function"], function["locals"]) == ("divide", {"number": 7, "by": 0})


def test_a_fixture_that_fails_shows_its_own_locals(record: Record) -> None:
    assert record.error("test_setup").locals["opened"] == "half"


def test_a_test_that_ran_out_of_time_shows_what_it_was_waiting_for(record: Record) -> None:
    frames = record.error("test_timeout").frames
    assert [f["locals"] for f in frames if f["function"] == "test_timeout"] == [{"waited_for": "godot"}]


def test_a_coroutine_has_its_locals_too(record: Record) -> None:
    frames = record.error("test_async").frames
    (mine,) = [f["locals"] for f in frames if f["function"] == "test_async"]
    assert mine == {"awaited": "value", "cart": {"apple": 3}}


@pytest.mark.parametrize(
    ("test", "relation", "earlier"),
    [("test_cause", "cause", "ValueError"), ("test_raised_in_handler", "context", "KeyError")],
)
def test_the_exceptions_behind_an_exception_are_kept(record: Record, test: str, relation: str, earlier: str) -> None:
    error = record.error(test)
    assert error.metadata["chain"] == [f"{relation}: {earlier}"]
    assert error.state is not None
    assert [e["type"] for e in error.state["exceptions"]] == [error.error_code, earlier]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups are of Python 3.11")
def test_the_members_of_a_group_are_kept(record: Record) -> None:
    error = record.error("test_group")
    assert error.state is not None
    assert [e["type"] for e in error.state["exceptions"]] == ["ExceptionGroup", "ValueError", "TypeError"]


def test_a_failure_in_unittest_has_the_locals_of_the_test(record: Record) -> None:
    frames = record.error("test_unittest_failure").frames
    assert any(f["locals"].get("mine") == 1 for f in frames)


def hostile(project: Project) -> Run:
    project.write(
        "test_hostile.py",
        r"""
        import pytest

        class Unprintable:
            def __repr__(self):
                raise SystemExit("never print me")

        class Liar:
            def __getattribute__(self, name):
                raise RuntimeError(name)

        def test_values():
            nothing = "a\0b"
            half = "\ud800"
            infinite = [float("inf"), float("nan")]
            huge = "x" * 50_000_000
            many = list(range(1_000_000))
            unprintable = Unprintable()
            liar = Liar()
            itself = []
            itself.append(itself)
            number = 10 ** 5000
            raw = b"\x00\xff"
            assert False

        def test_message():
            raise ValueError("nul \0 half \ud800 escape \x1b[31m")

        class Bad(Exception):
            def __str__(self):
                raise RuntimeError("no text")

        def test_exception_without_text():
            raise Bad

        def test_very_long():
            raise ValueError("y" * 5_000_000)

        @pytest.mark.parametrize("value", ["\x00", "\ud800", "é", "x" * 400])
        def test_name(value):
            assert not value
        """,
    )
    return project.run("-p", "no:cacheprovider", "--tb=no")


def test_what_cannot_be_stored_as_it_is_is_stored_as_well_as_can_be(project: Project) -> None:
    run = hostile(project)
    assert (run.ret, run.outcomes) == (1, {"failed": 8})
    assert run.record.query("SELECT * FROM debug_rejected_lines WHERE correlation_id = %(id)s") == []
    assert "problems" not in run.record.run["metadata"], "a fault of ours"
    errors = run.record.all_errors
    assert len(errors) == 8
    values: dict[str, Any] = run.record.error("test_values").locals
    assert set(values) >= {"nothing", "half", "infinite", "huge", "many", "unprintable", "liar", "itself", "raw"}
    assert max(len(str(value)) for value in values.values()) < 100_000
    assert "escape" in run.record.error("test_message").error_message
    assert run.record.error("test_exception_without_text").error_code == "Bad"
    assert len(run.record.error("test_very_long").error_message) <= 10_000
    assert all(s.status in ("completed", "failed") for s in run.record.all_steps)


def test_a_secret_is_not_written(project: Project) -> None:
    project.write(
        "test_secret.py",
        """
        def test_secret():
            password = "hunter2"
            settings = {"api_key": "hunter2", "user": "ann"}
            dsn = "postgresql://ann:hunter2@db/x"
            url = "https://ann:hunter2@example.org/"
            raise ValueError(url)
        """,
    )
    run = project.run()
    error = run.record.error("test_secret")
    assert error.locals["settings"]["user"] == "ann"
    assert "example.org" in error.error_message
    assert "hunter2" not in str(error.locals)
    assert "hunter2" not in error.error_message
