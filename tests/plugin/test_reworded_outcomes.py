"""What plugins call outcomes is kept beside what it means; what somebody wrote without an end is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project, Run


# As plugins of CI services do it: what is tried again, set aside or only shown otherwise has a name of theirs.
WORDS = """
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == getattr(item.obj, "when", "call"):
        report.outcome = getattr(item.obj, "word", report.outcome)
    return report

@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    if collector.name == "test_put_off.py":
        report.outcome = "put_off"
    return report

def pytest_report_teststatus(report):
    if report.outcome not in ("passed", "failed", "skipped"):
        return report.outcome, "r", report.outcome.upper()
    if report.when == "call" and "only_shown" in report.nodeid:
        return "harmless", "h", "HARMLESS"
"""


WORDED = """
import unittest

import pytest


def reported_as(word, when="call"):
    def decorate(test):
        test.word, test.when = word, when
        return test
    return decorate


@reported_as("dd_retry")
def test_pass():
    pass


@reported_as('put "aside"')
def test_failure():
    assert False


@reported_as("put_aside")
@pytest.mark.xfail
def test_expected_failure():
    assert False


@reported_as("put_aside")
@pytest.mark.xfail(strict=True)
def test_strict():
    pass


@reported_as("put_aside")
def test_skip():
    pytest.skip("not today")


@reported_as("put_aside", when="setup")
def test_setup():
    pass


@pytest.fixture
def left_open():
    yield
    raise RuntimeError("left open")


@reported_as("put_aside", when="teardown")
def test_teardown(left_open):
    pass


class TestOfUnittest(unittest.TestCase):
    @reported_as("put_aside")
    def test_unittest(self):
        assert False


@reported_as("passed")
def test_failure_to_pass():
    assert False


@reported_as("skipped")
def test_failure_to_skip():
    assert False


@reported_as("failed")
def test_pass_to_failure():
    pass


def test_only_shown_as_harmless():
    assert False
"""


WORDED_STEPS = {
    "test_pass": ("call", "completed", "passed", "dd_retry"),
    "test_failure": ("call", "skipped", "xfailed", 'put "aside"'),
    "test_expected_failure": ("call", "skipped", "xfailed", "put_aside"),
    "test_strict": ("call", "skipped", "xfailed", "put_aside"),
    "test_skip": ("call", "skipped", "skipped", "put_aside"),
    "test_setup": ("setup", "completed", "passed", "put_aside"),
    "test_teardown": ("teardown", "skipped", "xfailed", "put_aside"),
    "test_unittest": ("call", "skipped", "xfailed", "put_aside"),
    "test_put_off.py": ("collect", "completed", "passed", "put_off"),
    "test_failure_to_pass": ("call", "completed", "passed", None),
    "test_failure_to_skip": ("call", "skipped", "skipped", None),
    "test_pass_to_failure": ("call", "failed", "failed", None),
    "test_only_shown_as_harmless": ("call", "failed", "failed", None),
}


@pytest.fixture(scope="module")
def worded(make_project: Callable[[str], Project]) -> Run:
    """A run in which plugins change outcomes, to names of their own too."""
    project = make_project("worded")
    project.write("conftest.py", WORDS)
    project.write("test_worded.py", WORDED)
    project.write("test_put_off.py", "def test_not_collected(): pass\n")
    return project.run()


def test_what_pytest_does_not_call_failed_is_no_failure(worded: Run) -> None:
    assert {e.operation_name.partition("::")[2] for e in worded.record.all_errors if e.operation_name} == {
        "test_pass_to_failure",
        "test_only_shown_as_harmless",
    }
    assert worded.record.run["errors_total"] == len(worded.record.all_errors)
    assert worded.record.query("SELECT * FROM debug_rejected_lines WHERE correlation_id = %(id)s") == []


@pytest.mark.parametrize("test", WORDED_STEPS)
def test_a_name_that_a_plugin_made_up_for_an_outcome_is_kept_beside_what_it_means(worded: Run, test: str) -> None:
    phase, status, outcome, word = WORDED_STEPS[test]
    step = worded.record.step(test, phase)
    assert (step.status, step.outcome, step.metadata.get("word")) == (status, outcome, word)
    assert (step.error_event_id is None) is (status != "failed")


def test_a_run_of_attempts_that_passed_is_green(project: Project) -> None:
    project.write("conftest.py", WORDS.replace('getattr(item.obj, "word", report.outcome)', '"ci_attempt_passed"'))
    project.write("test_green.py", "def test(): pass\n")
    run = project.run()
    assert (run.ret, run.record.run["errors_total"], run.record.run["successes_total"]) == (0, 0, 1)
    assert {s.success_type for s in run.record.all_successes} == {"validation_pass", "task_completion"}


def test_what_somebody_wrote_without_an_end_is_cut(make_project: Callable[[str], Project]) -> None:
    project = make_project("endless")
    project.write(
        "test_endless.py",
        """
        import pytest, unittest
        LONG = "long " * 300_000

        def test_skip():
            pytest.skip(LONG)

        def test_xfail():
            pytest.xfail(LONG)

        @pytest.mark.skip(reason=LONG)
        def test_marked():
            pass

        class TestSub(unittest.TestCase):
            def test_subtests(self):
                with self.subTest(LONG):
                    assert False

        def test_fail():
            raise type(LONG, (Exception,), {"__module__": LONG})(LONG)
        """,
    )
    run = project.run()
    assert run.outcomes["skipped"] == 2
    reasons = {step.metadata["reason"] for step in run.record.all_steps if "reason" in step.metadata}
    assert {(len(reason), reason[:5], reason[-3:]) for reason in reasons} == {(10_000, "long ", "...")}
    error = run.record.error("test_fail")
    assert len(error.metadata["exception"]) == 1001
    asked = "SELECT max(length(e::text)) AS longest FROM debug_error_events AS e WHERE correlation_id = %(id)s"
    assert run.record.query(asked)[0]["longest"] < 100_000
    assert not run.record.query("SELECT FROM debug_rejected_lines WHERE correlation_id = %(id)s")
