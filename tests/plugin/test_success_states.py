"""The state at the end of a test that passes after an attempt that failed, and what was different in its data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run

from tests.plugin.attempts import RERUNS, Twice, run_twice, states

HAS_MONITORING = sys.version_info >= (3, 12)

# -- the state of an attempt that passes after one that failed ---------------------------------------------------------


@pytest.fixture(scope="module")
def kept(make_project: Callable[[str], Project]) -> Twice:
    """Tests of every kind that fail once, and then pass."""
    project = make_project("kept")
    project.write(
        "test_kept.py",
        """
        import asyncio
        import datetime
        import functools
        import tempfile
        import time
        import uuid

        import pytest
        from counter import attempt

        @pytest.fixture
        def server():
            return {"state": "up" if attempt("server") == 2 else "down", "name": "one"}

        def test_changed(server):
            number = attempt("changed")
            settings = {"debug": number == 2, "depth": [0, {"a/b": number}]}
            steady = ["the same", 1, None]
            assert number == 2
            done = True

        class Thing:
            pass

        def test_noise(tmp_path):
            number = attempt("noise")
            things = [object(), Thing(), len]
            text = f"{Thing()!r} at {id(Thing()):#x}"
            folder, other = tmp_path / "file.txt", tempfile.mkdtemp()
            message = f"no such file: {folder}"
            today, began, at = datetime.datetime.now(), time.time(), datetime.datetime.now(datetime.timezone.utc)
            line = f"{datetime.datetime.now().isoformat()} started"
            identity = uuid.uuid4()
            assert number == 2

        def test_whole_numbers_of_time():
            number = attempt("whole")
            nanoseconds = time.time_ns()
            milliseconds = int(time.time() * 1000)
            assert number == 2

        @pytest.mark.parametrize("letter", ["a", "b"])
        def test_parametrized(letter):
            number = attempt(letter)
            assert number == 2 or letter == "a"

        class TestIn:
            def test_method(self):
                number = attempt("method")
                assert number == 2

        async def test_async():
            number = attempt("async")
            await asyncio.sleep(0)
            assert number == 2
            await asyncio.sleep(0)
            after = "the last await"

        def decorated(function):
            @functools.wraps(function)
            def wrapper(*arguments, **named):
                number = "the decorator's"
                return function(*arguments, **named)
            return wrapper

        def decorated_async(function):
            @functools.wraps(function)
            async def wrapper(*arguments, **named):
                number = "the decorator's"
                return await function(*arguments, **named)
            return wrapper

        @decorated
        @decorated
        def test_decorated():
            number = attempt("decorated")
            assert number == 2

        @decorated_async
        async def test_decorated_async():
            number = attempt("decorated async")
            await asyncio.sleep(0)
            assert number == 2

        def test_recursive(depth=3):
            if depth:
                return test_recursive(depth - 1)
            assert attempt("recursive") == 2

        def test_returns_early():
            number = attempt("early")
            for step in range(5):
                try:
                    if number == 2 and step == 3:
                        return
                finally:
                    cleaned = step
            assert False

        def test_failed_in_setup(late):
            number = 7

        @pytest.fixture
        def late():
            assert attempt("late") == 2
            return "here"
        """,
    )
    project.write(
        "test_left_alone.py",
        """
        import sys
        from counter import attempt

        def hooks():
            monitoring = getattr(sys, "monitoring", None)
            tools = [monitoring.get_tool(n) for n in range(6)] if monitoring else []
            return sys.gettrace(), sys.getprofile(), tools

        FOUND = hooks()

        def test_fails_once():
            number = attempt("plain")
            assert number == 2

        def test_after_it():
            assert hooks() == FOUND

        def tracer(frame, event, argument): return None
        def profiler(frame, event, argument): return None

        def test_with_hooks_of_its_own():
            sys.settrace(tracer)
            sys.setprofile(profiler)

        def test_fails_once_with_them():
            number = attempt("hooked")
            assert number == 2

        def test_has_them_still():
            found = hooks()
            sys.settrace(None)
            sys.setprofile(None)
            assert found == (tracer, profiler, FOUND[2])

        def test_passes():
            number = 1
        """,
    )
    return run_twice(project, *RERUNS, "1", "-p", "pytest_asyncio.plugin", "--asyncio-mode=auto")


NUMBER = {"path": "/locals/number", "from": 1, "to": 2}


def test_what_watches_a_test_changes_no_outcome_and_leaves_no_hook(kept: Twice) -> None:
    assert (kept.recorded.ret, kept.recorded.outcomes) == (kept.plain.ret, kept.plain.outcomes)
    assert kept.recorded.ret == 0, kept.recorded.out
    assert set(kept.verdicts.values()) == {"passed"}


@pytest.mark.parametrize(
    "test",
    [
        "test_kept.py::test_parametrized[b]",
        "test_kept.py::TestIn::test_method",
        "test_kept.py::test_async",
        "test_kept.py::test_decorated",
        "test_kept.py::test_decorated_async",
        "test_left_alone.py::test_fails_once",
        pytest.param(
            "test_left_alone.py::test_fails_once_with_them",
            marks=pytest.mark.skipif(
                sys.version_info < (3, 12), reason="there is one profile function, and it is taken"
            ),
        ),
    ],
)
def test_the_locals_at_the_end_of_a_test_of_any_kind_are_kept(kept: Twice, test: str) -> None:
    state = states(kept.record)[test]
    assert (state["snapshot_type"], state["success_type"]) == ("success", "recovery_success")
    assert state["locals"]["number"] == 2
    assert NUMBER in state["success_factors"]["changes"]


def test_it_is_the_end_of_the_outermost_call_that_is_kept(kept: Twice) -> None:
    found = states(kept.record)
    assert found["test_kept.py::test_async"]["locals"]["after"] == "the last await"
    assert found["test_kept.py::test_recursive"]["locals"]["depth"] == 3
    early = found["test_kept.py::test_returns_early"]["locals"]
    assert (early["number"], early["step"], early["cleaned"]) == (2, 3, 3)


def test_what_changed_between_failure_and_pass_is_listed_with_its_place(kept: Twice) -> None:
    changes = {c["path"]: c for c in states(kept.record)["test_kept.py::test_changed"]["success_factors"]["changes"]}
    # A fixture's value is also an argument of the test.
    servers = [changes.pop(path) for path in ("/locals/server/state", "/fixtures/server/state") if path in changes]
    assert {(c["from"], c["to"]) for c in servers} == {("down", "up")}
    assert changes == {
        "/locals/number": NUMBER,
        "/locals/settings/debug": {"path": "/locals/settings/debug", "from": False, "to": True},
        "/locals/settings/depth/1/a~1b": {"path": "/locals/settings/depth/1/a~1b", "from": 1, "to": 2},
        "/locals/done": {"path": "/locals/done", "to": True},
    }


def test_addresses_temporary_paths_and_moments_are_no_change(kept: Twice) -> None:
    assert states(kept.record)["test_kept.py::test_noise"]["success_factors"] == {"changes": [NUMBER]}


def test_moments_as_whole_numbers_are_no_change(kept: Twice) -> None:
    factors = states(kept.record)["test_kept.py::test_whole_numbers_of_time"]["success_factors"]
    assert factors == {"changes": [NUMBER]}


def test_a_pass_after_a_failed_setup_keeps_its_state_too(kept: Twice) -> None:
    state = states(kept.record)["test_kept.py::test_failed_in_setup"]
    assert state["locals"]["number"] == 7
    # What the failed attempt never reached is no change of it.
    assert [c["path"] for c in state["success_factors"]["changes"]] in ([], ["/fixtures/late"])


def test_ordinary_passes_keep_no_state(kept: Twice) -> None:
    ordinary = {"test_kept.py::test_parametrized[a]", "test_left_alone.py::test_passes"}
    ordinary |= {f"test_left_alone.py::test_{name}" for name in ("after_it", "has_them_still")}
    passed = {s.operation_name for s in kept.record.successes()}
    assert ordinary <= passed
    assert not ordinary & set(states(kept.record))
    rows = kept.record.query(
        "SELECT snapshot_type, count(*) AS number FROM debug_state_snapshots WHERE correlation_id = %(id)s GROUP BY 1"
    )
    assert {row["snapshot_type"] for row in rows} == {"error", "success"}
    (number,) = [row["number"] for row in rows if row["snapshot_type"] == "success"]
    assert number == len(states(kept.record))


# -- the state of a pass where an earlier run failed -------------------------------------------------------------------

LATER = """
import pathlib
import sys

import pytest
from hypothesis import given, settings, strategies


def mood():
    return pathlib.Path("mood").read_text()

def test_mended():
    found = {"mood": mood(), "name": "one"}
    assert found["mood"] == "good"

def test_watched_by_nobody_else(pytestconfig):
    assert not pytestconfig.pluginmanager.has_plugin("debugloop-returns")
    assert not hasattr(sys, "monitoring") or [sys.monitoring.get_tool(n) for n in (3, 4, 5)] == [None] * 3

class TestIn:
    def test_method(self):
        own = mood()
        assert own == "good"

@settings(deadline=None)
@given(strategies.integers())
def test_examples(number):
    assert mood() == "good"

def test_failed_in_setup(late):
    number = 7

@pytest.fixture
def late():
    assert mood() == "good"
    return "here"

def test_broken_still():
    own = mood()
    assert own == "excellent"

@pytest.mark.debugloop(capture=False)
def test_private():
    own = mood()
    assert own == "good"

def test_takes_tools_of_its_own():
    own = mood()
    for tool in range(5) if hasattr(sys, "monitoring") else ():
        if sys.monitoring.get_tool(tool) is None:
            sys.monitoring.use_tool_id(tool, "mine")
            sys.monitoring.free_tool_id(tool)
        else:
            assert sys.monitoring.get_tool(tool).startswith("coverage")
    assert own == "good"

def test_always():
    number = 1
"""


def later_run(project: Project, mood: str, leg: str = "") -> Run:
    project.write("mood", mood)
    return project.run("-rA", "-p", "no:cacheprovider", env={"DEBUGLOOP_LEG": leg, "PYTHONDONTWRITEBYTECODE": "1"})


def test_a_pass_in_a_later_run_keeps_its_state_too(project: Project) -> None:
    project.write("test_later.py", LATER)
    failed = later_run(project, "bad")
    assert failed.outcomes == {"failed": 6, "errors": 1, "passed": 2}
    elsewhere = later_run(project, "good", leg="another")
    mended = later_run(project, "good")
    for run in (elsewhere, mended):  # as it would be without us
        assert run.outcomes == {"failed": 1, "passed": 8}, run.out
    assert states(failed.record) == states(elsewhere.record) == {}

    found = states(mended.record)
    if not HAS_MONITORING:  # the one profile function belongs to the trace, which says more of the reason
        assert found == {}
        return
    names = (
        "test_mended",
        "TestIn::test_method",
        "test_failed_in_setup",
        "test_private",
        "test_takes_tools_of_its_own",
    )
    assert set(found) == {f"test_later.py::{name}" for name in names}
    state = found["test_later.py::test_mended"]
    assert state["locals"]["found"] == {"mood": "good", "name": "one"}
    change = {"path": "/locals/found/mood", "from": "bad", "to": "good"}
    assert state["success_factors"] == {"changes": [change]}
    assert found["test_later.py::test_private"]["locals"] is None

    assert states(later_run(project, "good").record) == {}


@pytest.mark.skipif(not HAS_MONITORING, reason="the one profile function belongs to the trace")
def test_the_state_is_no_evidence_and_of_several_failures_the_last_is_held_against_it(project: Project) -> None:
    project.write(
        "test_it.py", "import pathlib\n\ndef test_it():\n    n = pathlib.Path('n').read_text()\n    assert n > '2'\n"
    )
    for number in "12":
        project.write("n", number)
        failed = project.run()
    project.write("n", "3")
    passed = project.run()
    (state,) = states(passed.record).values()
    assert state["success_factors"] == {"changes": [{"path": "/locals/n", "from": "2", "to": "3"}]}
    (recovery,) = failed.record.query(
        "SELECT c.* FROM debug_error_success_correlation AS c JOIN debug_error_events AS e ON e.id = c.error_event_id"
        " WHERE e.correlation_id = %(id)s"
    )
    assert recovery["recovery_strategy"] == "data_change"
    assert "locals" not in str(recovery["evidence"])
