"""Every attempt of a test is seen, whoever repeats it, and what came of a failed one is known at the end of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Error, Project, Record

from tests.plugin.attempts import (
    COPIES,
    IN_VAIN,
    PHASES,
    RECOVERED,
    RERUNS,
    RETRIES,
    TWO_WORKERS,
    Twice,
    assert_exhausted,
    assert_recovered,
    attempt,
    attempts,
    fates,
    links,
    run_twice,
    states,
    verdicts_in_record,
    with_and_without_workers,
)

needs_subtests = pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="subtests are of pytest 9")


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
def test_subtests_in_threads_are_parts_of_their_test(project: Project) -> None:
    project.write(
        "test_threads.py",
        """
        import threading

        def in_threads(count, work):
            threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        def test_passes(subtests):
            def work(thread):
                with subtests.test("part"):
                    pass

            in_threads(1, work)

        def test_fails(subtests):
            def work(thread):
                for number in range(20):
                    with subtests.test("part", thread=thread, number=number):
                        assert number % 5

            in_threads(4, work)
        """,
    )
    run = project.run("--tb=no")
    assert "out of order" not in run.out
    assert [s.step_type for s in run.record.steps("::test_passes")] == ["setup", "call", "subtest", "teardown"]
    assert [s.status for s in run.record.steps("::test_passes")] == ["completed"] * 4
    assert len(run.record.steps("::test_fails", "subtest")) == 80
    parts = [e for e in run.record.errors("::test_fails") if e.metadata.get("subtest")]
    assert [(e.error_code, e.locals["number"] % 5) for e in parts] == [("AssertionError", 0)] * 16
    assert len({(e.locals["thread"], e.locals["number"]) for e in parts}) == 16
    assert len(run.record.errors("::test_fails")) == 17  # and the test that contains them


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
