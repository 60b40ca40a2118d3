"""Attempts that fail in their setup or teardown, or whose worker crashes, are seen, and recovered once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Record

from tests.plugin.attempts import (
    IN_VAIN,
    PHASES,
    RECOVERED,
    RERUNS,
    TWO_WORKERS,
    Twice,
    assert_exhausted,
    assert_recovered,
    attempt,
    attempts,
    fates,
    links,
    run_twice,
    verdicts_in_record,
)

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
        import counter
        import pytest
        from counter import attempt

        def die(request):
            # What pytest-rerunfailures has told before is known once it has answered something else.
            request.config.failures_db.get_test_reruns("any")
            counter.pytest_runtest_logfinish()
            os._exit(3)

        def test_steady():
            pass

        def test_once(request):
            if attempt("once") == 1:
                die(request)

        @pytest.mark.parametrize("letter", ["a", "b"])
        def test_each(letter, request):
            if attempt(letter) == 1 and letter == "b":
                die(request)

        @pytest.fixture
        def deadly(request):
            yield
            if attempt("deadly") == 1:
                die(request)

        def test_teardown(deadly):
            pass

        @pytest.mark.flaky(reruns=2)
        def test_fails_then_crashes(request):
            number = attempt("fails")
            if number == 2:
                die(request)
            assert number == 3

        @pytest.fixture
        def deadly_later(request):
            yield
            if attempt("deadly later") == 2:
                die(request)

        @pytest.mark.flaky(reruns=2)
        def test_fails_then_crashes_in_teardown(deadly_later):
            assert attempt("later") != 1

        def test_always(request):
            attempt("always")
            die(request)
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
