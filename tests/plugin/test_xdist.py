"""Under pytest-xdist all processes make one record."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project, Run

SUITE = """
import pytest

@pytest.mark.parametrize("number", range(6))
@pytest.mark.xdist_group("shared")
def test_number(number):
    mine = number
    assert number != 3

class TestMore:
    @pytest.mark.parametrize("number", range(4))
    def test_more(self, number):
        pass
"""
MODES = [
    *("loadgroup", "each", "no"),
    # To us these are `loadgroup`: a worker's tests come in another order.
    *(pytest.param(mode, marks=pytest.mark.thorough) for mode in ("load", "loadscope", "loadfile", "worksteal")),
]


def suite(project: Project) -> None:
    project.write("test_one.py", SUITE)
    project.write("test_two.py", SUITE)


def of_tests(run: Run) -> Counter[tuple[str, str, str]]:
    """All steps of tests, as often as they are there."""
    steps = run.record.all_steps
    return Counter((s.operation_name, s.step_type, s.status) for s in steps if s.step_type != "collect")


def wanted(times: int) -> Counter[tuple[str, str, str]]:
    """All steps that the suite has."""
    tests = [f"::test_number[{n}]" for n in range(6)] + [f"::TestMore::test_more[{n}]" for n in range(4)]
    return Counter(
        {
            (file + test, phase, "failed" if (test, phase) == ("::test_number[3]", "call") else "completed"): times
            for file in ("test_one.py", "test_two.py")
            for test in tests
            for phase in ("setup", "call", "teardown")
        }
    )


def test_workers_are_recorded_by_whatever_name_the_plugin_was_loaded(project: Project) -> None:
    project.write("test_one.py", SUITE)
    run = project.run("-p", "xdist.plugin", "-n2")
    assert len(of_tests(run)) == 30


@pytest.mark.parametrize("mode", MODES)
def test_every_way_to_share_out_tests_makes_one_record(project: Project, mode: str) -> None:
    suite(project)
    run = project.run("-p", "xdist", "-n2", f"--dist={mode}")
    times = 2 if mode == "each" else 1
    assert (run.ret, run.outcomes) == (1, {"failed": 2 * times, "passed": 18 * times})
    assert of_tests(run) == wanted(times)
    record = run.record
    assert [s.step_number for s in record.all_steps] == list(range(1, len(record.all_steps) + 1))
    assert sorted(record.all_steps, key=lambda s: s.started_at) == record.all_steps
    assert {s.agent_name for s in record.all_steps} <= {"pytest:gw0", "pytest:gw1"}
    assert len(record.all_errors) == 2 * times
    assert all(e.locals["mine"] == 3 for e in record.all_errors)
    assert (record.run["status"], record.run["steps_total"]) == ("finished", len(record.all_steps))
    assert len(record.query("SELECT FROM debug_runs WHERE correlation_id = %(id)s")) == 1


def test_each_step_depends_on_steps_of_its_own_worker(project: Project) -> None:
    suite(project)
    run = project.run("-p", "xdist", "-n2")
    by_number = {s.step_number: s for s in run.record.all_steps}
    checked = 0
    for step in run.record.steps(step_type="teardown"):
        for number in step.depends_on_steps or []:
            assert (by_number[number].operation_name, by_number[number].agent_name) == (
                step.operation_name,
                step.agent_name,
            )
            checked += 1
    assert checked == 2 * 20


@pytest.mark.parametrize(("death", "restarts"), [("os._exit(9)", "0"), ("os.kill(os.getpid(), signal.SIGKILL)", "3")])
def test_a_worker_that_crashes_leaves_an_error_that_names_its_test(project: Project, death: str, restarts: str) -> None:
    project.write(
        "test_crash.py",
        f"""
        import os, signal, pytest

        def test_before(): pass

        def test_crash():
            {death}

        @pytest.mark.parametrize("n", range(4))
        def test_after(n): pass
        """,
    )
    options = ("-p", "xdist", "-n2", f"--max-worker-restart={restarts}")
    run, plain = project.run(*options), project.run(*options, recorded=False)
    if run.xdist_broke or plain.xdist_broke:
        pytest.skip("pytest-xdist itself broke")
    assert (run.ret, run.outcomes.get("failed")) == (plain.ret, plain.outcomes.get("failed")) == (1, 1)
    (error,) = run.record.all_errors
    assert error.kind == ("worker_crash", "agent", "critical", "worker_crash")
    assert error.operation_name == "test_crash.py::test_crash"
    step = run.record.step("test_crash", "call")
    assert (step.error_event_id, step.status, step.agent_name) == (error.id, "failed", error.agent_name)
    assert error.agent_name in ("pytest:gw0", "pytest:gw1")
    assert "1 failure" in run.out


@pytest.mark.parametrize("phase", ["setup", "teardown"])
def test_a_worker_that_crashes_around_a_test_leaves_an_error_that_names_the_phase(project: Project, phase: str) -> None:
    project.write(
        "test_crash.py",
        f"""
        import os, pytest

        @pytest.fixture
        def place():
            {"os._exit(9)" if phase == "setup" else "yield; os._exit(9)"}

        def test_crash(place): pass
        """,
    )
    run = project.run("-p", "xdist", "-n1", "--max-worker-restart=0")
    if run.xdist_broke:
        pytest.skip("pytest-xdist itself broke")
    (error,) = run.record.all_errors
    assert (error.error_type, error.metadata["phase"]) == ("worker_crash", phase)
    step = run.record.step("test_crash", phase)
    assert (step.error_event_id, step.status) == (error.id, "failed")


def test_a_crash_in_a_group_names_the_test_without_its_group(project: Project) -> None:
    project.write(
        "test_crash.py",
        "import os, pytest\n@pytest.mark.xdist_group('g')\ndef test_crash(): os._exit(1)\n",
    )
    run = project.run("-p", "xdist", "-n1", "--dist=loadgroup", "--max-worker-restart=0")
    assert run.record.error("").operation_name == "test_crash.py::test_crash"


def test_what_cannot_be_collected_is_told_once_and_not_by_each_worker(project: Project) -> None:
    project.write("test_broken.py", "import no_such_module\n")
    run = project.run("-p", "xdist", "-n2")
    (error,) = run.record.all_errors
    assert (error.error_type, error.error_code) == ("collection_error", "ModuleNotFoundError")
    assert run.ret == project.run("-p", "xdist", "-n2", recorded=False).ret


def test_workers_that_collect_different_tests_are_a_collection_error(project: Project) -> None:
    project.write(
        "test_differs.py",
        "import os, pytest\n@pytest.mark.parametrize('pid', [os.getpid()])\ndef test(pid): pass\n",
    )
    run = project.run("-p", "xdist", "-n2")
    (error,) = run.record.all_errors
    assert (error.error_type, error.error_severity, error.metadata["worker"]) == (
        "collection_error",
        "critical",
        error.agent_name.removeprefix("pytest:"),
    )
    assert "Different tests were collected" in (error.error_stack_trace or "")
    told = r"(gw\d) collected other tests than (gw\d): (.*\]) only in \2, (.*\]) only in \1\n"
    assert re.fullmatch(told + r"only in \2: \3\nonly in \1: \4", error.error_message)
    assert run.ret == project.run("-p", "xdist", "-n2", recorded=False).ret


def test_maxfail_stops_all_workers_and_leaves_a_whole_record(project: Project) -> None:
    project.write("test_many.py", "import pytest\n@pytest.mark.parametrize('n', range(40))\ndef test(n): assert n\n")
    run = project.run("-p", "xdist", "-n2", "-x")
    assert run.ret in (1, 2)
    assert run.record.run["status"] == "interrupted"
    assert "started" not in {s.status for s in run.record.all_steps}


@pytest.mark.parametrize("workers", [("-n0",), ("-n", "logical", "--maxprocesses=1")], ids=" ".join)
def test_few_workers_are_fine(project: Project, workers: tuple[str, ...]) -> None:
    suite(project)
    run = project.run("-p", "xdist", *workers)
    assert run.outcomes == {"failed": 2, "passed": 18}
    assert len(run.record.all_errors) == 2


def test_a_run_where_xdist_is_not_installed_is_recorded(project: Project) -> None:
    blocked = project.write("blocked/xdist.py", "raise ImportError('not installed')\n")
    suite(project)
    run = project.run("-W", "ignore", env={"PYTHONPATH": str(blocked.parent)})
    assert run.outcomes == {"failed": 2, "passed": 18}
    assert len(run.record.all_errors) == 2


def test_a_run_that_is_stored_leaves_no_journal_behind(project: Project) -> None:
    project.write("test_fine.py", "def test_fine(): pass\n")
    run = project.run("-p", "xdist", "-n2")
    assert run.ret == 0
    assert list((project.folder / ".debugloop" / "journals").iterdir()) == []
