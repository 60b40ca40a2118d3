"""Every attempt of a test is seen, whoever repeats it, and what came of a failed one is known at the end of the run."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterable

    from tests.plugin.harness import Error, Project, Record, Run

PHASES = ("setup", "call", "teardown")
TWO_WORKERS = ("-p", "xdist", "-n2")
RERUNS = ("-p", "pytest_rerunfailures", "--reruns")
RETRIES = {
    "rerunfailures": (*RERUNS, "2"),
    "flaky": ("-p", "flaky.flaky_pytest_plugin", "--force-flaky", "--max-runs=3", "--no-flaky-report"),
    "retry": ("-p", "pytest_retry.retry_plugin", "--retries", "2"),
}
COPIES = {
    "repeat": ("-p", "pytest_repeat", "--count", "4"),
    "flakefinder": ("-p", "pytest_flakefinder", "--flake-finder", "--flake-runs=4"),
}
needs_subtests = pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="subtests are of pytest 9")

# Counted in files: a process that crashed forgets what it counted, and copies are shared out among workers.
COUNTER = """
import os
import pathlib
import time


def attempt(name):
    with pathlib.Path(os.environ["COUNTED"], name).open("a") as counted:
        counted.write(".")
        counted.flush()
        number = counted.tell()
    if number > 1 and "PYTEST_XDIST_WORKER" in os.environ:
        time.sleep(0.1)  # the copy in the other worker is first in every respect
    return number
"""


@dataclass(frozen=True)
class Twice:
    """One suite, run with a record and without."""

    recorded: Run
    plain: Run

    @property
    def record(self) -> Record:
        return self.recorded.record

    @cached_property
    def verdicts(self) -> dict[str, str]:
        """What pytest says of each test in the end."""
        verdicts: dict[str, str] = {}
        for line in self.recorded.lines:
            found = re.match(r"(PASSED|FAILED|ERROR) (\S+)", line)
            if found is not None and verdicts.get(found[2]) != "failed":
                verdicts[found[2]] = "passed" if found[1] == "PASSED" else "failed"
        return verdicts


def run_twice(project: Project, *arguments: str) -> Twice:
    project.write("counter.py", COUNTER)

    def run(recorded: bool) -> Run:
        counted = project.folder / f"counted-{recorded}"
        counted.mkdir()
        environment = {"COUNTED": str(counted)}
        return project.run("-rA", "-p", "no:cacheprovider", *arguments, recorded=recorded, env=environment)

    with ThreadPoolExecutor(2) as both:
        return Twice(*both.map(run, [True, False]))


def with_and_without_workers(plugins: Iterable[str]) -> list[Any]:
    return [
        pytest.param((plugin, workers), id=f"{plugin}, {'two workers' if workers else 'one process'}")
        for plugin in plugins
        for workers in ((), TWO_WORKERS)
    ]


def attempts(record: Record, test: str) -> list[tuple[int, list[tuple[str, str]]]]:
    """The attempts of a test in order of time: the number, and each phase with its status."""
    found: list[tuple[tuple[str, int], list[tuple[str, str]]]] = []
    for step in record.steps(test):
        if step.step_type not in PHASES:
            continue
        key = (step.agent_name, step.metadata["attempt"])
        if not found or found[-1][0] != key:
            found.append((key, []))
        found[-1][1].append((step.step_type, step.status))
    return [(number, phases) for (_, number), phases in found]


def attempt(number: int, **not_completed: str) -> tuple[int, list[tuple[str, str]]]:
    return number, [(phase, not_completed.get(phase, "completed")) for phase in PHASES]


def links(record: Record) -> list[tuple[uuid.UUID, uuid.UUID]]:
    rows = record.query(
        "SELECT error_event_id, success_event_id FROM debug_error_success_correlation WHERE error_event_id IN"
        " (SELECT id FROM debug_error_events WHERE correlation_id = %(id)s)"
    )
    return [(row["error_event_id"], row["success_event_id"]) for row in rows]


def fates(errors: Iterable[Error]) -> list[tuple[bool, bool | None, str | None, bool]]:
    return [
        (e.recovery_attempted, e.recovery_successful, e.recovery_strategy, e.resolved_at is not None) for e in errors
    ]


RECOVERED = (True, True, "retry", True)
IN_VAIN = (True, False, None, False)


def assert_recovered(record: Record, test: str, phases: list[tuple[int, str]], by: int) -> None:
    """All errors of a test are these, by attempt and phase, and one success of this attempt recovered them."""
    errors = record.errors(test)
    assert [(e.metadata["attempt"], e.metadata["phase"]) for e in errors] == phases
    assert fates(errors) == [RECOVERED] * len(errors)
    (success,) = [s for s in record.successes(test) if s.success_type == "recovery_success"]
    assert success.retry_count + 1 == by
    of_test = [link for link in links(record) if link[0] in {e.id for e in errors}]
    assert sorted(of_test) == sorted((e.id, success.id) for e in errors)


def assert_exhausted(record: Record, test: str, phases: list[tuple[int, str]]) -> None:
    """All errors of a test are these, by attempt and phase, and nothing recovered them."""
    errors = record.errors(test)
    assert [(e.metadata["attempt"], e.metadata["phase"]) for e in errors] == phases
    assert fates(errors[:-1]) == [IN_VAIN] * (len(errors) - 1)
    (last,) = errors[-1:]
    assert (last.recovery_successful, last.resolved_at) in ((None, None), (False, None))
    assert not {e.id for e in errors} & {error for error, _ in links(record)}
    assert "recovery_success" not in {s.success_type for s in record.successes(test)}


def verdicts_in_record(record: Record) -> dict[str, str]:
    """How the last attempt of each test ended."""
    rows = record.query(
        "SELECT operation_name, failed FROM debug_test_attempts JOIN debug_runs AS run ON run.id = run_id"
        " WHERE run.correlation_id = %(id)s ORDER BY ended_at"
    )
    return {row["operation_name"]: "failed" if row["failed"] else "passed" for row in rows}


# -- tried again by plugins that stop at a pass ------------------------------------------------------------------------


@pytest.fixture(scope="module", params=with_and_without_workers(RETRIES))
def retried(request: pytest.FixtureRequest, make_project: Callable[[str], Project]) -> Twice:
    """A suite of which tests are tried up to three times."""
    plugin, workers = request.param
    project = make_project("retried")
    project.write(
        "test_retried.py",
        """
        import unittest
        import pytest
        from counter import attempt

        def test_steady():
            pass

        def test_second():
            number = attempt("second")
            assert number == 2

        @pytest.mark.parametrize("letter", ["a", "b"])
        def test_third(letter):
            number = attempt(f"third-{letter}")
            assert number == 3 or letter == "a"

        class TestIt:
            def test_hopeless(self):
                number = attempt("hopeless")
                assert number == 0

        class TestUnit(unittest.TestCase):
            def test_unit(self):
                number = attempt("unit")
                assert number == 2
        """,
    )
    return run_twice(project, *RETRIES[plugin], *workers)


def test_a_run_with_retries_ends_as_it_would_without_a_record(retried: Twice) -> None:
    assert (retried.recorded.ret, retried.recorded.outcomes) == (retried.plain.ret, retried.plain.outcomes)
    assert (retried.recorded.outcomes["failed"], retried.recorded.outcomes["passed"]) == (1, 5)


def test_each_attempt_has_steps_of_its_own_and_each_failed_one_its_error(retried: Twice) -> None:
    record = retried.record
    assert attempts(record, "::test_steady") == [attempt(1)]
    assert attempts(record, "::test_second") == [attempt(1, call="failed"), attempt(2)]
    assert attempts(record, "::test_third[a]") == [attempt(1)]
    assert attempts(record, "::test_third[b]") == [attempt(1, call="failed"), attempt(2, call="failed"), attempt(3)]
    assert attempts(record, "::test_hopeless") == [attempt(n, call="failed") for n in (1, 2, 3)]
    assert attempts(record, "::test_unit") == [attempt(1, call="failed"), attempt(2)]
    for test in ("::test_second", "::test_third[b]", "::test_hopeless", "::test_unit"):
        errors = record.errors(test)
        failed = [s for s in record.steps(test) if s.status == "failed"]
        assert [e.id for e in errors] == [s.error_event_id for s in failed]
        assert [e.execution_step for e in errors] == [s.step_number for s in failed]
        assert [e.locals["number"] for e in errors] == list(range(1, len(errors) + 1))


def test_what_failed_before_a_pass_is_recovered_by_it(retried: Twice) -> None:
    assert_recovered(retried.record, "::test_second", [(1, "call")], by=2)
    assert_recovered(retried.record, "::test_third[b]", [(1, "call"), (2, "call")], by=3)
    assert_recovered(retried.record, "::test_unit", [(1, "call")], by=2)
    assert retried.record.run["recoveries_total"] == len(links(retried.record)) == 4


def test_attempts_that_were_all_in_vain_are_told_so_and_recovered_by_nothing(retried: Twice) -> None:
    assert_exhausted(retried.record, "::test_hopeless", [(1, "call"), (2, "call"), (3, "call")])


def test_the_last_attempt_is_the_verdict_that_pytest_gives(retried: Twice) -> None:
    assert len(retried.verdicts) == 6
    assert verdicts_in_record(retried.record) == retried.verdicts


def test_only_a_pass_after_a_failure_keeps_its_state(retried: Twice) -> None:
    found = {name.partition("::")[2]: state for name, state in states(retried.record).items()}
    assert {name: state["locals"].get("number") for name, state in found.items()} == {
        "test_second": 2,
        "test_third[b]": 3,
        "TestUnit::test_unit": 2,
    }
    for number, test in ((2, "test_second"), (3, "test_third[b]")):  # against the attempt right before it
        change = {"path": "/locals/number", "from": number - 1, "to": number}
        assert found[test]["success_factors"] == {"changes": [change]}


def test_what_unittest_keeps_in_a_test_case_is_no_change(retried: Twice) -> None:
    state = states(retried.record)["test_retried.py::TestUnit::test_unit"]
    assert state["success_factors"] == {"changes": [{"path": "/locals/number", "from": 1, "to": 2}]}


def test_a_pass_that_flaky_asks_to_see_again_is_the_recovery(project: Project) -> None:
    project.write(
        "test_flaky.py",
        """
        from counter import attempt

        def test_twice():
            number = attempt("twice")
            assert number != 1
        """,
    )
    runs = run_twice(project, *RETRIES["flaky"], "--min-passes=2")
    assert (runs.recorded.ret, runs.recorded.outcomes) == (runs.plain.ret, runs.plain.outcomes) == (0, {"passed": 1})
    assert attempts(runs.record, "::test_twice") == [attempt(1, call="failed"), attempt(2), attempt(3)]
    assert_recovered(runs.record, "::test_twice", [(1, "call")], by=2)


def states(record: Record) -> dict[str, dict[str, Any]]:
    """What is kept of the end of each test that has it, and what had changed."""
    rows = record.query(
        "SELECT operation_name, success_type, snapshot_type, success_factors, state_snapshot_id,"
        " agent_state -> 'returned' -> 'locals' AS locals FROM debug_success_events AS e"
        " LEFT JOIN debug_state_snapshots AS s ON s.id = e.state_snapshot_id"
        " WHERE e.correlation_id = %(id)s AND (state_snapshot_id IS NOT NULL OR success_factors IS NOT NULL)"
    )
    assert {row["snapshot_type"] for row in rows} <= {"success"}
    return {row["operation_name"]: row for row in rows}


# -- copies of a test --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=with_and_without_workers(COPIES))
def copied(request: pytest.FixtureRequest, make_project: Callable[[str], Project]) -> tuple[str, bool, Twice]:
    """A suite of which each test is there four times; and whether one process ran it."""
    plugin, workers = request.param
    project = make_project("copied")
    project.write(
        "test_copied.py",
        """
        import pytest
        from counter import attempt

        def test_alone():
            number = attempt("alone")
            assert number != 1

        @pytest.mark.parametrize("letter", ["a", "b"])
        def test_each(letter):
            number = attempt(letter)
            assert number != 1 or letter == "a"

        @pytest.mark.parametrize("letter", ["a", "b"])
        class TestIt:
            def test_hopeless(self, letter):
                number = attempt(f"hopeless-{letter}")
                assert number == 0 or letter == "a"
        """,
    )
    # pytest-repeat leaves unittest alone; pytest-flakefinder puts the same test into the list again.
    if plugin == "flakefinder":
        project.write(
            "test_unit.py",
            """
            import unittest
            from counter import attempt

            class TestUnit(unittest.TestCase):
                def test_unit(self):
                    number = attempt("unit")
                    assert number != 1
            """,
        )
    return plugin, not workers, run_twice(project, *COPIES[plugin], *workers)


def names_of_copies(plugin: str) -> dict[str, list[str]]:
    """The node ids of the copies of each test, by that of the test."""
    if plugin == "repeat":
        lone, lettered = [f"[{n}-4]" for n in range(1, 5)], [f"-{n}-4]" for n in range(1, 5)]
        names = {"::test_each[{0}]": [f"::test_each[{{0}}{end}" for end in lettered]}
        names["::TestIt::test_hopeless[{0}]"] = [f"::TestIt::test_hopeless[{{0}}{end}" for end in lettered]
    else:
        lone = [f"[{n}]" for n in range(4)]
        names = {"::test_each[{0}]": [f"::test_each[{n}-{{0}}]" for n in range(4)]}
        names["::TestIt::test_hopeless[{0}]"] = [f"::TestIt::test_hopeless[{n}-{{0}}]" for n in range(4)]
    found = {"test_copied.py::test_alone": [f"test_copied.py::test_alone{end}" for end in lone]}
    for test, copies in names.items():
        for letter in "ab":
            found["test_copied.py" + test.format(letter)] = ["test_copied.py" + c.format(letter) for c in copies]
    if plugin == "flakefinder":
        found["test_unit.py::TestUnit::test_unit"] = ["test_unit.py::TestUnit::test_unit"] * 4
    return found


def test_a_run_of_copies_ends_as_it_would_without_a_record(copied: tuple[str, bool, Twice]) -> None:
    plugin, _, runs = copied
    assert (runs.recorded.ret, runs.recorded.outcomes) == (runs.plain.ret, runs.plain.outcomes)
    failed, tests = (6, 5) if plugin == "repeat" else (7, 6)
    assert runs.recorded.outcomes == {"failed": failed, "passed": 4 * tests - failed}


def test_copies_are_one_test_and_keep_their_own_names(copied: tuple[str, bool, Twice]) -> None:
    plugin, _, runs = copied
    tasks = runs.record.query(
        "SELECT id, node_id FROM debug_tasks WHERE project ="
        " (SELECT project FROM debug_runs WHERE correlation_id = %(id)s)"
    )
    wanted = names_of_copies(plugin)
    assert sorted(t["node_id"] for t in tasks) == sorted(wanted)
    events = runs.record.query(
        "SELECT task_id, operation_name FROM debug_error_events WHERE correlation_id = %(id)s UNION ALL"
        " SELECT task_id, operation_name FROM debug_success_events WHERE correlation_id = %(id)s"
    )
    of_task = {t["node_id"]: sorted(e["operation_name"] for e in events if e["task_id"] == t["id"]) for t in tasks}
    assert of_task == {test: sorted(copies) for test, copies in wanted.items()}


def test_each_copy_is_an_attempt_with_steps_of_its_own(copied: tuple[str, bool, Twice]) -> None:
    plugin, is_one_process, runs = copied
    for copies in names_of_copies(plugin).values():
        steps = [s for s in runs.record.all_steps if s.operation_name in copies]
        told = [(s.agent_name, s.metadata["attempt"], s.step_type) for s in steps]
        assert len(told) == len(set(told)) == 4 * len(PHASES)
        # A worker knows of the attempts in other workers nothing: it counts its own.
        for agent in {s.agent_name for s in steps}:
            numbers = [s.metadata["attempt"] for s in steps if s.agent_name == agent and s.step_type == "call"]
            assert numbers == list(range(1, len(numbers) + 1))
        if is_one_process:
            assert [s.operation_name for s in steps if s.step_type == "call"] == copies


def errors_of(record: Record, copies: list[str]) -> list[Error]:
    return [e for e in record.all_errors if e.operation_name in copies]


def test_the_first_copy_that_passes_after_one_that_failed_recovers_it(copied: tuple[str, bool, Twice]) -> None:
    plugin, _, runs = copied
    record, names = runs.record, names_of_copies(plugin)
    tests = ["test_copied.py::test_alone", "test_copied.py::test_each[b]"]
    if plugin == "flakefinder":
        tests.append("test_unit.py::TestUnit::test_unit")
    for test in tests:
        (error,) = errors_of(record, names[test])
        assert error.locals["number"] == 1
        assert fates([error]) == [RECOVERED]
        (recovery,) = [success for failed, success in links(record) if failed == error.id]
        (success,) = [s for s in record.all_successes if s.id == recovery]
        assert (success.success_type, success.operation_name in names[test]) == ("recovery_success", True)
    assert len(links(record)) == len(tests)


def test_copies_that_all_fail_are_tried_again_in_vain(copied: tuple[str, bool, Twice]) -> None:
    plugin, is_one_process, runs = copied
    errors = errors_of(runs.record, names_of_copies(plugin)["test_copied.py::TestIt::test_hopeless[b]"])
    assert len(errors) == 4
    assert errors[-1].recovery_successful is not True
    if is_one_process:
        assert fates(errors[:-1]) == [IN_VAIN] * 3


def test_a_copy_in_another_worker_is_another_try(project: Project) -> None:
    # Of two tests each worker gets one: both are the first attempt of their worker.
    project.write(
        "test_hopeless.py",
        """
        from counter import attempt

        def test_hopeless():
            number = attempt("hopeless")
            assert number == 0
        """,
    )
    first, second = run_twice(project, "-p", "pytest_repeat", "--count", "2", *TWO_WORKERS).record.all_errors
    assert first.agent_name != second.agent_name
    assert fates([first]) == [IN_VAIN]
    assert second.recovery_successful is not True


def test_copies_that_pass_after_a_failure_keep_their_state(copied: tuple[str, bool, Twice]) -> None:
    plugin, is_one_process, runs = copied
    if not is_one_process:
        pytest.skip("a worker does not know what failed in the other")
    names = names_of_copies(plugin)
    kept = states(runs.record)
    wanted = names["test_copied.py::test_alone"][1:] + names["test_copied.py::test_each[b]"][1:]
    if plugin == "flakefinder":
        wanted.append("test_unit.py::TestUnit::test_unit")
    assert sorted(kept) == sorted(wanted)
    second = kept[names["test_copied.py::test_alone"][1]]
    assert second["success_factors"] == {"changes": [{"path": "/locals/number", "from": 1, "to": 2}]}


# -- subtests ----------------------------------------------------------------------------------------------------------


@needs_subtests
@pytest.mark.parametrize("workers", [(), TWO_WORKERS], ids=["one process", "two workers"])
def test_subtests_that_fail_and_pass_with_a_rerun_recover(project: Project, workers: tuple[str, ...]) -> None:
    project.write(
        "test_sub.py",
        """
        from counter import attempt

        def test_recovers(subtests):
            number = attempt("recovers")
            with subtests.test("steady"):
                pass
            with subtests.test("unsteady"):
                assert number == 2

        def test_hopeless(subtests):
            number = attempt("hopeless")
            with subtests.test("steady"):
                pass
            with subtests.test("broken"):
                assert number == 0
        """,
    )
    runs = run_twice(project, *RERUNS, "1", *workers)
    assert (runs.recorded.ret, runs.recorded.outcomes) == (runs.plain.ret, runs.plain.outcomes)
    record = runs.record
    assert attempts(record, "::test_recovers") == [attempt(1, call="failed"), attempt(2)]
    told = [(s.metadata["attempt"], s.status) for s in record.steps("::test_recovers", "subtest")]
    assert told == [(1, "completed"), (1, "failed"), (2, "completed"), (2, "completed")]
    # The subtest's own failure, and that of the call that contains it: each has what passed where it had failed.
    errors = record.errors("::test_recovers")
    assert [(e.metadata["attempt"], e.metadata.get("subtest") is not None) for e in errors] in (
        [(1, True), (1, False)],
        [(1, False), (1, True)],
    )
    assert fates(errors) == [RECOVERED] * 2
    of_test = [success for error, success in links(record) if error in {e.id for e in errors}]
    passed = {s.id: s for s in record.successes("::test_recovers") if s.success_type == "recovery_success"}
    assert sorted(of_test) == sorted(passed)
    assert [s.retry_count for s in passed.values()] == [1, 1]
    assert {(s.metadata or {}).get("subtest") for s in passed.values()} == {e.metadata.get("subtest") for e in errors}
    # Those of the last attempt have nothing after them.
    hopeless = record.errors("::test_hopeless")
    assert [e.metadata["attempt"] for e in hopeless] == [1, 1, 2, 2]
    assert fates(hopeless[:2]) == [IN_VAIN] * 2
    assert not {e.id for e in hopeless} & {error for error, _ in links(record)}
    assert verdicts_in_record(record) == {
        "test_sub.py::test_recovers": "passed",
        "test_sub.py::test_hopeless": "failed",
    }


# -- setups and teardowns ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=[(), TWO_WORKERS], ids=["one process", "two workers"])
def phased(request: pytest.FixtureRequest, make_project: Callable[[str], Project]) -> Twice:
    """A suite that fails around its tests."""
    project = make_project("phased")
    project.write(
        "test_phased.py",
        """
        import pytest
        from counter import attempt

        @pytest.fixture
        def setup(request):
            assert attempt(request.node.name) == 2

        @pytest.fixture
        def teardown(request):
            yield
            number = attempt(request.node.name)
            assert number == 2

        @pytest.fixture
        def broken_setup():
            assert False

        @pytest.fixture
        def broken_teardown():
            yield
            assert False

        def test_setup(setup): pass
        def test_teardown(teardown): pass
        def test_call_and_teardown(teardown): assert attempt("call") == 2
        def test_broken_setup(broken_setup): pass
        def test_broken_teardown(broken_teardown): pass

        # Another phase fails each time.
        def test_teardown_then_call(one_after_another): assert attempt("call of another") == 2

        @pytest.fixture
        def one_after_another():
            number = attempt("another")
            assert number != 3
            yield
            assert number != 2
        """,
    )
    return run_twice(project, *RERUNS, "3", *request.param)


def failed_attempts(record: Record, test: str) -> list[bool]:
    rows = record.query(
        "SELECT operation_name, failed FROM debug_test_attempts JOIN debug_runs AS run ON run.id = run_id"
        " WHERE run.correlation_id = %(id)s ORDER BY ended_at"
    )
    return [row["failed"] for row in rows if row["operation_name"].endswith(test)]


def test_a_run_that_fails_around_its_tests_ends_as_it_would_without_a_record(phased: Twice) -> None:
    assert (phased.recorded.ret, phased.recorded.outcomes) == (phased.plain.ret, phased.plain.outcomes)
    assert phased.recorded.ret == 1


def test_a_setup_that_fails_once_is_one_failed_attempt_and_one_recovery(phased: Twice) -> None:
    first, second = attempts(phased.record, "::test_setup")
    assert first == (1, [("setup", "failed"), ("teardown", "completed")])
    assert second == attempt(2)
    assert_recovered(phased.record, "::test_setup", [(1, "setup")], by=2)
    assert failed_attempts(phased.record, "::test_setup") == [True, False]


def test_a_teardown_that_fails_once_is_one_failed_attempt_and_one_recovery(phased: Twice) -> None:
    record = phased.record
    assert attempts(record, "::test_teardown") == [attempt(1, teardown="failed"), attempt(2)]
    # Both calls passed; that of the first attempt came before its failure, and recovered nothing.
    assert [s.success_type for s in record.successes("::test_teardown")] == ["validation_pass", "recovery_success"]
    assert_recovered(record, "::test_teardown", [(1, "teardown")], by=2)
    assert failed_attempts(record, "::test_teardown") == [True, False]


def test_a_call_and_a_teardown_that_fail_together_are_one_failed_attempt(phased: Twice) -> None:
    record = phased.record
    assert attempts(record, "::test_call_and_teardown") == [attempt(1, call="failed", teardown="failed"), attempt(2)]
    assert_recovered(record, "::test_call_and_teardown", [(1, "call"), (1, "teardown")], by=2)
    assert failed_attempts(record, "::test_call_and_teardown") == [True, False]


def test_a_call_does_not_recover_what_failed_before_it_where_its_own_teardown_fails(phased: Twice) -> None:
    record = phased.record
    assert [number for number, _ in attempts(record, "::test_teardown_then_call")] == [1, 2, 3, 4]
    assert failed_attempts(record, "::test_teardown_then_call") == [True] * 4
    assert_exhausted(record, "::test_teardown_then_call", [(1, "call"), (2, "teardown"), (3, "setup"), (4, "call")])


def test_a_setup_or_a_teardown_that_always_fails_is_recovered_by_nothing(phased: Twice) -> None:
    assert_exhausted(phased.record, "::test_broken_setup", [(n, "setup") for n in (1, 2, 3, 4)])
    assert_exhausted(phased.record, "::test_broken_teardown", [(n, "teardown") for n in (1, 2, 3, 4)])
    assert failed_attempts(phased.record, "::test_broken_teardown") == [True] * 4


def test_the_verdict_is_that_of_pytest_whichever_phase_fails(phased: Twice) -> None:
    # A call that passed is told as passed even where the attempt was run again: the last one counts.
    assert verdicts_in_record(phased.record) == phased.verdicts


# -- crashes -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crashed(make_project: Callable[[str], Project]) -> Twice:
    """A suite of which tests end their workers; pytest-rerunfailures gives them to new ones."""
    project = make_project("crashed")
    project.write(
        "test_crashed.py",
        """
        import os
        import time
        import pytest
        from counter import attempt

        def die():
            time.sleep(0.2)  # until pytest-rerunfailures knows how often the test may be run again
            os._exit(3)

        def test_steady():
            pass

        def test_once():
            if attempt("once") == 1:
                die()

        @pytest.mark.parametrize("letter", ["a", "b"])
        def test_each(letter):
            if attempt(letter) == 1 and letter == "b":
                die()

        @pytest.fixture
        def deadly():
            yield
            if attempt("deadly") == 1:
                die()

        def test_teardown(deadly):
            pass

        @pytest.mark.flaky(reruns=2)
        def test_fails_then_crashes():
            number = attempt("fails")
            if number == 2:
                die()
            assert number == 3

        @pytest.fixture
        def deadly_later():
            yield
            if attempt("deadly later") == 2:
                die()

        @pytest.mark.flaky(reruns=2)
        def test_fails_then_crashes_in_teardown(deadly_later):
            assert attempt("later") != 1

        def test_always():
            attempt("always")
            die()
        """,
    )
    return run_twice(project, *RERUNS, "1", *TWO_WORKERS)


def test_a_run_with_crashes_ends_as_it_would_without_a_record(crashed: Twice) -> None:
    assert (crashed.recorded.ret, crashed.recorded.outcomes) == (crashed.plain.ret, crashed.plain.outcomes)
    assert crashed.recorded.outcomes["failed"] == 1


@pytest.mark.parametrize("test", ["test_once", "test_each[b]", "test_teardown"])
def test_a_crash_is_recovered_where_the_test_passes_in_another_worker(crashed: Twice, test: str) -> None:
    record = crashed.record
    (error,) = record.errors(f"::{test}")
    assert (error.error_type, error.metadata["attempt"]) == ("worker_crash", 1)
    assert fates([error]) == [RECOVERED]
    (success,) = [s for s in record.successes(f"::{test}") if s.success_type == "recovery_success"]
    assert success.retry_count == 1
    assert success.agent_name != error.agent_name
    assert [link for link in links(record) if link[0] == error.id] == [(error.id, success.id)]
    first, second = attempts(record, f"::{test}")
    died_in = "teardown" if test == "test_teardown" else "call"
    assert first == (1, [(p, "failed" if p == died_in else "completed") for p in PHASES[: PHASES.index(died_in) + 1]])
    assert second == attempt(2)
    assert failed_attempts(record, f"::{test}") == [True, False]


@pytest.mark.parametrize("test", ["test_fails_then_crashes", "test_fails_then_crashes_in_teardown"])
def test_a_crash_of_a_later_attempt_is_counted_as_that_attempt(crashed: Twice, test: str) -> None:
    record = crashed.record
    errors = record.errors(f"::{test}")
    assert [e.error_type for e in errors] == ["validation_error", "worker_crash"]
    assert fates(errors) == [RECOVERED] * 2
    assert [e.metadata["attempt"] for e in errors] == [1, 2]
    assert failed_attempts(record, f"::{test}") == [True, True, False]
    last = record.successes(f"::{test}")[-1]
    ids = {e.id for e in errors}
    assert sorted(link for link in links(record) if link[0] in ids) == sorted((e, last.id) for e in ids)


def test_a_test_that_always_crashes_is_tried_again_in_vain(crashed: Twice) -> None:
    errors = crashed.record.errors("::test_always")
    assert [e.error_type for e in errors] == ["worker_crash"] * 2
    assert fates(errors[:1]) == [IN_VAIN]
    assert errors[1].recovery_successful is not True
    assert not {e.id for e in errors} & {error for error, _ in links(crashed.record)}
    assert [e.metadata["attempt"] for e in errors] == [1, 2]


def test_the_verdict_is_that_of_pytest_where_workers_crash(crashed: Twice) -> None:
    assert verdicts_in_record(crashed.record) == crashed.verdicts


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
