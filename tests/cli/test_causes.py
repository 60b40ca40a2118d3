"""Failures of one cause are told once, with one example whole and the others by name."""

from __future__ import annotations

import json
import shlex
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


def test_one_value_is_shown_whole(sender: Project) -> None:
    failure = json.loads(sender.printed("show", "test_sent[3]", "--json"))["failures"][0]["id"]
    assert sender.printed("value", failure[-8:], "frames[-1].locals.self.path") == "/3\n"
    assert sender.printed("value", "test_sent[3]", "parameters.number") == "3\n"
    assert "'self': Answer(path='/3')" in sender.printed("value", "test_sent[3]")
    assert sender.printed("value", failure, "message") == "'Answer' object has no attribute 'pth'\n"
    answer = json.loads(sender.printed("value", failure, "frames[-1].locals.self", "--json"))
    assert (answer["of"], answer["text"], answer["pages"]) == (failure, "Answer(path='/3')", 1)
    assert (answer["value"]["path"], answer["parts"]) == ("/3", [".path"])


def test_a_long_value_has_pages(sender: Project) -> None:
    first = sender.printed("value", "test_sent[3]", "frames[-2]", "--budget", "200").splitlines()
    assert first[-1].startswith("… page 1 of ")
    command = first[-1].split(": debugloop ")[1]
    second = sender.printed(*shlex.split(command), "--budget", "200").splitlines()
    assert second[-1].startswith("… page 2 of ")
    assert not set(first[:-1]) & set(second[:-1])


def test_a_value_that_is_not_there_is_one_sentence(sender: Project) -> None:
    done = sender.debugloop("value", "test_sent[3]", "frames[-1].locals.slf")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("Error: Nothing is recorded at frames[-1].locals.slf: frames[-1].locals has self.\n")
    told = json.loads(sender.debugloop("value", "test_sent[3]", "frames[", "--json").stderr)
    assert told["code"] == "not_a_path"
    run = json.loads(sender.printed("runs", "--json"))["runs"][0]["id"]
    assert json.loads(sender.debugloop("value", run, "--json").stderr)["code"] == "wrong_kind"


def test_json_has_pages(sender: Project) -> None:
    cursor: list[str] = []
    named: list[str] = []
    for _ in range(60):
        printed = sender.printed("show", "--json", "--budget", "8000", *cursor)
        assert len(printed) <= 8000
        answer = json.loads(printed)
        named += [one["failure"]["node_id"] for one in answer["failures"]]
        if answer["cursor"] is None:
            break
        cursor = ["--cursor", answer["cursor"]]
    assert len(named) == len(set(named)) == 27
    assert len(answer["causes"]) == 3
