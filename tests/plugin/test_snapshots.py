"""What a snapshot holds of a failure."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Record

SCHEMA = json.loads((files("pytest_debugloop") / "capture" / "agent_state.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

SUITE = {
    "shop.py": """
        class Till:
            class Drawer:
                def open(self, coins):
                    counted = sum(coins)
                    if counted == 7:
                        raise LookupError("seven")
                    return counted

        def helper(value):
            __tracebackhide__ = True
            hidden = value
            raise ValueError(f"bad value {value}")
        """,
    "conftest.py": """
        import logging
        import pytest

        @pytest.fixture(scope="session")
        def server():
            print("server up")
            return {"port": 8080}

        @pytest.fixture(scope="module")
        def account(server):
            return ["ann", server]

        @pytest.fixture
        def broken(account):
            total = 3
            raise RuntimeError("fixture")

        @pytest.fixture(autouse=True)
        def noise():
            pass
        """,
    "test_shop.py": """
        import asyncio
        import json
        import logging
        import sys
        import threading

        import pytest

        import shop

        pytestmark = pytest.mark.module_mark("of all")

        def test_method():
            coins = [1, 2, 4]
            shop.Till.Drawer().open(coins)

        def test_assertion(account):
            price, wanted = 3, {"price": 4}
            assert {"price": price} == wanted, "the price is wrong"

        @pytest.mark.parametrize("amount, kind", [(5, "cash")], ids=["five"])
        @pytest.mark.slow(3, reason="it waits")
        def test_parameters(amount, kind, account):
            assert amount == 6

        def test_chain():
            try:
                try:
                    {}["missing"]
                except KeyError as error:
                    error.add_note("looked twice") if hasattr(error, "add_note") else None
                    raise ValueError("translated") from error
            except ValueError:
                raise RuntimeError("while handling")

        @pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups")
        def test_group():
            def fail(n):
                raise OSError(n)
            errors = []
            for n in (1, 2):
                try:
                    fail(n)
                except OSError as error:
                    errors.append(error)
            raise ExceptionGroup("both", [errors[0], ExceptionGroup("inner", [errors[1]])])

        def test_hidden():
            shop.helper(3)

        def test_library():
            text = "{"
            json.loads(text)

        def test_output(capfd):
            pass

        def test_captured():
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logging.getLogger("shop").warning("to the log")
            assert False

        def test_much_output():
            print("first\\n" + "x" * 100_000 + "\\nlast words")
            assert False

        def test_fixture(broken):
            pass

        def test_threads():
            stop = threading.Event()
            thread = threading.Thread(target=stop.wait, name="waiting for godot", daemon=True)
            thread.start()
            try:
                assert False
            finally:
                globals()["stop"] = stop

        def test_tasks():
            globals()["stop"].set()

            async def forever():
                await asyncio.sleep(3600)

            loop = asyncio.new_event_loop()
            task = loop.create_task(forever(), name="the long one")
            loop.run_until_complete(asyncio.sleep(0))
            globals()["kept"] = loop, task
            assert False

        def test_deep_recursion():
            kept = globals().pop("kept")
            kept[1].cancel()
            kept[0].run_until_complete(asyncio.gather(kept[1], return_exceptions=True))
            kept[0].close()

            def deeper(n):
                if n == 0:
                    raise LookupError("bottom")
                deeper(n - 1)
            deeper(200)

        def test_environment(monkeypatch):
            monkeypatch.setenv("TZ", "Mars/Phobos")
            monkeypatch.setenv("SHOP_MODE", "holiday")
            monkeypatch.setenv("UNRELATED", "x")
            assert False

        @pytest.mark.debugloop(capture=False)
        def test_private(account):
            mine = "not for others"
            print("nor this")
            assert mine == "something else"
        """,
}
ARGUMENTS = ("--debugloop-environment=SHOP_*", "-p", "no:threadexception", "-W", "ignore")


@pytest.fixture(scope="module")
def record(make_project: Callable[[str], Project]) -> Record:
    """The record of one suite in which everything fails."""
    project = make_project("shop")
    for name, text in SUITE.items():
        project.write(name, text)
    project.write("pytest.ini", "[pytest]\nmarkers =\n    slow\n    module_mark\n")
    return project.run(*ARGUMENTS, "--strict-markers", env={"TZ": "UTC"}).record


def state_of(record: Record, test: str) -> dict[str, Any]:
    (error,) = record.errors(f"::{test}")
    assert error.state is not None
    return error.state


def test_every_snapshot_is_as_the_schema_says(record: Record) -> None:
    states = [error.state for error in record.all_errors]
    assert len(states) >= 14
    for state in states:
        VALIDATOR.validate(state)


def test_the_schema_refuses_what_it_does_not_know() -> None:
    state: dict[str, Any] = {"schema": 1, "fixtures": {}, "exceptions": []}
    state["exceptions"] = [{"relation": "raised", "type": "X", "message": "", "frames": []}]
    VALIDATOR.validate(state)
    for wrong in ({"schema": 2}, {"more": 1}, {"fixtures": {"x": {"$new": 1}}}, {"fixtures": {"x": {"$cut": "a bit"}}}):
        with pytest.raises(jsonschema.ValidationError):
            VALIDATOR.validate(state | wrong)


def test_a_frame_has_its_place_its_source_and_its_locals(record: Record) -> None:
    outer, inner = record.error("::test_method").frames
    assert (outer["file"], outer["function"]) == ("test_shop.py", "test_method")
    assert outer["locals"] == {"coins": {"$ref": "/exceptions/0/frames/1/locals/coins"}}
    assert (inner["file"], inner["function"]) == ("shop.py", "Till.Drawer.open")
    assert inner["source"] == 'raise LookupError("seven")'
    context = inner["context"]
    assert context["lines"][inner["line"] - context["first"]].strip() == inner["source"]
    assert context["lines"][0] == "class Till:"
    assert (inner["locals"]["counted"], inner["locals"]["coins"]) == (7, [1, 2, 4])


def test_an_assertion_keeps_the_explanation(record: Record) -> None:
    state = state_of(record, "test_assertion")
    assert state["assertion"].startswith("assert {'price': 3} == {'price': 4}")
    assert state["exceptions"][0]["message"].startswith("the price is wrong\nassert")


def test_fixtures_have_values_and_scopes(record: Record) -> None:
    error = record.error("::test_assertion")
    state = state_of(record, "test_assertion")
    assert error.fixture("account") == ["ann", {"port": 8080}]
    assert state["fixture_scopes"] == {"account": "module", "noise": "function", "server": "session"}


def test_parameters_and_markers_are_kept(record: Record) -> None:
    state = state_of(record, "test_parameters[five]")
    assert state["parameters"] == {"amount": 5, "kind": "cash"}
    assert "amount" not in state["fixtures"]
    slow, parametrize, of_all = state["markers"]
    assert slow == {"name": "slow", "args": [3], "kwargs": {"reason": "it waits"}}
    assert (parametrize["name"], parametrize["args"]) == ("parametrize", ["amount, kind"])
    assert of_all == {"name": "module_mark", "args": ["of all"]}


def test_a_chain_is_kept_with_its_notes(record: Record) -> None:
    exceptions = state_of(record, "test_chain")["exceptions"]
    assert [(e["relation"], e.get("parent"), e["type"]) for e in exceptions] == [
        ("raised", None, "RuntimeError"),
        ("context", 0, "ValueError"),
        ("cause", 1, "KeyError"),
    ]
    assert exceptions[2].get("notes", ["looked twice"]) == ["looked twice"]


def test_a_group_is_kept_as_a_tree(record: Record) -> None:
    if not record.errors("::test_group"):
        pytest.skip("there are no exception groups in this Python")
    exceptions = state_of(record, "test_group")["exceptions"]
    assert [(e["relation"], e.get("parent"), e["type"]) for e in exceptions] == [
        ("raised", None, "ExceptionGroup"),
        ("group", 0, "OSError"),
        ("group", 0, "ExceptionGroup"),
        ("group", 2, "OSError"),
    ]
    assert exceptions[3]["frames"][-1]["locals"] == {"n": 2}


def test_a_hidden_frame_is_folded(record: Record) -> None:
    test, helper = record.error("::test_hidden").frames
    assert helper["is_hidden"] is True
    assert "locals" not in helper
    assert "locals" in test


def test_frames_of_libraries_are_folded(record: Record) -> None:
    test, *library = record.error("::test_library").frames
    assert test["locals"] == {"text": "{"}
    assert [("locals" in frame, frame["is_folded"]) for frame in library] == [(False, True)] * 3
    assert all(frame["source"] for frame in library)


def test_the_captured_output_is_kept(record: Record) -> None:
    captured = state_of(record, "test_captured")["captured"]
    assert captured["call stdout"] == {"text": "to stdout\n"}
    assert captured["call stderr"] == {"text": "to stderr\n"}
    assert "to the log" in captured["call log"]["text"]
    text = state_of(record, "test_much_output")["captured"]["call stdout"]
    assert text["text"].endswith("\nlast words\n")
    assert text["$cut"] == "96,018 more of 100,018 characters"


def test_the_state_of_a_fixture_is_kept(record: Record) -> None:
    error = record.error("::test_fixture")
    assert error.locals["total"] == 3
    assert error.error_type == "setup_error"


def test_other_threads_are_told(record: Record) -> None:
    (thread,) = state_of(record, "test_threads")["threads"]
    assert (thread["name"], thread["daemon"]) == ("waiting for godot", True)
    assert "wait" in thread["stack"][-1]["function"]
    assert "threads" not in state_of(record, "test_method")


def test_unfinished_tasks_are_told(record: Record) -> None:
    (task,) = state_of(record, "test_tasks")["tasks"]
    assert task["name"] == "the long one"
    assert task["stack"][0]["function"].endswith("forever")
    assert task["stack"][0]["file"] == "test_shop.py"
    assert task["stack"][1]["function"] == "sleep"


def test_frames_in_the_middle_of_a_deep_recursion_are_cut(record: Record) -> None:
    one = state_of(record, "test_deep_recursion")["exceptions"][0]
    assert len(one["frames"]) == 50
    assert one["$cut"] == "152 more of 202 frames"
    assert one["frames"][-1]["locals"]["n"] == 0
    assert one["frames"][0]["function"] == "test_deep_recursion"


def test_variables_of_the_allow_list_are_kept_as_the_test_left_them(record: Record) -> None:
    environment = state_of(record, "test_environment")["environment"]
    assert environment["TZ"] == "Mars/Phobos"
    assert environment["SHOP_MODE"] == "holiday"
    assert not {"UNRELATED", "PATH", "HOME", "PYTEST_CURRENT_TEST"} & set(environment)
    assert state_of(record, "test_method")["environment"]["TZ"] == "UTC"


def test_a_marker_switches_capture_off(record: Record) -> None:
    state = state_of(record, "test_private")
    assert state["is_captured"] is False
    assert "account" not in state["fixtures"]
    assert set(state) == {"schema", "exceptions", "fixtures", "is_captured", "assertion"}
    assert all("locals" not in frame for frame in state["exceptions"][0]["frames"])


def test_memory_and_times_are_in_their_columns(record: Record) -> None:
    rows = record.query(
        "SELECT memory_usage_mb, cpu_time_ms, wall_time_ms FROM debug_state_snapshots WHERE correlation_id = %(id)s"
    )
    assert rows
    assert all(row["memory_usage_mb"] > 1 and row["cpu_time_ms"] > 0 and row["wall_time_ms"] >= 0 for row in rows)


def test_the_same_state_of_two_runs_is_stored_once(project: Project) -> None:
    project.write("test_any.py", "def test():\n    mine = [1, 2]\n    raise ValueError('same')\n")
    first, second = (
        project.run().record.query("SELECT state_snapshot_id FROM debug_error_events WHERE correlation_id = %(id)s")
        for _ in range(2)
    )
    assert first == second


def test_an_interrupt_while_a_snapshot_is_taken_costs_no_failure(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import signal

        def pytest_debugloop_renderer(cls):
            if cls.__name__ == "Slow":
                return lambda value: signal.raise_signal(signal.SIGINT)
        """,
    )
    project.write(
        "test_any.py",
        """
        class Slow:
            pass

        def test():
            value = Slow()
            raise ValueError("the failure")

        def test_never_reached():
            pass
        """,
    )
    run = project.run()
    assert run.ret == 2
    error = run.record.error("::test")
    assert (error.error_message, error.state) == ("the failure", None)
    assert not run.record.steps("::test_never_reached")
