"""Which hooks tell of the phases of tests: two plain ones, unless another plugin may have ways of its own."""

from __future__ import annotations

import json
import textwrap
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
        ("def pytest_runtestloop(): pass", "WrappedPhases", False),
        (_WRAPPER.format(hook="pytest_runtestloop"), "PlainPhases", False),
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
        "loop",
        "wrapper of the loop",
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


_BARE = """
    import json, pathlib

    import pytest

    def last_lines():
        (journal,) = pathlib.Path(".debugloop").glob("journals/*/main.jsonl")
        steps = [json.loads(line) for line in journal.read_text().splitlines() if '"kind":"step"' in line]
        return [(s["node_id"].partition("::")[2], s["phase"], s["rev"]) for s in steps if s["phase"] != "collect"]

    def test_first(): pass
    def test_second(): pass
    @pytest.mark.parametrize("value", [1, 2])
    def test_third(value):
        pathlib.Path(f"seen{value}.json").write_text(json.dumps(last_lines()))
"""
_DIE = "import os\n\ndef die(name, which):\n    if name.endswith(which):\n        os._exit(3)\n\n"
_ONCE = [["test_third[1]", "setup", 1], ["test_third[1]", "call", 0]]
_AT_ONCE = [["test_third[1]", "setup", 0], *_ONCE]


@pytest.mark.parametrize(
    ("conftest", "own"),
    [
        ("", _ONCE),
        ("def pytest_runtest_call(): pass", _ONCE),
        ("def pytest_runtest_setup(): pass", _AT_ONCE),
        ("def pytest_runtest_teardown(): pass", _AT_ONCE),
        ("def pytest_runtest_logstart(): pass", _AT_ONCE),
        ("def pytest_runtest_logfinish(): pass", _AT_ONCE),
        ("def pytest_report_teststatus(): pass", _AT_ONCE),
        (_WRAPPER.format(hook="pytest_runtest_protocol"), _AT_ONCE),
        ("import pytest\n\n@pytest.fixture(autouse=True)\ndef every(): pass", _AT_ONCE),
    ],
    ids=["none", "call", "setup", "teardown", "logstart", "logfinish", "teststatus", "protocol", "fixture"],
)
def test_all_is_in_the_journal_before_a_test_runs_and_before_code_that_is_not_pytests(
    project: Project, conftest: str, own: list[list[object]]
) -> None:
    project.write("conftest.py", conftest)
    project.write("test_suite.py", _BARE)
    run = project.run("-p", "no:cacheprovider", "-p", "no:randomly")
    assert run.ret == 0, run.out
    seen = json.loads((project.folder / "seen1.json").read_text())
    assert seen[-len(own) :] == own
    assert seen[-len(own) - 1] == ["test_second", "teardown", 1]
    begun = [(name, phase) for name, phase, rev in seen if rev == 0]
    # The first test of a file may set up more than itself.
    assert (("test_second", "setup") in begun, ("test_second", "teardown") in begun) == (own == _AT_ONCE,) * 2
    assert ("test_second", "call") in begun
    for test in ("::test_first", "::test_second", "::test_third[1]", "::test_third[2]"):
        assert [(s.step_type, s.status) for s in run.record.steps(test)] == [
            ("setup", "completed"),
            ("call", "completed"),
            ("teardown", "completed"),
        ]


@pytest.mark.parametrize(
    ("conftest", "test", "phase"),
    [
        ("def pytest_runtest_logfinish(nodeid): die(nodeid, 'test_bare')", "test_bare", "teardown"),
        ("def pytest_runtest_logstart(nodeid): die(nodeid, 'test_after')", "test_bare", "teardown"),
        ("def pytest_runtest_setup(item): die(item.nodeid, 'test_after')", "test_after", "setup"),
        ("def pytest_runtest_teardown(item): die(item.nodeid, 'test_bare')", "test_bare", "teardown"),
        ("def pytest_runtest_call(item): die(item.nodeid, 'test_bare')", "test_bare", "call"),
        ("", "test_last", "teardown"),
    ],
    ids=["logfinish", "logstart", "setup", "teardown", "call", "fixture of the module"],
)
def test_a_process_that_dies_around_a_test_without_fixtures_died_in_the_right_phase(
    project: Project, conftest: str, test: str, phase: str
) -> None:
    project.write("conftest.py", _DIE + conftest)
    project.write(
        "test_suite.py",
        """
        import os, pytest

        @pytest.fixture(scope="module")
        def last():
            yield
            os._exit(3)

        def test_before(): pass
        def test_bare(): pass
        def test_after(): pass
        def test_uses(last): pass
        def test_last(): pass
        """,
    )
    project.write("test_zoo.py", "def test_zebra(): pass")
    run = project.run("-p", "no:cacheprovider", "-p", "no:randomly")
    run.record.wait_for_end()
    (error,) = run.record.all_errors
    assert error.error_type == "process_crash"
    assert (error.operation_name, error.metadata["phase"]) == (f"test_suite.py::{test}", phase)


def test_a_process_that_dies_when_a_package_is_torn_down_died_in_the_teardown_of_its_last_test(
    project: Project,
) -> None:
    project.write("packed/__init__.py", "import os\n\ndef teardown_module(module):\n    os._exit(3)")
    project.write("packed/test_suite.py", "def test_first(): pass\ndef test_last(): pass")
    project.write("test_zoo.py", "def test_zebra(): pass")
    run = project.run("-p", "no:cacheprovider", "-p", "no:randomly", "packed", "test_zoo.py")
    run.record.wait_for_end()
    (error,) = run.record.all_errors
    assert (error.operation_name, error.metadata["phase"]) == ("packed/test_suite.py::test_last", "teardown")


@pytest.mark.parametrize(
    ("hook", "phase"), [("pytest_fixture_setup", "setup"), ("pytest_fixture_post_finalizer", "teardown")]
)
def test_a_process_that_dies_where_parameters_are_given_died_in_the_right_test_and_phase(
    project: Project, hook: str, phase: str
) -> None:
    project.write("conftest.py", f"{_DIE}def {hook}(request): die(request.node.nodeid, 'test_second[2]')")
    project.write(
        "test_suite.py",
        """
        import pytest

        def test_first(): pass
        @pytest.mark.parametrize("value", [1, 2])
        def test_second(value): pass
        """,
    )
    run = project.run("-p", "no:cacheprovider", "-p", "no:randomly")
    run.record.wait_for_end()
    (error,) = run.record.all_errors
    assert (error.operation_name, error.metadata["phase"]) == ("test_suite.py::test_second[2]", phase)


@pytest.mark.parametrize(
    ("conftest", "test", "is_there"),
    [
        ("", "def test_first(): pass", False),
        ("", "def test_first(tmp_path): pass", True),
        ("", "class TestFirst:\n    def setup_class(cls): pass\n    def test_first(self): pass", True),
        ("def pytest_runtest_call(item): pass", "def test_first(): pass", True),
        ("def pytest_runtest_logfinish(): pass", "def test_first(): pass", True),
    ],
    ids=["none", "fixture", "class", "call", "logfinish"],
)
def test_the_hook_of_the_teardown_is_there_where_it_may_be_needed(
    project: Project, conftest: str, test: str, is_there: bool
) -> None:
    has = """
        def pytest_sessionfinish(session):
            print("has the hook:", session.config.pluginmanager.has_plugin("debugloop-teardowns"))
    """
    project.write("conftest.py", f"{textwrap.dedent(has)}\n{conftest}")
    project.write("test_suite.py", f"{test}\ndef test_last(): pass")
    run = project.run("-p", "no:cacheprovider", "-p", "no:randomly", "-s")
    assert run.outcomes == {"passed": 2}, run.out
    assert f"has the hook: {is_there}" in run.out


def test_a_hook_that_comes_in_a_test_is_met_at_the_next(project: Project) -> None:
    project.write(
        "test_suite.py",
        """
        import os, pytest

        class Late:
            def pytest_runtest_logfinish(self, nodeid):
                if nodeid.endswith("test_dies"):
                    os._exit(3)

        def test_first(pytestconfig):
            pytestconfig.pluginmanager.register(Late())

        def test_second(): pass
        def test_dies(): pass
        def test_after(): pass
        """,
    )
    run = project.run("-p", "no:cacheprovider", "-p", "no:randomly")
    run.record.wait_for_end()
    (error,) = run.record.all_errors
    assert (error.operation_name, error.metadata["phase"]) == ("test_suite.py::test_dies", "teardown")


def test_what_ends_a_run_between_the_functions_of_tests_is_recorded(project: Project) -> None:
    project.write(
        "test_suite.py",
        """
        import pytest

        def test_first(): pass
        def test_second(pytestconfig): pass
        def test_third(): pass
        @pytest.mark.skip
        def test_skipped(): pass
        @pytest.mark.xfail(run=False)
        def test_expected(): pass
        def test_last():
            from _pytest import runner
            def interrupt(*given, **named): raise KeyboardInterrupt
            runner.SetupState.teardown_exact = interrupt
        """,
    )
    run = project.run("-p", "no:cacheprovider", "-p", "no:randomly")
    statuses = {s.operation_name.rpartition("::")[2]: s.status for s in run.record.steps("", "teardown")}
    assert [(s.step_type, s.status) for s in run.record.steps("::test_last")] == [
        ("setup", "completed"),
        ("call", "completed"),
        ("teardown", "failed"),
    ]
    assert statuses["test_third"] == statuses["test_skipped"] == statuses["test_expected"] == "completed"


def test_who_asks_for_the_step_while_a_test_without_fixtures_is_torn_down_is_given_the_teardown(
    project: Project,
) -> None:
    project.write(
        "test_suite.py",
        """
        from _pytest import runner

        def test_first(pytestconfig):
            recorder = pytestconfig.pluginmanager.get_plugin("debugloop-phases")._recorder
            tear_down = runner.SetupState.teardown_exact
            def asks(state, nextitem):
                attempt, step = recorder.current_step()
                print("asked", attempt.node_id, step.phase)
                return tear_down(state, nextitem)
            runner.SetupState.teardown_exact = asks

        def test_bare(): pass
        def test_after(): pass
        """,
    )
    run = project.run("-p", "no:cacheprovider", "-p", "no:randomly", "-s")
    assert run.outcomes == {"passed": 3}, run.out
    for name in ("first", "bare", "after"):
        assert f"asked test_suite.py::test_{name} teardown" in run.out
        assert [(s.step_type, s.status) for s in run.record.steps(f"::test_{name}")] == [
            ("setup", "completed"),
            ("call", "completed"),
            ("teardown", "completed"),
        ]
