"""Which hooks tell of the phases of tests: two plain ones, unless another plugin may have ways of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project

_TOLD = """
    def told(request):
        plugins = request.config.pluginmanager
        return type(plugins.get_plugin("debugloop-phases")).__name__, plugins.has_plugin("debugloop-reports")
"""
_WRAPPER = "import pytest\n\n@pytest.hookimpl(wrapper=True)\ndef {hook}():\n    return (yield)"
_SUITE = """
    import pytest
    from told import told

    def test_first(request):
        assert told(request) == ({hooks!r}, {reports})
"""


@pytest.mark.parametrize(
    ("conftest", "hooks", "reports"),
    [
        ("", "PlainPhases", False),
        ("def pytest_runtest_logfinish(): pass", "PlainPhases", False),
        ("def pytest_runtest_logreport(): pass", "PlainPhases", True),
        (_WRAPPER.format(hook="pytest_runtest_logreport"), "PlainPhases", True),
        ("def pytest_runtest_setup(): pass", "PlainPhases", False),
        (_WRAPPER.format(hook="pytest_runtest_setup"), "WrappedPhases", False),
        ("def pytest_runtest_protocol(): pass", "WrappedPhases", False),
        (_WRAPPER.format(hook="pytest_runtest_makereport"), "WrappedPhases", False),
    ],
    ids=[
        "none",
        "another hook",
        "logreport",
        "wrapper of logreport",
        "setup",
        "wrapper of setup",
        "protocol",
        "makereport",
    ],
)
def test_the_cheap_hooks_give_way_to_plugins_with_their_own(
    project: Project, conftest: str, hooks: str, reports: bool
) -> None:
    project.write("conftest.py", conftest)
    project.write("told.py", _TOLD)
    project.write("test_suite.py", _SUITE.format(hooks=hooks, reports=reports))
    run = project.run("-p", "no:cacheprovider")
    assert (run.ret, run.outcomes) == (0, {"passed": 1}), run.out
    assert [s.step_type for s in run.record.steps("::test_first")] == ["setup", "call", "teardown"]


def test_an_outcome_that_a_wrapper_of_the_report_changes_is_recorded(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_logreport(report):
            if report.when == "teardown":
                report.outcome, report.longrepr = "failed", "left something behind"
            return (yield)
        """,
    )
    project.write("test_suite.py", "def test_leaves(): pass")
    run = project.run("-p", "no:cacheprovider")
    assert run.outcomes == {"passed": 1, "errors": 1}, run.out
    assert [(s.step_type, s.status) for s in run.record.steps("::test_leaves")][-1] == ("teardown", "failed")


def test_a_plugin_that_comes_in_a_test_is_met_at_the_next(project: Project) -> None:
    project.write("told.py", _TOLD)
    project.write(
        "test_suite.py",
        """
        import pytest
        from told import told

        class Late:
            @pytest.hookimpl(wrapper=True)
            def pytest_runtest_makereport(self):
                return (yield)

        def test_first(request):
            request.config.pluginmanager.register(Late())
            assert told(request)[0] == "PlainPhases"

        def test_second(request):
            assert told(request)[0] == "WrappedPhases"

        def test_third():
            assert 0
        """,
    )
    run = project.run("-p", "no:cacheprovider")
    assert run.outcomes == {"passed": 2, "failed": 1}, run.out
    statuses = {
        name: [(step.step_type, step.status) for step in run.record.steps(f"::test_{name}")]
        for name in ("first", "second", "third")
    }
    passed = [(phase, "completed") for phase in ("setup", "call", "teardown")]
    assert statuses == {
        "first": passed,
        "second": passed,
        "third": [("setup", "completed"), ("call", "failed"), ("teardown", "completed")],
    }


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has subtests since version 9")
def test_the_reports_of_subtests_do_not_end_the_call(project: Project) -> None:
    project.write(
        "test_suite.py",
        """
        import time

        def test_parts(subtests):
            for part in range(3):
                with subtests.test(part=part):
                    pass
            time.sleep(0.05)

        def test_asks_late(request):
            with request.getfixturevalue("subtests").test("one"):
                pass
            time.sleep(0.05)
        """,
    )
    run = project.run("-p", "no:cacheprovider")
    assert run.ret == 0, run.out
    for test in ("::test_parts", "::test_asks_late"):
        steps = [s for s in run.record.steps(test) if s.step_type in ("setup", "call", "teardown")]
        assert [(s.step_type, s.status) for s in steps] == [
            ("setup", "completed"),
            ("call", "completed"),
            ("teardown", "completed"),
        ]
        (call,) = (s for s in steps if s.step_type == "call")
        assert call.completed_at is not None
        assert (call.completed_at - call.started_at).total_seconds() >= 0.05
