"""The state of a failure beside that of the pass that recovered it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.snapshots.agent_state import AgentState
from pytest_debugloop.web.application import make_app
from pytest_debugloop.web.both_states import SectionBeside, side_by_side
from pytest_debugloop.web.trees import Node
from tests.support.projects import Project
from tests.web.test_pages import Page


def states(before: dict[str, Any], after: dict[str, Any], fixtures: Any = None) -> tuple[AgentState, AgentState]:
    frame = {"file": "test_a.py", "function": "test_a", "line": 3, "source": "assert reply"}
    exception = {"relation": "raised", "type": "X", "message": "", "frames": [{**frame, "locals": before}]}
    failing = {"schema": 1, "exceptions": [exception], "fixtures": fixtures or {}}
    passing = {"schema": 1, "exceptions": [], "returned": {**frame, "locals": after}, "fixtures": {}}
    return cast("AgentState", failing), cast("AgentState", passing)


def marked(node: Node | None) -> list[str]:
    """The parts that are marked, and hold nothing else that is."""
    if node is None or not node.is_changed:
        return []
    return [name for part in node.parts for name in marked(part)] or [node.name]


def section(title: str, *given: Any) -> SectionBeside:
    return next(one for one in side_by_side(*states(*given)) if one.title == title)


def test_only_the_part_of_a_value_that_differs_is_marked() -> None:
    before = {"reply": {"job": {"id": 4711, "status": "pending", "queue": "x" * 40}, "worker": "first of them all"}}
    after = {"reply": {"job": {"id": 4711, "status": "done", "queue": "x" * 40}, "worker": "first of them all"}}
    found = section("Locals of the test", before, after)
    (pair,) = found.changed
    assert marked(pair.failed) == marked(pair.passed) == ["['status']"]
    assert found.same == []


def test_what_is_the_same_is_apart_and_what_one_side_lacks_is_said() -> None:
    found = section("Locals of the test", {"a": 1, "gone": 2}, {"a": 1, "new": [1]})
    assert [pair.name for pair in found.same] == ["a"]
    sides = {pair.name: (pair.failed is not None, pair.passed is not None) for pair in found.changed}
    assert sides == {"gone": (True, False), "new": (False, True)}


def test_addresses_and_moments_are_no_difference() -> None:
    before = {"thing": "<Thing at 0x7f0000000010>", "at": 1_764_000_000.5}
    after = {"thing": "<Thing at 0x7f0000000990>", "at": 1_764_000_007.5}
    found = section("Locals of the test", before, after)
    assert found.changed == []
    assert len(found.same) == 2


def test_a_failure_elsewhere_has_its_fixtures_only() -> None:
    failing, passing = states({"a": 1}, {"a": 2}, {"basket": ["pear"]})
    failing["exceptions"][0]["frames"][0]["function"] = "basket"
    (found,) = side_by_side(failing, passing)
    assert (found.title, [pair.name for pair in found.changed]) == ("Fixtures", ["basket"])


def test_a_value_that_holds_itself_has_an_end() -> None:
    loop = {"$ref": "/exceptions/0/frames/0/locals/own"}
    found = section("Locals of the test", {"own": {"next": loop, "n": 1}}, {"own": {"next": loop, "n": 2}})
    assert [pair.name for pair in found.changed] == ["own"]


RETRIED = """
tries = []

def test_job():
    tries.append(1)
    reply = {"id": 4711, "status": "done" if len(tries) > 1 else "pending"}
    assert reply["status"] == "done"
"""
CHANGED = """
from answer import status

def test_job():
    reply = {"id": 4711, "status": status()}
    assert reply["status"] == "done"
"""


def shown_failure(project: Project) -> str:
    """The text of the page of the failure that recovered."""
    with pytest.MonkeyPatch.context() as patch, embedded_server(project.folder / ".debugloop"):
        patch.chdir(project.folder)
        location = RecordLocation.from_settings({})
        with RecordReader(location) as reader:
            client = TestClient(make_app(location, reader))
            failure = client.get("/recoveries.json").json()["recoveries"][0]["error_event_id"]
            return " ".join(Page(client.get(f"/failures/{failure}").text).text.split())


def retried_in_one_run(project: Project) -> None:
    project.write("test_queue.py", RETRIED)
    assert project.record("-p", "pytest_rerunfailures", "--reruns", "1").returncode == 0


def passed_in_a_later_run(project: Project) -> None:
    project.write("test_queue.py", CHANGED)
    project.write("answer.py", "def status():\n    return 'pending'\n")
    assert project.record().returncode == 1
    project.write("answer.py", "def status():\n    return 'done'\n")
    assert project.record().returncode == 0
    failure = json.loads(project.printed("failures", "--json"))["causes"][0]["last_error_id"]
    shown = project.printed("show", failure)
    assert "values, when it failed -> when it passed" in shown
    assert "locals reply.status: 'pending' -> 'done'" in shown


@pytest.mark.parametrize(
    "record",
    [
        retried_in_one_run,
        pytest.param(
            passed_in_a_later_run,
            marks=pytest.mark.skipif(sys.version_info < (3, 12), reason="the profile function belongs to the trace"),
        ),
    ],
)
def test_the_page_of_a_failure_shows_both(
    record: Callable[[Project], None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = Project.new(tmp_path_factory.mktemp("recovered"))
    record(project)
    text = shown_failure(project)
    assert "State when it failed, and when it passed" in text
    assert "different: reply = {'id': 4711, 'status': 'pending'}" in text
    assert "different: reply = {'id': 4711, 'status': 'done'}" in text
