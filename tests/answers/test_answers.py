"""From records of real suites with bugs put in, each answer is the right one, at each point of the story."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg
import pytest

from tests.answers.projects import Bug
from tests.answers.story import FEATURE, LEGS, LIMITS, Story, Told
from tests.docs.questions import PAGE
from tests.support import groups

pytestmark = [groups.suites, pytest.mark.slow]
COMPARED = ("compare", FEATURE, "main")
CHECKED = ("check", f"branch:{FEATURE}", "main")


def told(story: Story, point: str, *arguments: str) -> Told:
    """Give what was told at a point of the story."""
    key = (point, *arguments)
    return story.answers[key]


def answer(story: Story, point: str, *arguments: str) -> dict[str, Any]:
    written = told(story, point, *arguments, "--json")
    found: dict[str, Any] = json.loads(written.out or written.err)
    return found


def changes(story: Story, point: str, *arguments: str) -> dict[str, set[str]]:
    """Give the tests of a comparison, by how they changed."""
    found: dict[str, set[str]] = {}
    for test in answer(story, point, *arguments)["tests"]:
        found.setdefault(test["change"], set()).add(test["node_id"])
    return found


def place(bug: Bug) -> str:
    return f"{bug.function} in {bug.file}"


def section(told: str) -> str:
    """Give what the plugin wrote at the end of a run."""
    return told[told.index("debugloop: run ") :]


# -- all of them --


def test_no_answer_is_an_error_of_ours_and_json_is_json(story: Story) -> None:
    for key, written in [*story.answers.items(), *story.runs.items()]:
        assert "Traceback" not in written.out + written.err, key
        assert "internal error" not in written.out + written.err, key
    for key, written in story.answers.items():
        assert written.status in (0, 1, 3), (key, written)
        assert written.out.strip() or written.err.strip(), key
        if "--json" in key:
            json.loads(written.out or written.err)


def test_no_output_is_wider_than_the_terminal_but_for_what_is_copied(story: Story) -> None:
    for key, written in story.answers.items():
        if key[1:2] in (("runs",), ("failures",)) and "--json" not in key:
            assert max(map(len, written.lines), default=0) <= 160, key


def test_the_questions_of_the_documentation_have_answers(story: Story) -> None:
    queries = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(queries) >= 10
    with psycopg.connect(story.server[0], autocommit=True) as connection:
        connection.execute(f"SET search_path TO {story.server[1]}, public".encode())
        for query in queries:
            cursor = connection.execute(query.encode())
            assert cursor.description, query
            cursor.fetchall()
        failed = connection.execute(
            "SELECT count(*) FROM debug_test_results AS t JOIN debug_runs AS r ON r.id = t.run_id"
            " WHERE r.git_branch = %s AND t.outcome = 'failed' AND t.node_id = %s",
            (LIMITS, story.project.limits[0]),
        ).fetchone()
    assert failed == (1,)


# -- nights on main, on which a service was away --


def test_a_flake_is_ranked_with_its_numbers_and_its_failure(story: Story) -> None:
    (test,) = answer(story, "nights", "flaky")["tests"]
    assert (test["node_id"], test["class"]) == (story.project.flake, "flaky")
    assert (test["attempts"], test["failures"]) == (8, 2)
    assert test["most_frequent_failure"]["error_code"] == "ConnectionError"
    assert "failed 2 of 8 (25%)" in story.answers["nights", "flaky"].out
    front = story.answers["nights",].out
    assert "Nothing is red on main." in front
    assert story.project.flake in front


def test_a_flake_that_passes_again_is_no_change(story: Story) -> None:
    recoveries = answer(story, "nights", "recoveries")["recoveries"]
    assert [one["recovery_strategy"] for one in recoveries] == ["rerun", "rerun"]
    assert all(one["confidence_score"] > 0.9 for one in recoveries)
    history = story.answers["nights", "history", story.project.flake].out
    assert "8 attempts, 2 failed (25%)" in history
    text = section(story.runs["third night", LEGS[0]].out)
    assert "flaky: 2 of 5 on the same code" in text
    assert "changed since" not in text


# -- a test that another one pollutes --


def test_a_polluter_is_named(story: Story) -> None:
    text = section(story.runs["polluted night", LEGS[0]].out)
    assert story.project.victim in text
    assert "changed since: the tests that ran before it" in text
    difference = answer(story, "polluted", "diff", story.project.victim)
    assert story.project.polluter in difference["order"]["only_after"]
    recovered = [
        one for one in answer(story, "clean", "recoveries")["recoveries"] if one["node_id"] == story.project.victim
    ]
    assert {one["recovery_strategy"] for one in recovered} == {"order_change"}
    assert all(story.project.polluter in str(one["evidence"]["order"]) for one in recovered)


# -- a branch on which a data file was changed --


def test_data_that_broke_a_test_is_named_everywhere(story: Story) -> None:
    project, data = story.project, story.project.data[0]
    for asked in (("compare",), ("compare", LIMITS, "main")):
        found = changes(story, "limits", *asked)
        assert found == {"new_failure": set(project.limits)}
    test = project.limits[-1]
    for text in (
        section(story.runs["limits", ""].out),
        story.answers["limits", "compare"].out,
        story.answers["limits", "check"].out,
        story.answers["limits", "show"].out,
        story.answers["limits", "show", "--brief"].out,
        story.answers["limits", "show", test].out,
    ):
        assert f"changed since: {data}" in text
    assert data in story.answers["limits", "diff", test].out
    assert story.answers["limits", "check"].status == 1
    assert "Red on limits (1 cause)" in story.answers["limits",].out


def test_data_that_was_put_back_is_the_reason_of_the_recovery(story: Story) -> None:
    project, data = story.project, story.project.data[0]
    assert f"by {data}" in section(story.runs["limits mended", ""].out)
    found = {one["node_id"]: one for one in answer(story, "limits mended", "recoveries")["recoveries"]}
    for test in project.limits:
        assert found[test]["recovery_strategy"] == "data_change"
        assert found[test]["confidence_score"] > 0.5
        assert data in found[test]["recovery_path"]
    assert changes(story, "limits mended", "compare") == {}
    assert story.answers["limits mended", "check"].status == 0


# -- a change with a bug in code --


@pytest.mark.parametrize("asked", [COMPARED, ("compare", "#7")])
def test_a_bug_is_named_for_all_that_newly_fails(story: Story, asked: tuple[str, ...]) -> None:
    project = story.project
    found = changes(story, "change", *asked)
    assert len(found.pop("new_failure")) >= (project.fewest if story.is_whole else 5)
    assert found == {"known_flake": {project.flake}, "new_test": {project.new}}
    for test in answer(story, "change", *asked)["tests"]:
        if test["change"] == "new_failure":
            assert test["failed_in"] == list(LEGS)
            code = test["evidence"]["code"]
            assert (code[0]["file"], code[0]["function"]) == (project.bug.file, project.bug.function), test["node_id"]
    assert f"changed since: {place(project.bug)} (+1 -1)" in told(story, "change", *asked).out


def test_failures_of_one_bug_are_one_cause(story: Story) -> None:
    bug = story.project.bug
    innermost = bug.function.rpartition(".")[2]
    number = len(changes(story, "change", *COMPARED)["new_failure"])
    causes = answer(story, "change", "failures")["causes"]
    tests = {
        cause["function"].rpartition(".")[2]: cause["tests"]
        for cause in causes
        if cause["error_code"] == "AttributeError"
    }
    assert max(tests, key=lambda name: tests[name]) == innermost
    assert sum(tests.values()) == number
    for text in (story.answers["change", "show"].out, story.answers["change", "show", "--brief"].out):
        assert re.search(rf"\d+ x AttributeError in {re.escape(bug.file)}:\d+ {re.escape(bug.function)}", text)


def test_the_gate_and_the_check_stop_a_bug_and_let_a_flake_pass(story: Story) -> None:
    project = story.project
    checked = answer(story, "change", *CHECKED)
    assert told(story, "change", *CHECKED).status == 1
    assert {test["node_id"] for test in checked["stopped_by"]} == changes(story, "change", *COMPARED)["new_failure"]
    assert [test["node_id"] for test in checked["allowed"]] == [project.flake]
    for leg in LEGS:
        run = story.runs["change", leg]
        assert run.status == 1
        assert "debugloop: gate failed: " in run.out
        assert place(project.bug) in section(run.out)
    assert answer(story, "change", "check", "--new-flakes-only", f"branch:{FEATURE}", "main")["passed"] is True


def test_the_report_has_the_bug_in_forty_lines(story: Story) -> None:
    bug = story.project.bug
    for form in ((), ("--format", "gitlab"), ("--format", "plain")):
        report = told(story, "change", "report", *form, FEATURE, "main")
        assert report.status == 0
        assert len(report.lines) <= 40
        text = report.out.replace("\\", "")
        assert place(bug) in text
        assert "newly failing" in text
        assert "https://github.com/" in text
    summary = story.summaries["change", LEGS[0]].replace("\\", "")
    assert place(bug) in summary
    assert len(summary.splitlines()) <= 45
    annotations = [line for line in story.runs["change", LEGS[0]].out.splitlines() if line.startswith("::")]
    assert annotations
    assert not any("\x1b" in line for line in annotations)


# -- the same change, when main is red too --


def test_what_is_red_on_the_base_is_known_and_the_bug_stays_new(story: Story) -> None:
    project = story.project
    assert place(project.other_bug) in section(story.runs["broken main", LEGS[0]].out)
    broken = changes(story, "change", *COMPARED)["new_failure"]
    found = changes(story, "still red", *COMPARED)
    assert found["new_failure"] == broken
    still = found["still_failing"]
    assert still
    main = [run["id"] for run in answer(story, "still red", "runs")["runs"] if run["git_branch"] == "main"]
    for test in answer(story, "still red", *COMPARED)["tests"]:
        if test["change"] == "still_failing":
            assert test["failing_since_run"] in main[:2]
    checked = answer(story, "still red", *CHECKED)
    assert {test["node_id"] for test in checked["allowed"]} == still
    assert re.search(r"red since run [0-9a-f]{8} on main", section(story.runs["still red", LEGS[0]].out))
    ranked = {test["node_id"] for test in answer(story, "still red", "flaky")["tests"]}
    assert not ranked & (still | broken)


def test_a_mended_bug_is_told_and_only_known_failures_are_left(story: Story) -> None:
    project = story.project
    broken = changes(story, "change", *COMPARED)["new_failure"]
    found = changes(story, "mended", *COMPARED)
    assert set(found) == {"still_failing", "new_test"}
    assert told(story, "mended", *CHECKED).status == 0
    for leg in LEGS:
        run = story.runs["mended", leg]
        assert run.status == 0
        assert "debugloop: gate passed: nothing new fails" in run.out
        assert f"fixed: {len(broken)} tests, by {place(project.bug)}" in section(run.out)
    recovered = [one for one in answer(story, "mended", "recoveries")["recoveries"] if one["node_id"] in broken]
    assert recovered
    for one in recovered:
        assert one["recovery_strategy"] == "code_change"
        assert one["confidence_score"] > 0.5
        assert project.bug.function in one["recovery_path"]


def test_a_session_shows_its_runs_by_leg(story: Story) -> None:
    session = answer(story, "mended", "runs")["runs"][0]["session_id"]
    assert all(leg in story.answers["mended", "show", session].out for leg in LEGS)
