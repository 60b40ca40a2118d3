"""What is not a failure, what is run again, and how steps and runs are told."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Record, Run

SUITE = """
import pytest


@pytest.fixture
def fixture_that_skips():
    pytest.skip("not today")


def test_passes():
    pass


@pytest.mark.parametrize("number", [1, 2])
def test_each(number):
    pass


@pytest.mark.skip(reason="by a mark")
def test_skip_mark():
    pass


def test_skip_call():
    pytest.skip("on the way")


def test_skip_fixture(fixture_that_skips):
    pass


@pytest.mark.xfail(reason="known")
def test_xfail():
    assert False


@pytest.mark.xfail(run=False, reason="would crash")
def test_xfail_without_run():
    assert False


def test_xfail_call():
    pytest.xfail("found out")


@pytest.mark.xfail(reason="was known")
def test_xpass():
    pass


@pytest.mark.xfail(raises=KeyError, reason="another")
def test_xfail_of_another_kind():
    assert False
"""


@pytest.fixture(scope="module")
def outcomes(make_project: Callable[[str], Project]) -> Run:
    """A run with every outcome that is no failure, and one that is."""
    project = make_project("outcomes")
    project.write("test_outcomes.py", SUITE)
    project.write("test_module.py", 'import pytest\npytest.skip("all of it", allow_module_level=True)\n')
    return project.run()


@pytest.fixture(scope="module")
def record(outcomes: Run) -> Record:
    """What it left."""
    return outcomes.record


def test_pytest_itself_ran_as_it_would(outcomes: Run) -> None:
    assert outcomes.ret == 1
    assert outcomes.outcomes == {"failed": 1, "passed": 3, "skipped": 4, "xfailed": 3, "xpassed": 1}


def test_a_pass_is_three_steps_and_one_success(record: Record) -> None:
    steps = record.steps("::test_passes")
    assert [(s.step_type, s.status, s.outcome) for s in steps] == [
        ("setup", "completed", "passed"),
        ("call", "completed", "passed"),
        ("teardown", "completed", "passed"),
    ]
    (success,) = record.successes("::test_passes")
    assert (success.success_type, success.completion_status, success.retry_count) == ("validation_pass", "full", 0)
    assert success.quality_score == 1
    assert (steps[1].success_event_id, success.execution_step) == (success.id, steps[1].step_number)
    assert [steps[0].success_event_id, steps[2].success_event_id] == [None, None]


@pytest.mark.parametrize(
    ("test", "phase", "outcome", "reason"),
    [
        ("test_skip_mark", "setup", "skipped", "by a mark"),
        ("test_skip_call", "call", "skipped", "on the way"),
        ("test_skip_fixture", "setup", "skipped", "not today"),
        ("test_module.py", "collect", "skipped", "all of it"),
        ("test_xfail", "call", "xfailed", "known"),
        ("test_xfail_without_run", "setup", "xfailed", "[NOTRUN] would crash"),
        ("test_xfail_call", "call", "xfailed", "found out"),
    ],
)
def test_a_skip_or_an_expected_failure_is_a_skipped_step_and_no_event(
    record: Record, test: str, phase: str, outcome: str, reason: str
) -> None:
    step = record.step(test, phase)
    assert (step.status, step.outcome, step.error_event_id, step.success_event_id) == ("skipped", outcome, None, None)
    assert reason in step.metadata["reason"]
    assert not record.errors(test)
    assert not record.successes(test)


def test_an_unexpected_pass_is_a_degraded_success(record: Record) -> None:
    (success,) = record.successes("test_xpass")
    assert (success.success_type, success.completion_status) == ("validation_pass", "degraded")
    assert record.step("test_xpass", "call").outcome == "xpassed"


def test_a_failure_of_another_kind_than_expected_is_a_failure(record: Record) -> None:
    assert record.error("test_xfail_of_another_kind").error_type == "validation_error"


def test_steps_are_numbered_without_gaps_in_order_of_start(record: Record) -> None:
    assert [s.step_number for s in record.all_steps] == list(range(1, len(record.all_steps) + 1))
    assert sorted(record.all_steps, key=lambda s: s.started_at) == record.all_steps


def test_a_call_depends_on_its_setup_and_a_teardown_on_both(record: Record) -> None:
    for test in ("::test_passes", "::test_each[1]", "::test_xfail"):
        setup, call, teardown = record.steps(test)
        assert setup.depends_on_steps in (None, [])
        assert call.depends_on_steps == [setup.step_number]
        assert teardown.depends_on_steps == [setup.step_number, call.step_number]


def test_no_step_is_left_unfinished_and_none_ends_before_it_began(record: Record) -> None:
    assert {s.status for s in record.all_steps} == {"completed", "failed", "skipped"}
    assert all(s.completed_at is not None and s.completed_at >= s.started_at for s in record.all_steps)


def test_a_run_says_what_it_was_and_how_it_ended(outcomes: Run, record: Record) -> None:
    run = record.run
    assert (run["status"], run["exit_status"]) == ("finished", 1)
    assert (run["errors_total"], run["successes_total"], run["skipped_total"]) == (1, 4, 7)
    assert run["steps_total"] == len([step for step in record.all_steps if step.step_type != "fixture"])
    assert run["pytest_version"] == pytest.__version__
    assert run["started_at"] < run["finished_at"]
    assert f"debugloop: run {record.short_id} is in " in outcomes.paragraph[1]
    assert outcomes.paragraph[1].endswith(f": {run['steps_total']} steps, 1 failure, 0 recoveries.")


def test_tests_are_kept_with_their_file_name_and_parameters(record: Record) -> None:
    tasks = record.query(
        "SELECT node_id, file, name, parameters FROM debug_tasks AS t WHERE EXISTS (SELECT FROM debug_workflow_steps"
        " AS s WHERE s.operation_name = t.operation_name AND correlation_id = %(id)s) AND name LIKE 'test_each%%'"
        " AND project = (SELECT project FROM debug_runs WHERE correlation_id = %(id)s) ORDER BY 1"
    )
    assert [(t["node_id"], t["file"], t["parameters"]) for t in tasks] == [
        ("test_outcomes.py::test_each[1]", "test_outcomes.py", "[1]"),
        ("test_outcomes.py::test_each[2]", "test_outcomes.py", "[2]"),
    ]


# -- green and empty ---------------------------------------------------------------------------------------------------


def test_only_a_green_run_completes_its_task(project: Project, record: Record) -> None:
    project.write("test_green.py", "def test(): pass\n")
    green = project.run()
    assert green.ret == 0
    (task,) = [s for s in green.record.all_successes if s.success_type == "task_completion"]
    assert task.completion_status == "full"
    assert [s for s in record.all_successes if s.success_type == "task_completion"] == []


def test_a_run_without_tests_is_a_run(project: Project) -> None:
    run = project.run()
    assert run.ret == 5
    assert (run.record.run["exit_status"], run.record.run["status"]) == (5, "finished")
    assert run.record.all_steps == []
    assert "0 steps, 0 failures, 0 recoveries" in run.out


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--help", "--version", "--markers", "--setup-plan"])
def test_what_runs_no_test_records_nothing(project: Project, option: str) -> None:
    project.write("test_any.py", "def test(): pass\n")
    run = project.run(option)
    assert run.ret == 0
    assert "debugloop: r" not in run.out
    assert not (project.folder / ".debugloop").exists()
    assert run.record.query("SELECT FROM debug_runs WHERE correlation_id = %(id)s") == []


@pytest.mark.parametrize(("option", "status"), [("-x", 1), ("--maxfail=2", 1)])
def test_a_run_that_stops_early_has_what_was_run(project: Project, option: str, status: int) -> None:
    project.write(
        "test_many.py", "import pytest\n@pytest.mark.parametrize('n', range(9))\ndef test(n): assert n == 0\n"
    )
    run = project.run(option)
    assert run.ret == status
    assert len(run.record.all_errors) == run.outcomes["failed"]
    assert run.record.run["status"] == "interrupted"
    assert {s.status for s in run.record.all_steps} == {"completed", "failed"}


def test_two_runs_of_one_workflow_are_numbered_on(project: Project) -> None:
    project.write("test_two.py", "def test(): pass\n")
    workflow = str(uuid.uuid4())
    command = project.command("-q", correlation_id=workflow)
    project.run(command=command)
    project.run(command=command)
    record = project.left_by(workflow)
    assert [s.step_number for s in record.all_steps] == list(range(1, 9))
    runs = record.query("SELECT id, steps_total FROM debug_runs WHERE correlation_id = %(id)s")
    assert [r["steps_total"] for r in runs] == [4, 4]


def test_a_node_id_that_is_too_long_is_kept_whole(project: Project) -> None:
    project.write(
        "test_long.py",
        "import pytest\n@pytest.mark.parametrize('n', [pytest.param(1, id='x' * 400), pytest.param(2, id='x' * 401)])\n"
        "def test(n): assert 0\n",
    )
    run = project.run()
    names = {s.operation_name for s in run.record.steps(step_type="call")}
    assert len(names) == 2
    assert max(map(len, names)) <= 255
    assert {e.operation_name for e in run.record.all_errors} == names
    tasks = run.record.query(
        "SELECT node_id FROM debug_tasks WHERE operation_name IN"
        " (SELECT operation_name FROM debug_workflow_steps WHERE correlation_id = %(id)s AND step_type = 'call')"
    )
    assert {t["node_id"] for t in tasks} == {f"test_long.py::test[{'x' * length}]" for length in (400, 401)}


# -- run again ---------------------------------------------------------------------------------------------------------

FLAKY = """
import pytest

ATTEMPTS = []


def test_flaky():
    ATTEMPTS.append(1)
    attempt = len(ATTEMPTS)
    assert attempt == 3


def test_hopeless():
    assert False


def test_fine():
    pass
"""


@pytest.mark.parametrize(
    "workers",
    [
        pytest.param((), id="one process"),
        pytest.param(("-p", "xdist", "-n2"), id="two workers", marks=pytest.mark.thorough),  # see test_attempts.py
    ],
)
def test_what_fails_and_passes_when_it_is_run_again_is_a_recovery(project: Project, workers: tuple[str, ...]) -> None:
    project.write("test_flaky.py", FLAKY)
    run = project.run("-p", "pytest_rerunfailures", "--reruns", "2", *workers)
    plain = project.run("-p", "pytest_rerunfailures", "--reruns", "2", *workers, recorded=False)
    assert (run.ret, run.outcomes) == (plain.ret, plain.outcomes)
    assert (run.ret, run.outcomes["failed"], run.outcomes["passed"], run.outcomes["rerun"]) == (1, 1, 2, 4)
    record = run.record
    attempts = record.steps("test_flaky", "call")
    assert [(s.metadata["attempt"], s.status, s.outcome) for s in attempts] == [
        (1, "failed", "rerun"),
        (2, "failed", "rerun"),
        (3, "completed", "passed"),
    ]
    (success,) = record.successes("test_flaky")
    assert (success.success_type, success.retry_count) == ("recovery_success", 2)
    assert success.quality_score == pytest.approx(1 / 3, abs=0.0001)
    errors = record.errors("test_flaky")
    assert [(e.error_severity, e.is_recoverable, e.recovery_successful, e.recovery_strategy) for e in errors] == [
        ("low", True, True, "retry")
    ] * 2
    assert [e.locals["attempt"] for e in errors] == [1, 2]
    links = record.query(
        "SELECT * FROM debug_error_success_correlation WHERE correlation_id = %(id)s ORDER BY intermediate_steps DESC"
    )
    assert {link["error_event_id"] for link in links} == {e.id for e in errors}
    assert {link["success_event_id"] for link in links} == {success.id}
    for link, error in zip(links, errors, strict=True):
        assert (link["recovery_strategy"], link["confidence_score"]) == ("retry", 1)
        assert link["recovery_duration_ms"] >= 0
        assert link["intermediate_steps"] == attempts[2].step_number - (error.execution_step or 0) - 1
    assert [e.resolved_at for e in record.errors("test_hopeless")] == [None] * 3
    assert "2 recoveries" in run.out
    assert record.run["recoveries_total"] == 2


def test_a_fixture_that_fails_once_recovers_too(project: Project) -> None:
    project.write(
        "test_fixture.py",
        """
        import pytest
        ATTEMPTS = []

        @pytest.fixture
        def server():
            ATTEMPTS.append(1)
            if len(ATTEMPTS) == 1:
                raise ConnectionError("not up yet")

        def test_server(server):
            pass
        """,
    )
    run = project.run("-p", "pytest_rerunfailures", "--reruns", "1")
    assert run.ret == 0
    error = run.record.error("test_server")
    assert (error.error_type, error.recovery_strategy, error.recovery_successful) == ("setup_error", "retry", True)
