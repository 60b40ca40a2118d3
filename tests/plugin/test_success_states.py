"""The state at the end of a test that passes after an attempt that failed, and what was different in its data."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project

from tests.plugin.attempts import RERUNS, Twice, run_twice, states

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
