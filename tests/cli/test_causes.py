"""Failures of one cause are told once, with one example whole and the others by name."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pytest_debugloop.database.embedded import embedded_server
from tests.support.projects import Project

ANSWER = """
class Answer:
    def __init__(self, path):
        self.path = path

    def send(self):
        return self.pth
"""
TESTS = """
import pytest
from answer import Answer

@pytest.mark.parametrize("number", range(25))
def test_sent(number):
    assert Answer(f"/{number}").send() == f"/{number}"

def test_path():
    assert Answer("/").path == "\\x1b[2J"

def test_names():
    assert "b" in ["a"]
"""
TITLE = "25 x AttributeError in answer.py:6 Answer.send"


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A suite of which one wrong attribute fails 25 tests, and two others fail by themselves."""
    project = Project.new(tmp_path_factory.mktemp("causes"))
    project.write("answer.py", ANSWER)
    project.write("test_answer.py", TESTS)
    assert project.record().returncode == 1
    with embedded_server(project.folder / ".debugloop"):
        yield project


def test_a_run_shows_one_failure_of_each_cause_and_names_the_others(sender: Project) -> None:
    text = sender.printed("show")
    assert text.count(TITLE) == 1
    assert text.count("AttributeError: 'Answer' object has no attribute 'pth'") == 1
    assert text.count("answer.py:6 in Answer.send\n") == 1
    assert text.count("✗ test_answer.py::test_sent[") == 21
    assert "  … and 4 more\n" in text
    assert text.index("test_sent[0]") < text.index("test_path") < text.index("test_names")
    assert len(text.splitlines()) < 70
    assert sender.printed("show", "--limit", "0").count("✗ test_answer.py::test_sent[") == 25
    assert sender.printed("show", "--limit", "1").count("✗ test_answer.py::") == 21


@pytest.mark.parametrize("budget", [400, 1500, 6000])
def test_brief_never_shows_two_failures_of_one_cause(sender: Project, budget: int) -> None:
    text = sender.printed("show", "--brief", "--budget", str(budget))
    assert len(text) <= budget + 1
    assert text.splitlines()[0].endswith(": 27 failures of 3 causes")
    assert TITLE in text
    assert text.count("FAILED test_answer.py::test_sent[") == 1
    if budget > 400:
        assert "test_answer.py::test_path" in text
        assert "24 more failures of this cause:\n" in text


def test_json_has_each_failure_and_the_causes(sender: Project) -> None:
    answer = json.loads(sender.printed("show", "--json"))
    assert len(answer["failures"]) == 27
    first, *others = answer["causes"]
    assert (first["title"], first["failures"], len(first["others"])) == (TITLE, 25, 24)
    assert (first["file"], first["line"], first["function"]) == ("answer.py", 6, "Answer.send")
    members = {first["example_error_id"], *(one["error_id"] for one in first["others"])}
    assert members == {one["failure"]["id"] for one in answer["failures"] if one["failure"]["cause"] == first["cause"]}
    assert [one["failures"] for one in others] == [1, 1]
    assert all(one["frame"] and one["history"] for one in answer["failures"])


def test_failures_are_listed_by_cause_or_by_fingerprint(sender: Project) -> None:
    lines = sender.printed("failures").splitlines()
    assert len(lines) == 4
    assert "answer.py:6 Answer.send" in lines[1]
    answer = json.loads(sender.printed("failures", "--json"))
    assert [one["times"] for one in answer["causes"]] == [25, 1, 1]
    assert {one["cause"] for one in answer["failures"]} == {one["cause"] for one in answer["causes"]}
    by_fingerprint = sender.printed("failures", "--by", "fingerprint").splitlines()
    assert len(by_fingerprint) == 1 + len(answer["failures"])
