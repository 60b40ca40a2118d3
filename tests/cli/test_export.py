"""`debugloop export` writes what the record holds, in shapes that other tools read, and no half of a file."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.projects import Project
from tests.support.terminal import called_in_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = """
import unittest

import pytest


@pytest.fixture
def broken():
    raise ConnectionError("closed")


@pytest.fixture
def leaves_a_mess():
    yield
    raise OSError("mess")


def test_passes():
    pass


@pytest.mark.parametrize("value", ["x", "a::b/c.py", "[1]", "<&>", "\\x1b[31m", "\\u05e9"], ids=str)
def test_parameters(value):
    pass


def test_fails():
    assert {"a": 1} == {"a": 2}, "<&> \\x1b[2J \\x00 ]]>"


def test_setup_fails(broken):
    pass


def test_teardown_fails(leaves_a_mess):
    pass


def test_both_fail(leaves_a_mess):
    raise ValueError("call")


@pytest.mark.skip(reason="not <now>")
def test_is_skipped():
    pass


def test_skips():
    pytest.skip("inside")


@pytest.mark.xfail(reason="known")
def test_xfails():
    assert 0


@pytest.mark.xfail(strict=True, reason="known")
def test_passes_against_its_will():
    pass


@pytest.mark.xfail
def test_xpasses():
    pass


class TestClass:
    def test_in_a_class(self):
        pass


class TestUnit(unittest.TestCase):
    def test_unit(self):
        self.fail("unit")
"""


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A suite with every outcome, recorded while pytest wrote its own JUnit XML."""
    project = Project(tmp_path_factory.mktemp("export"))
    (project.folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (project.folder / "tests" / "unit").mkdir(parents=True)
    (project.folder / "tests" / "unit" / "test_mixed.py").write_text(SUITE, encoding="utf-8")
    (project.folder / "tests" / "test_broken.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    done = project.record("--junitxml", "pytest.xml", "--continue-on-collection-errors")
    assert done.returncode == 1, done.stdout
    return project


def cases(suite: ET.Element) -> list[tuple[str, str, list[str]]]:
    return [
        (case.get("classname", ""), case.get("name", ""), sorted(child.tag for child in case))
        for case in suite.iter("testcase")
    ]


def test_junit_has_the_cases_and_counts_of_pytests_own(mixed: Project) -> None:
    theirs = ET.parse(mixed.folder / "pytest.xml").getroot()
    ours = ET.fromstring(mixed.printed("export", "--format", "junit"))
    assert (ours.tag, ours.attrib) == (theirs.tag, theirs.attrib)
    their_suite, our_suite = theirs[0], ours[0]
    assert sorted(cases(our_suite)) == sorted(cases(their_suite))
    # In the order in which they ran, too.
    assert [name for _, name, _ in cases(our_suite)] == [name for _, name, _ in cases(their_suite)]
    assert set(our_suite.attrib) == set(their_suite.attrib)
    for name in ("name", "errors", "failures", "skipped"):
        assert our_suite.get(name) == their_suite.get(name), name
    assert our_suite.get("tests") == str(len(cases(our_suite)))
    assert float(our_suite.get("time", "")) > 0


def test_junit_says_why_as_pytest_does(mixed: Project) -> None:
    def told(root: ET.Element) -> dict[str, list[tuple[str, str | None]]]:
        found = {}
        for case in root.iter("testcase"):
            if not any(child.tag == "error" and case.get("classname") == "" for child in case):
                key = f"{case.get('name')} {[child.tag for child in case]}"
                found[key] = [(child.get("message", ""), child.get("type")) for child in case]
        return found

    theirs = told(ET.parse(mixed.folder / "pytest.xml").getroot())
    ours = told(ET.fromstring(mixed.printed("export", "--format", "junit")))
    assert ours.keys() == theirs.keys()
    exact = {key for key in ours if ours[key] == theirs[key]}
    # What assertions say is cut elsewhere, and a strict xpass is told without its exception.
    assert {key.partition(" ")[0] for key in set(ours) - exact} <= {
        "test_fails",
        "test_passes_against_its_will",
        "test_unit",
    }
    text = ET.tostring(ET.fromstring(mixed.printed("export", "--format", "junit")), encoding="unicode")
    assert "#x1B[2J" in text  # what is no colour stays
    assert "\x1b" not in text


def test_junit_has_the_facts_of_the_run(mixed: Project) -> None:
    suite = ET.fromstring(mixed.printed("export", "--format", "junit"))[0]
    facts = {p.get("name"): p.get("value") for p in suite.iter("property")}
    run = json.loads(mixed.printed("runs", "--json"))["runs"][0]
    assert facts["debugloop.run_id"] == run["id"]
    assert facts["debugloop.exit_status"] == "1"
    assert facts["debugloop.pytest"] == pytest.__version__


def test_attempts_that_were_run_again_are_in_the_case_of_their_test(shop: Project) -> None:
    suite = ET.fromstring(shop.printed("export", "--format", "junit"))[0]
    by_name = {case.get("name"): case for case in suite.iter("testcase")}
    assert len(by_name) == len(list(suite.iter("testcase"))) == int(suite.get("tests", ""))
    flaky = by_name["test_stock_answers"]
    assert [child.tag for child in flaky] == ["flakyFailure"]
    assert flaky[0].get("type") == "TimeoutError"
    trace = flaky[0].findtext("stackTrace")
    assert trace is not None
    assert trace.endswith("TimeoutError: the stock of 'apple' did not answer")
    assert [child.tag for child in by_name["test_unknown_article"]] == ["failure", "rerunFailure"]
    assert suite.get("failures") == "1"


def lines(project: Project, *arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in project.printed("export", *arguments).splitlines()]


def test_each_line_of_json_says_what_it_is(shop: Project) -> None:
    found = lines(shop)
    assert found[0] == {"kind": "export", "schema": "debugloop/export", "version": 1}
    run = json.loads(shop.printed("runs", "--json"))["runs"][0]
    assert found[1] == {"kind": "run", **run}
    assert {line["run_id"] for line in found[2:]} == {run["id"]}
    kinds = Counter(line["kind"] for line in found)
    assert kinds["failure"] == run["errors_total"]
    assert kinds["recovery"] == run["recoveries_total"]
    attempts = [line for line in found if line["kind"] == "attempt"]
    calls = Counter(line["call_outcome"] for line in attempts)
    assert calls["passed"] + calls["xpassed"] == run["successes_total"]
    outcomes = Counter(line["outcome"] for line in attempts)
    assert outcomes["skipped"] + outcomes["xfailed"] == run["skipped_total"]
    failed = [line for line in attempts if line["outcome"] in ("failed", "error")]
    known = {line["id"] for line in found if line["kind"] == "failure"}
    assert failed
    assert all(set(line["failures"]) <= known and line["failures"] for line in failed)


def test_all_runs_are_written_one_after_the_other(shop: Project) -> None:
    runs = [line["id"] for line in lines(shop, "--all") if line["kind"] == "run"]
    assert runs == [run["id"] for run in json.loads(shop.printed("runs", "--json"))["runs"]]
    assert len(runs) == 3
    assert [line["kind"] for line in lines(shop, "--since", "2020-01-01", "--branch", "nobody's")] == ["export"]
    assert sum(line["kind"] == "run" for line in lines(shop, "--branch", "main")) == 1
    root = ET.fromstring(shop.printed("export", "--all", "--format", "junit"))
    assert len(root.findall("testsuite")) == 3


def test_a_run_is_chosen_by_a_part_of_its_id(shop: Project) -> None:
    first = json.loads(shop.printed("runs", "--json"))["runs"][-1]["id"]
    assert lines(shop, first[-8:])[1]["id"] == first
    unknown = shop.debugloop("export", "ffffffffffff")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("Error: Nothing in the record matches ffffffffffff: ")


def table(text: str) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(text, newline=""))


@pytest.mark.parametrize("name", ["runs", "attempts", "failures", "recoveries"])
def test_csv_has_a_row_for_each_line_of_json(shop: Project, name: str) -> None:
    kind = {"recoveries": "recovery"}.get(name, name[:-1])
    expected = [line for line in lines(shop, "--all") if line["kind"] == kind]
    rows = list(table(shop.printed("export", "--all", "--format", "csv", "--table", name)))
    assert len(rows) == len(expected) > 0
    assert set(rows[0]) == set(expected[0]) - {"kind"}
    key = "node_id" if name == "attempts" else "id"
    assert [row[key] for row in rows] == [line[key] for line in expected]


def test_csv_of_hostile_text_computes_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    suite = "import pytest\n\n@pytest.mark.skip(reason='=HYPERLINK(1)')\ndef test_it():\n    pass\n\n"
    suite += "def test_wrong():\n    raise ValueError('@SUM(1,2)\\r\\n\"x\"')\n"
    (tmp_path / "test_it.py").write_text(suite, encoding="utf-8")
    assert project.record().returncode == 1
    attempts = table(project.printed("export", "--format", "csv", "--table", "attempts"))
    assert [row["reason"] for row in attempts] == ["'=HYPERLINK(1)", ""]
    failures = list(table(project.printed("export", "--format", "csv", "--table", "failures")))
    assert failures[0]["error_message"].startswith("'@SUM(1,2)")


def test_a_file_is_written_whole_and_only_once(shop: Project, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    done = shop.debugloop("export", "--all", "--output", str(target))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith(f"{target}: 3 runs, ")
    assert target.read_text(encoding="utf-8") == shop.printed("export", "--all")
    again = shop.debugloop("export", "--output", str(target))
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith(f"Error: {target} already exists: ")
    assert target.read_text(encoding="utf-8").count('"kind": "run"') == 3
    forced = shop.debugloop("export", "--force", "--json", "--output", str(target))
    assert (forced.returncode, forced.stderr) == (0, "")
    answer = json.loads(forced.stdout)
    assert (answer["schema"], answer["counts"]["run"]) == ("debugloop/export", 1)
    assert target.read_text(encoding="utf-8") == shop.printed("export")
    assert list(tmp_path.iterdir()) == [target]


def test_nothing_half_written_stays(shop: Project, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine", encoding="utf-8")
    for target in (tmp_path / "new", kept):
        done = shop.debugloop("export", "ffffffffffff", "--force", "--output", str(target))
        assert done.returncode == 1
    missing = shop.debugloop("export", "--output", str(tmp_path / "nowhere" / "out"))
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
    assert missing.stderr.startswith("Error: ")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert kept.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("form", [("jsonl",), ("csv", "--table", "failures"), ("junit",)])
def test_a_terminal_gets_nothing_that_acts_on_it(hostile: Project, form: tuple[str, ...]) -> None:
    seen = called_in_terminal(hostile.folder, "export", "--format", *form)
    assert seen.returncode == 0
    assert not set(seen.raw) & {"\x1b", "\x07", "\x9b", "\u202e", "\u2028"}
    # Elsewhere it is data, which is kept.
    if form[0] == "csv":
        assert "\x1b[2J" in hostile.printed("export", "--format", *form)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--format", "csv"),
        ("--table", "runs"),
        ("1234", "--all"),
        ("--json",),
        ("--format", "xml"),
    ],
)
def test_what_nobody_can_mean_ends_with_2(shop: Project, arguments: tuple[str, ...]) -> None:
    done = shop.debugloop("export", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
