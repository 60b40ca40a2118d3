"""A fault of our own, wherever it is: the run is as without us, what was recorded is stored, the fault is told once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.support.projects import told_by_us

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run

SUITE = """
    import pytest

    @pytest.fixture
    def broken():
        raise OSError("no such thing")

    def test_passes():
        pass

    def test_fails():
        found = 41
        assert found == 42

    def test_errors(broken):
        pass

    @pytest.mark.skip(reason="not today")
    def test_is_skipped():
        pass

    def test_subtests(subtests):
        with subtests.test("one"):
            assert not "one"
"""
CONFTEST = """
    import importlib
    import os

    def fault(*arguments, **named):
        raise RuntimeError("a fault of ours")

    module, _, path = os.environ.get("BROKEN", "").partition(":")
    if module:
        *owners, name = path.split(".")
        owner = importlib.import_module(f"pytest_debugloop.{module}")
        for inner in owners:
            owner = getattr(owner, inner)
        setattr(owner, name, fault)
"""
NOTED = [
    "writing.node_ids:NodeIds.collect",
    "writing.node_ids:NodeIds.of",
    "writing.loaded_files:LoadedFiles.more",
    "writing.steps:Attempt.begin",
    "writing.steps:Step.ended_line",
    "recording.recorder:outcome_of",
    "recording.plain_phases:remove_from_traceback",
    "recording.recorder:failure_of_report",
    "recording.recorder:subtest_name",
    "writing.writer:Writer.failure_of_exception",
    "writing.writer:Writer.write_failure",
    "capture.snapshot:Capturer.capture_exception_chain",
    "capture.snapshot:Capturer.capture_state",
    "journal.records:Finish.to_line",
    "summary.run_end:RunEnd.lines",
]
NOT_RECORDED = ["recording.session:capturer_of", "writing.header:run_facts", "environment.folders:open_folder"]


@pytest.fixture(scope="module")
def suite(make_project: Callable[[str], Project]) -> Project:
    project = make_project("faults")
    project.write("conftest.py", CONFTEST)
    project.write("test_suite.py", SUITE)
    return project


@pytest.fixture(scope="module")
def plain(suite: Project) -> Run:
    """How the suite ends without us."""
    return suite.run("-p", "no:cacheprovider", recorded=False)


def shown(run: Run) -> list[str]:
    """What is printed, without our own lines and the time."""
    lines = (re.sub(r"0x[0-9a-f]+", "0x", line) for line in told_by_us(run.lines)[1])
    return [re.sub(r" in \d+\.\d+s", "", line).strip("= ") for line in lines]


@pytest.mark.parametrize("place", NOTED)
def test_a_fault_changes_nothing_of_the_run_and_is_told(suite: Project, plain: Run, place: str) -> None:
    run = suite.run("-p", "no:cacheprovider", env={"BROKEN": place})
    assert (run.ret, run.outcomes, run.err) == (plain.ret, plain.outcomes, "")
    assert shown(run) == shown(plain)
    if place == "recording.recorder:failure_of_report" and pytest.version_tuple < (9, 0):
        return  # nothing is asked for but subtests, which pytest does not have
    (told,) = (line for line in run.paragraph if "a fault of ours" in line)
    assert told.startswith("debugloop: ")
    # The loader goes on with what there is.
    assert run.record.wait_for_end()["status"] in ("finished", "died")


@pytest.mark.parametrize("place", NOT_RECORDED)
def test_where_nothing_can_be_recorded_the_run_goes_on_and_says_so(suite: Project, plain: Run, place: str) -> None:
    run = suite.run("-p", "no:cacheprovider", env={"BROKEN": place})
    assert (run.ret, run.outcomes, run.err) == (plain.ret, plain.outcomes, "")
    assert shown(run) == shown(plain)
    (told,) = (line for line in run.lines if line.startswith("debugloop:"))
    assert told.startswith("debugloop: this run is not recorded, because ")
    assert "a fault of ours" in told


def test_a_fault_in_what_a_test_records_itself_is_counted_and_told(make_project: Callable[[str], Project]) -> None:
    project = make_project("noting")
    project.write("conftest.py", CONFTEST)
    project.write(
        "test_it.py",
        """
        def test_it(debugloop):
            debugloop.checkpoint("one", cart=[1])
            debugloop.record(ticket="A-1")
            debugloop.attach(b"text", "a.txt")
            debugloop.llm_call("search", output={"found": 1})
            with debugloop.step("outer", a=1) as step:
                step.output(b=2)
            with debugloop.transformation("planner", "coder", {"plan": 1}):
                pass
    """,
    )
    for place, calls in {
        "workflow.scope:Scope.write_moment": "3 calls of debugloop were",
        "workflow.scope:Scope.snapshot": "3 calls of debugloop were",
        "workflow.notes:Notes.values": "4 calls of debugloop were",
        "workflow.handles:RecordedTransformation._record": "1 call of debugloop was",
        "workflow.calls:_number": "1 call of debugloop was",
        "workflow.artifacts:_content": "1 call of debugloop was",
    }.items():
        run = project.run("-q", env={"BROKEN": place})
        assert run.outcomes == {"passed": 1}, run.out
        fault = "the first of these errors: RuntimeError: a fault of ours; please report this."
        number = calls.partition(" ")[0]
        assert [line for line in run.lines if "recorded (" in line or "of these errors" in line] == [
            f"debugloop: {calls} not recorded ({number} because of an error of ours).",
            f"debugloop: {fault}",
        ], place
