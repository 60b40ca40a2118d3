"""All errors that pytest tells as one are kept: of doctests, of unittest, of fixtures and of subtests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Error, Project, Record

DOCTESTS = '''
def divide(number, by):
    """Divide.

    >>> result = divide(6, 2)
    >>> result
    4
    >>> for by in (1, 0):
    ...     last = divide(result, by)
    >>> 1 +
    """
    return number / by
'''


def raised(error: Error) -> list[tuple[str, str, list[tuple[str, str, int, str]]]]:
    """The exceptions of an error: how they are tied, their classes, and the places in the project."""
    assert error.state is not None
    return [
        (
            one["relation"],
            one["type"].rpartition(".")[2],
            [(f["file"], f["function"], f["line"], f["source"]) for f in one["frames"] if "is_folded" not in f],
        )
        for one in error.state["exceptions"]
    ]


@pytest.fixture(scope="module")
def doctests(make_project: Callable[[str], Project]) -> Record:
    """What is left by doctests that go on after a failure, alike in two files."""
    project = make_project("doctests")
    project.write("one.py", DOCTESTS)
    project.write("two.py", DOCTESTS)
    project.write("again.py", DOCTESTS.replace("    >>> result\n", "    >>> result + 0\n"))
    project.write("manual/test_it.txt", "Manual\n\n>>> 1 + 1\n3\n>>> {}['key']\n")
    return project.run("--doctest-modules", "--doctest-continue-on-failure").record


def test_every_example_of_a_doctest_that_failed_is_kept_with_its_place(doctests: Record) -> None:
    error = doctests.error("one.divide")
    divide = ("one.py", "divide", 11, "return number / by")
    assert raised(error) == [
        ("raised", "MultipleDoctestFailures", [("one.py", "one.divide", 2, '"""Divide.')]),
        ("group", "DocTestFailure", [("one.py", "one.divide", 5, ">>> result")]),
        ("group", "ZeroDivisionError", [("one.py", "one.divide", 8, "...     last = divide(result, by)"), divide]),
        ("group", "SyntaxError", [("one.py", "one.divide", 9, ">>> 1 +")]),
    ]
    assert error.state is not None
    failure, division, _ = error.state["exceptions"][1:]
    assert failure["message"] == "result\nExpected:\n    4\nGot:\n    3.0"
    assert division["frames"][-1]["locals"] == {"number": 3.0, "by": 0}
    assert error.metadata["chain"] == [f"group: {one['type']}" for one in error.state["exceptions"][1:]]
    assert error.error_stack_trace is not None
    assert 'File "one.py", line 5, in one.divide\n    >>> result\n' in error.error_stack_trace
    assert raised(doctests.error("test_it.txt"))[1:] == [
        ("group", "DocTestFailure", [("manual/test_it.txt", "test_it.txt", 3, ">>> 1 + 1")]),
        ("group", "KeyError", [("manual/test_it.txt", "test_it.txt", 5, ">>> {}['key']")]),
    ]


def test_doctests_of_other_files_and_other_examples_are_other_failures(doctests: Record) -> None:
    fingerprints = {e.metadata["fingerprint"] for e in doctests.all_errors}
    assert len(fingerprints) == len(doctests.all_errors) == 4


def test_a_doctest_that_ends_at_its_first_failure_has_its_place_and_its_names(project: Project) -> None:
    project.write("one.py", DOCTESTS)
    project.write("two.py", DOCTESTS)
    project.write("three.py", DOCTESTS.replace("\n    4\n", "\n    3.0\n"))
    record = project.run("--doctest-modules").record
    one, two, three = (record.error(f"{name}.divide") for name in ("one", "two", "three"))
    assert one.metadata["fingerprint"] != two.metadata["fingerprint"]
    assert (one.frames[0]["file"], one.frames[0]["line"], one.locals["result"]) == ("one.py", 5, 3.0)
    assert raised(three)[0][2][0] == ("three.py", "three.divide", 8, "...     last = divide(result, by)")
    assert three.kind == ("execution_error", "agent", "high", "ZeroDivisionError")


def test_all_that_unittest_keeps_of_a_test_is_in_the_record(project: Project) -> None:
    project.write(
        "test_unittest.py",
        """
        import unittest

        class TestBoth(unittest.TestCase):
            def test_both(self):
                self.addCleanup(lambda: 1 / 0)
                body = 1
                self.assertEqual(body, 2, "body")

            def tearDown(self):
                td = 1
                raise KeyError("td", td)

        def tearDownModule():
            end = 2
            raise ValueError("the module's end")
        """,
    )
    run = project.run()
    assert (run.ret, run.outcomes) == (1, {"failed": 1, "errors": 1})
    call, teardown = run.record.errors("test_both")
    assert (call.metadata["phase"], call.error_type, len(raised(call))) == ("call", "validation_error", 1)
    assert (teardown.metadata["phase"], teardown.kind[0], teardown.kind[3]) == (
        "teardown",
        "teardown_error",
        "KeyError",
    )
    assert [one[:2] for one in raised(teardown)] == [
        ("raised", "KeyError"),
        ("group", "ZeroDivisionError"),
        ("group", "ValueError"),
    ]
    assert teardown.locals["td"] == 1
    assert teardown.state is not None
    assert teardown.state["exceptions"][2]["frames"][-1]["locals"] == {"end": 2}


def test_a_test_of_unittest_that_is_skipped_keeps_the_errors_after_it(project: Project) -> None:
    project.write(
        "test_unittest.py",
        """
        import unittest

        class TestSkip(unittest.TestCase):
            def test_skip(self):
                self.addCleanup(lambda: 1 / 0)
                self.skipTest("not today")

            def tearDown(self):
                raise KeyError("td")
        """,
    )
    run = project.run()
    assert (run.ret, run.outcomes) == (1, {"skipped": 1, "errors": 1})
    assert run.record.step("test_skip", "call").outcome == "skipped"
    assert [one[:2] for one in raised(run.record.error("test_skip"))] == [
        ("raised", "KeyError"),
        ("group", "ZeroDivisionError"),
    ]


def test_every_fixture_that_cannot_be_torn_down_is_kept(project: Project) -> None:
    project.write(
        "test_fixtures.py",
        """
        import pytest

        @pytest.fixture
        def first():
            yield
            raise ValueError("first")

        @pytest.fixture
        def second():
            yield
            raise TypeError("second")

        def test_both(first, second):
            pass
        """,
    )
    error = project.run().record.error("test_both")
    assert {one[:2] for one in raised(error)[1:]} >= {("group", "ValueError"), ("group", "TypeError")}


def test_subtests_are_steps_under_their_test(project: Project) -> None:
    if pytest.version_tuple < (9, 0):
        pytest.skip("subtests are of pytest 9")
    project.write(
        "test_sub.py",
        """
        def test_numbers(subtests):
            for number in range(3):
                with subtests.test("number", number=number):
                    assert number != 1
        """,
    )
    run = project.run()
    call = run.record.step("test_numbers", "call")
    subtests = run.record.steps("test_numbers", "subtest")
    assert [s.status for s in subtests] == ["completed", "failed", "completed"]
    assert {s.parent_step_id for s in subtests} == {call.id}
    errors = {e.execution_step: e for e in run.record.all_errors}
    failed = errors[subtests[1].step_number]
    assert failed.kind == ("validation_error", "user", "medium", "AssertionError")
    assert failed.locals["number"] == 1
    assert (call.status, errors[call.step_number].error_message) == ("failed", "contains 1 failed subtest")


def test_a_failed_subtest_of_unittest_is_an_error_of_its_own(project: Project) -> None:
    project.write(
        "test_sub.py",
        """
        import unittest

        class TestSub(unittest.TestCase):
            def test_numbers(self):
                for number in range(3):
                    with self.subTest(number=number):
                        self.assertNotEqual(number, 1)
        """,
    )
    run = project.run()
    if pytest.version_tuple < (9, 0):
        assert [e.metadata["phase"] for e in run.record.all_errors] == ["call"]
    else:
        assert ("subtest", "failed") in {(s.step_type, s.status) for s in run.record.steps("test_numbers")}
        assert run.record.all_errors
    assert run.ret == 1
