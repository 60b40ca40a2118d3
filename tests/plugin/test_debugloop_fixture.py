"""What tests record themselves, with the fixture ``debugloop``: it is stored, and no call changes a test."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run

NOTES = ("step", "checkpoint", "transformation", "llm_call", "artifact", "record")


def notes_of(run: Run, test: str = "") -> list[dict[str, Any]]:
    """What was recorded, with the state at it, and what it is in."""
    rows = run.record.query(
        "SELECT s.*, p.operation_name AS parent, p.step_type AS parent_type,"
        " pre.agent_state -> 'state' AS before, post.agent_state -> 'state' AS after, pre.snapshot_type AS pre_type,"
        " post.snapshot_type AS post_type, post.context_depth, post.execution_step,"
        " post.transformation_event_id AS post_event, pre.transformation_event_id AS pre_event"
        " FROM debug_workflow_steps AS s LEFT JOIN debug_workflow_steps AS p ON p.id = s.parent_step_id"
        " LEFT JOIN debug_state_snapshots AS pre ON pre.id = s.pre_state_snapshot_id"
        " LEFT JOIN debug_state_snapshots AS post ON post.id = s.post_state_snapshot_id"
        " WHERE s.correlation_id = %(id)s ORDER BY s.step_number"
    )
    return [row for row in rows if row["step_type"] in NOTES and row["operation_name"].startswith(test)]


@pytest.fixture(scope="module")
def project(make_project: Callable[[str], Project]) -> Project:
    """A suite of the module's."""
    return make_project("told")


@pytest.fixture(scope="module")
def told(project: Project) -> Run:
    """Tests that record something of each kind."""
    project.write(
        "test_told.py",
        """
        import asyncio
        import threading

        import pytest

        @pytest.fixture
        def cart(debugloop):
            with debugloop.step("fill the cart"):
                pass
            yield {"items": ["apple"]}
            debugloop.checkpoint("emptied")

        def test_steps(debugloop, cart):
            debugloop.checkpoint("begin", cart=cart, password="hunter22-hunter22")
            with debugloop.step("order", number=5) as order:
                with debugloop.step("pay"):
                    debugloop.checkpoint("paid", cart=cart, total=7)
                order.output(receipt="R-1")
            debugloop.record(ticket="SHOP-12")

        def test_raises(debugloop):
            with pytest.raises(ValueError):
                with debugloop.step("fails"):
                    raise ValueError("no such article")

        def test_transformations(debugloop):
            debugloop.transformation("planner", "coder", {"goal": "sum"}, reason="the plan is done", tokens=12)
            state = {"files": 1}
            with debugloop.transformation("coder", "tester", state):
                state["files"] = 2
            with pytest.raises(OSError):
                with debugloop.transformation("tester", "critic", state):
                    raise OSError("disk full")

        def test_calls(debugloop):
            debugloop.llm_call(
                "Edit", output={"lines": 3}, file_path="/shop/cart.py", success="full_success", quality=0.75,
                milliseconds=120, domain="shop", retries=1,
            )

        def test_artifacts(debugloop, tmp_path):
            path = tmp_path / "page.html"
            path.write_text("<p>token=abcdefgh12345678</p>")
            debugloop.attach(path)
            debugloop.attach(b"\\x89PNG\\0", "shot.png")
            debugloop.attach(b"\\x89PNG\\0", "again", "image/png")

        def test_threads(debugloop):
            def work(number):
                with debugloop.step(f"thread {number}"):
                    for i in range(20):
                        debugloop.checkpoint("in thread", number=number, i=i)
            threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        def test_async(debugloop):
            async def work(number):
                with debugloop.step(f"task {number}"):
                    await asyncio.sleep(0)
                    debugloop.checkpoint("in task", number=number)
            async def main():
                await asyncio.gather(*(work(n) for n in range(5)))
            asyncio.run(main())

        @pytest.mark.debugloop(capture=False)
        def test_without_states(debugloop):
            debugloop.checkpoint("bare", secret_plan=1)
        """,
    )
    run = project.run("-q")
    assert run.ret == 0, run.out
    assert not any("not recorded" in line or "please report" in line for line in run.lines), run.out
    return run


def test_steps_nest_below_the_phase_of_the_test_and_keep_what_went_in_and_came_out(told: Run) -> None:
    (fill,) = notes_of(told, "fill the cart")
    assert (fill["parent_type"], fill["parent"].rpartition("::")[2]) == ("setup", "test_steps")
    (order,) = notes_of(told, "order")
    assert (order["parent_type"], order["status"], order["step_type"]) == ("call", "completed", "step")
    assert (order["input_data"], order["output_data"]) == ({"number": 5}, {"receipt": "R-1"})
    (pay,) = notes_of(told, "pay")
    assert pay["parent_step_id"] == order["id"]
    (paid,) = notes_of(told, "paid")
    assert (paid["parent"], paid["context_depth"], paid["execution_step"]) == ("pay", 2, paid["step_number"])
    (emptied,) = notes_of(told, "emptied")
    assert emptied["parent_type"] == "teardown"


def test_a_checkpoint_keeps_its_state_without_secrets(told: Run) -> None:
    (begin,) = notes_of(told, "begin")
    assert begin["post_type"] == "checkpoint"
    assert begin["after"] == {"cart": {"items": ["apple"]}, "password": "[redacted: key]"}
    (record,) = notes_of(told, "record")
    assert record["output_data"] == {"ticket": "SHOP-12"}
    (bare,) = notes_of(told, "bare")
    assert bare["after"] is None


def test_a_step_that_raises_has_failed_and_the_test_has_not(told: Run) -> None:
    (fails,) = notes_of(told, "fails")
    assert (fails["status"], fails["metadata"]["exception"]) == ("failed", "ValueError")
    assert told.record.errors() == []


def test_a_transformation_is_a_row_of_the_hosts_table_with_the_states_before_and_after(told: Run) -> None:
    notes = notes_of(told, "planner")[0], notes_of(told, "coder")[0], notes_of(told, "tester")[0]
    for note in notes:
        assert (note["pre_type"], note["post_type"]) == ("pre_transform", "post_transform")
    assert [note["before"] for note in notes] == [{"goal": "sum"}, {"files": 1}, {"files": 2}]
    assert [note["after"] for note in notes] == [{"goal": "sum"}, {"files": 2}, {"files": 2}]
    rows = told.record.query("SELECT * FROM agent_transformation_events WHERE correlation_id = %(id)s ORDER BY id")
    assert [(row["source_agent"], row["target_agent"], row["event_type"], row["success"]) for row in rows] == [
        ("planner", "coder", "transformation_complete", True),
        ("coder", "tester", "transformation_complete", True),
        ("tester", "critic", "transformation_failed", False),
    ]
    assert [row["state_snapshot_id"] for row in rows] == [note["pre_state_snapshot_id"] for note in notes]
    assert [str(row["id"]) for row in rows] == [note["metadata"]["transformation_event_id"] for note in notes]
    assert rows[0]["transformation_reason"] == "the plan is done"
    assert (rows[0]["context_snapshot"], rows[0]["context_keys"]) == ({"tokens": 12}, ["tokens"])
    assert notes[0]["pre_event"] == rows[0]["id"] == notes[0]["post_event"]


def test_a_call_is_a_row_of_the_hosts_table_as_real_hooks_write_it(told: Run) -> None:
    (note,) = notes_of(told, "Edit")
    (row,) = told.record.query("SELECT * FROM hook_events WHERE metadata ->> 'correlation_id' = %(id)s")
    assert (row["source"], row["action"], row["resource"], row["resource_id"]) == (
        "PostToolUse",
        "tool_completion",
        "tool",
        "Edit",
    )
    enhanced = {
        "success_classification": "full_success",
        "quality_metrics": {"quality_score": 0.75},
        "performance_metrics": {"execution_time_ms": 120},
        "execution_analysis": {"retries": 1},
    }
    assert row["payload"] == {
        "tool_name": "Edit",
        "tool_output": {"lines": 3},
        "file_path": "/shop/cart.py",
        "enhanced_metadata": enhanced,
    }
    assert (
        row["metadata"].items() >= {"hook_type": "PostToolUse", "agent_name": "pytest", "agent_domain": "shop"}.items()
    )
    assert row["metadata"].items() >= enhanced.items()
    assert str(row["id"]) == note["metadata"]["hook_event_id"]
    (call,) = told.record.query("SELECT * FROM debug_llm_call_summary WHERE correlation_id = %(id)s::text")
    assert (call["tool_name"], float(call["quality_score"]), call["execution_time_ms"]) == ("Edit", 0.75, 120)


def test_artifacts_are_stored_once_and_without_secrets(told: Run) -> None:
    rows = told.record.query(
        "SELECT l.name, l.media_type, l.origin, a.content, a.size_bytes, s.operation_name"
        " FROM debug_snapshot_artifacts AS l JOIN debug_artifacts AS a ON a.id = l.artifact_id"
        " JOIN debug_workflow_steps AS s ON s.id = l.step_id WHERE l.correlation_id = %(id)s ORDER BY l.created_at"
    )
    assert [(row["name"], row["media_type"], row["operation_name"]) for row in rows] == [
        ("page.html", "text/html", "page.html"),
        ("shot.png", "image/png", "shot.png"),
        ("again", "image/png", "again"),
    ]
    assert b"abcdefgh12345678" not in rows[0]["content"]
    assert rows[0]["content"].startswith(b"<p>token=[redacted")
    assert rows[1]["content"] == rows[2]["content"] == b"\x89PNG\0"
    (stored,) = told.record.query(
        "SELECT count(*) FROM debug_artifacts WHERE id IN"
        " (SELECT artifact_id FROM debug_snapshot_artifacts WHERE correlation_id = %(id)s)"
    )
    assert stored["count"] == 2


def test_threads_and_tasks_have_steps_of_their_own(told: Run) -> None:
    for number in range(8):
        (step,) = notes_of(told, f"thread {number}")
        inside = [note for note in notes_of(told, "in thread") if note["parent_step_id"] == step["id"]]
        assert [note["after"] for note in inside] == [{"number": number, "i": i} for i in range(20)]
    for number in range(5):
        (step,) = notes_of(told, f"task {number}")
        states = [note["after"] for note in notes_of(told, "in task") if note["parent_step_id"] == step["id"]]
        assert states == [{"number": number}]


def test_show_tells_what_a_test_and_a_run_have_recorded(told: Run, project: Project) -> None:
    text = project.printed("show", "test_told.py::test_steps")
    assert "Recorded by test_told.py::test_steps" in text
    assert "step order" in text
    assert "    checkpoint paid" in text
    assert '"[redacted: key]"' in text
    shown = json.loads(project.printed("show", "--json", told.record.correlation_id))
    paid = next(note for note in shown["notes"] if note["name"] == "paid")
    assert (paid["test"], paid["phase"], paid["depth"]) == ("test_told.py::test_steps", "call", 2)
    assert paid["state"] == {"cart": {"items": ["apple"]}, "total": 7}


HOSTILE = """
    import os
    import threading
    import warnings

    import pytest

    class Evil:
        def __repr__(self): raise RuntimeError("repr")
        def __str__(self): raise RuntimeError("str")
        def __iter__(self): raise RuntimeError("iter")
        def __len__(self): raise RuntimeError("len")
        def __eq__(self, other): raise RuntimeError("eq")
        def __hash__(self): raise RuntimeError("hash")
        def __bool__(self): raise RuntimeError("bool")
        def __fspath__(self): raise RuntimeError("path")
        def __getattr__(self, name): raise RuntimeError("attribute")

    def test_anything(debugloop):
        loop = []
        loop.append(loop)
        deep = {}
        for _ in range(5000):
            deep = {"in": deep}
        for value in (Evil(), loop, deep, object(), "x" * 10_000_000, "\\0\\ud800", float("nan"), 10**5000, b"\\0",
                      None, lambda: 0, iter(()), open(os.devnull), Evil):
            debugloop.checkpoint(value, value=value)
            with debugloop.step(value, value=value) as step:
                step.output(value=value)
            debugloop.transformation(value, value, value, reason=value, value=value)
            debugloop.llm_call(
                value, output=value, file_path=value, success=value, quality=value, milliseconds=value, domain=value,
                value=value,
            )
            debugloop.record(value=value)
            if value is not None and not isinstance(value, bytes):
                debugloop.attach(value, value, value)

    def test_too_many(debugloop):
        for number in range(100_000):
            debugloop.checkpoint("one of many", number=number)

    def test_too_large(debugloop, tmp_path):
        with open(tmp_path / "huge", "wb") as file:
            file.truncate(2 * 1024**3)
        debugloop.attach(tmp_path / "huge")
        debugloop.attach(tmp_path / "missing")
        debugloop.attach(tmp_path)
        os.mkfifo(tmp_path / "pipe")
        debugloop.attach(tmp_path / "pipe")
        debugloop.attach("/dev/zero")

    late = []
    go_on = threading.Event()

    def test_leaves_a_thread(debugloop):
        def work():
            go_on.wait(60)
            for _ in range(3):
                debugloop.checkpoint("late")
        thread = threading.Thread(target=work)
        thread.start()
        late.append(thread)

    def test_after_it():
        go_on.set()
        late[0].join()

    def test_forks(debugloop):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with debugloop.step("around the fork"):
                pid = os.fork()
                if pid == 0:
                    debugloop.checkpoint("in the child")
                    debugloop.attach(b"x")
                    os._exit(0)
                assert os.waitpid(pid, 0)[1] == 0
    """


def test_no_call_fails_a_test_and_what_is_dropped_is_counted(make_project: Callable[[str], Project]) -> None:
    project = make_project("hostile_notes")
    project.write("test_hostile.py", HOSTILE)
    run = project.run("-q")
    assert (run.ret, run.outcomes) == (0, {"passed": 6}), run.out
    told = [line for line in run.lines if "not recorded" in line]
    assert len(told) == 2, told
    assert "99,000 beyond debugloop_max_checkpoints for one test" in told[0]
    assert "3 after the end of their test" in told[0]
    assert "2 in a forked child process" in told[0]
    assert "larger than debugloop_max_artifact_bytes" in told[1]
    assert not any("please report" in line for line in run.lines), run.out
    assert len(notes_of(run, "one of many")) == 1000
    assert [note["status"] for note in notes_of(run, "around the fork")] == ["completed"]
    assert run.record.query("SELECT * FROM debug_rejected_lines WHERE correlation_id = %(id)s") == []
    begun = "SELECT * FROM debug_workflow_steps WHERE correlation_id = %(id)s AND status = 'started'"
    assert run.record.query(begun) == []


def test_a_run_that_does_not_record_has_the_fixture_and_it_does_nothing(make_project: Callable[[str], Project]) -> None:
    project = make_project("off")
    project.write(
        "test_off.py",
        """
        import sys

        def test_off(debugloop, tmp_path):
            debugloop.checkpoint("begin", a=1)
            with debugloop.step("x", b=2) as step:
                step.output(c=3)
            with debugloop.transformation("a", "b", {"x": 1}):
                pass
            debugloop.transformation("a", "b")
            debugloop.llm_call("Edit")
            debugloop.attach(tmp_path / "missing")
            debugloop.record(d=4)
            assert not debugloop.is_recording
            assert not [name for name in sys.modules if name.startswith("pytest_debugloop.journal")]
        """,
    )
    run = project.run("-q", recorded=False)
    assert (run.ret, run.outcomes) == (0, {"passed": 1}), run.out


def test_a_thread_that_outlives_the_session_is_told_at_the_exit(make_project: Callable[[str], Project]) -> None:
    project = make_project("outlived")
    project.write("conftest.py", "import threading\nover = threading.Event()\ndef pytest_unconfigure(): over.set()\n")
    project.write(
        "test_outlived.py",
        """
        import threading
        from conftest import over

        def test_one(debugloop):
            def work():
                over.wait(60)
                threading.main_thread().join(0.1)
                debugloop.checkpoint("too late")
            threading.Thread(target=work).start()
        """,
    )
    run = project.run("-q")
    assert run.ret == 0, run.out
    assert "1 call of debugloop was not recorded" in run.out + run.err


def test_workers_of_xdist_record_and_report_too(make_project: Callable[[str], Project]) -> None:
    project = make_project("workers")
    project.write(
        "test_workers.py",
        """
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_one(debugloop, number):
            with debugloop.step(f"number {number}"):
                for i in range(15):
                    debugloop.checkpoint("one", number=number, i=i)
        """,
    )
    run = project.run("-q", "-p", "xdist", "-n", "2", "--debugloop-max-checkpoints", "10")
    assert run.ret == 0, run.out
    (told,) = {line for line in run.lines if "not recorded" in line}
    assert "24 calls of debugloop were not recorded (24 beyond debugloop_max_checkpoints for one test)" in told
    assert len(notes_of(run, "one")) == 36
