"""A test during which the session is stopped has no result, unless it failed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project

STOPS = """
    import os, pytest


    @pytest.fixture
    def server():
        {of_setup}


    def test_stopped(server):
        {of_call}
"""
STOPPED = "if os.path.exists('stop'): "


@pytest.mark.parametrize(
    ("of_setup", "of_call"),
    [
        ("pass", f"{STOPPED}raise KeyboardInterrupt"),
        (f"{STOPPED}raise KeyboardInterrupt", "pass"),
        (f"{STOPPED}pytest.exit('no server')", "pass"),
    ],
    ids=["interrupted", "interrupted-setup", "exit"],
)
def test_a_test_that_the_session_was_stopped_in_is_not_flaky(project: Project, of_setup: str, of_call: str) -> None:
    project.write("test_stopped.py", STOPS.format(of_setup=of_setup, of_call=of_call))
    runs = [project.run()]
    stop = project.write("stop", "")
    runs.append(project.run())
    stop.unlink()
    runs.append(project.run())
    assert [one.ret for one in runs] == [0, 2, 0]
    (found,) = runs[1].record.query(
        "SELECT c.evidence, c.recovery_path FROM debug_error_success_correlation AS c"
        " JOIN debug_error_events AS e ON e.id = c.error_event_id WHERE e.correlation_id = %(id)s"
    )
    assert found["evidence"]["stopped"] is True
    assert found["recovery_path"] == "the session was stopped while it ran, which says nothing about the test"
    of_test = "(SELECT task_id FROM debug_error_events WHERE correlation_id = %(id)s)"
    attempts, scores = (
        runs[1].record.query(query.format(of_test))
        for query in (
            "SELECT failed, is_incident FROM debug_test_attempts WHERE task_id = {} ORDER BY ended_at",
            "SELECT class, attempts, failures FROM debug_flaky_tests WHERE task_id = {}",
        )
    )
    assert [(one["failed"], one["is_incident"]) for one in attempts] == [(False, False), (True, True), (False, False)]
    assert [tuple(one.values()) for one in scores] == [("stable", 2, 0)]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        (
            "@pytest.fixture\ndef stopping():\n    yield\n    raise KeyboardInterrupt\n\n"
            "def test_it(stopping):\n    assert 1 == 2\n",
            (),
        ),
        (
            "class TestIt(unittest.TestCase):\n    def tearDown(self):\n        raise KeyboardInterrupt\n"
            "    def test_it(self):\n        assert 1 == 2\n",
            (),
        ),
        # The worker dies, and the session goes on.
        ("def test_it():\n    raise KeyboardInterrupt\n", ("-p", "xdist", "-n1")),
    ],
    ids=["teardown", "unittest", "worker"],
)
def test_a_test_that_failed_before_or_without_a_stop_of_the_session_has_failed(
    project: Project, text: str, arguments: tuple[str, ...]
) -> None:
    project.write("test_it.py", f"import pytest, unittest\n\n{text}")
    run = project.run(*arguments)
    errors = run.record.all_errors
    assert errors
    assert [error.metadata for error in errors if "incident" in error.metadata] == []
