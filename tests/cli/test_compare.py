"""``compare`` and ``check`` tell what is new in a side of runs from what its base has too."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.environment import clean_environment
from tests.support.made_runs import MadeRun
from tests.support.projects import Project
from tests.support.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

PASSES, BREAKS, RED, FIXED = (f"test_it.py::test_{name}" for name in ("passes", "breaks", "red", "fixed"))
FLAKY, NEW, OTHER, LEG = (f"test_it.py::test_{name}" for name in ("flaky", "new", "other", "leg"))
COMMIT = "c0ffee" + "0" * 34


@pytest.fixture(scope="module")
def made(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A record of a base branch in two legs, and a feature branch that breaks one test, fixes one and adds one."""
    base = {PASSES: True, BREAKS: True, RED: False, FIXED: False, LEG: True}
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        for run in (
            # Fails now and then on the same code.
            *(MadeRun({FLAKY: at % 4 > 0}, at, "main", "py311", "f1a" + "0" * 37) for at in range(24)),
            MadeRun({OTHER: True}, 40, "main", "py311"),
            MadeRun({**base, RED: True}, 50, "main", "py311"),
            MadeRun({**base, FLAKY: True}, 60, "main", "py311"),
            MadeRun({**base, FLAKY: True}, 61, "main", "py312"),
            MadeRun(
                {PASSES: True, BREAKS: False, RED: False, FIXED: True, FLAKY: False, NEW: True, OTHER: True, LEG: True},
                70, "feature", "py311", COMMIT, facts={"command_line": ["-q"]},
            ),
            MadeRun({PASSES: True, LEG: False}, 71, "feature", "py312", COMMIT),
            MadeRun({PASSES: True, RED: False}, 80, "calm", "py311"),
            MadeRun({PASSES: True}, 81, "lonely", "py39", project="other"),
        ):  # fmt: skip
            run.load(record)
        record.connection.close()
        yield Project(tmp_path_factory.mktemp("made"), conninfo, schema)


def answer(made: Project, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.printed("--project", "made", *arguments, "--json"))
    return found


def changes(compared: dict[str, Any]) -> dict[str, str]:
    return {test["node_id"]: test["change"] for test in compared["tests"]}


def test_a_branch_is_compared_leg_by_leg(made: Project) -> None:
    compared = answer(made, "compare", "feature", "main")
    assert changes(compared) == {
        BREAKS: "new_failure",
        LEG: "new_failure",
        RED: "still_failing",
        FIXED: "fixed",
        FLAKY: "known_flake",
        NEW: "new_test",
    }
    tests = {test["node_id"]: test for test in compared["tests"]}
    assert tests[LEG]["failed_in"] == ["py312"]
    assert tests[FLAKY]["flakes"] >= 5
    assert tests[RED]["failing_since_run"] is not None
    assert compared["same"] == 2
    assert [run["leg"] for run in compared["head"]["runs"]] == ["py311", "py312"]


def test_what_the_last_run_of_the_base_left_out_is_asked_of_earlier_ones(made: Project) -> None:
    assert OTHER not in changes(answer(made, "compare", "feature", "main"))


@pytest.mark.parametrize("head", [COMMIT[:9], f"commit:{COMMIT}", "branch:feature"])
def test_a_side_is_named_in_several_ways(made: Project, head: str) -> None:
    assert changes(answer(made, "compare", head, "main"))[BREAKS] == "new_failure"


def test_a_run_is_named_by_its_short_id(made: Project) -> None:
    run = answer(made, "runs", "--branch", "calm")["runs"][0]["id"]
    assert changes(answer(made, "compare", run[-8:], "main"))[RED] == "still_failing"


def test_sides_turned_round_fix_what_was_broken(made: Project) -> None:
    compared = changes(answer(made, "compare", "main", "feature"))
    assert (compared[BREAKS], compared[FIXED], compared[NEW]) == ("fixed", "new_failure", "not_run")


def test_the_text_names_what_newly_fails_first(made: Project) -> None:
    lines = made.printed("--project", "made", "compare", "feature", "main").splitlines()
    assert lines[0] == "branch feature against branch main"
    assert "2 newly failing, 1 still failing, 1 known flaky, 1 fixed, 1 new" in lines[2]
    assert lines[4] == "Newly failing (2)"
    assert lines[5] == "  2 x AssertionError"
    assert lines[6].startswith(f"    {BREAKS}  ")
    assert "    1 more test of this cause:" in lines
    assert any(line.startswith(f"      {LEG}  ") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere", "main"], "Nothing in the record matches nowhere"),
        (["main", "branch:nowhere"], "Nothing in the record matches branch:nowhere"),
        (["--project", "other", "lonely"], "nothing to compare branch lonely with"),
    ],
)
def test_a_side_without_runs_is_one_sentence(made: Project, arguments: list[str], says: str) -> None:
    done = made.debugloop("--project", "made", "compare", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "stopped_by"),
    [
        (["feature", "main"], 1, {BREAKS, LEG}),
        (["calm", "main"], 0, set()),
        (["calm", "main", "--fail-on", "new,known"], 1, {RED}),
        (["feature", "main", "--fail-on", "flaky"], 1, {FLAKY}),
        (["feature", "main", "--fail-on", "broken"], 0, set()),
        (["feature", "main", "--new-flakes-only"], 0, set()),
        (["main", "feature"], 1, {FIXED}),
    ],
)
def test_the_check_stops_what_the_rules_say(
    made: Project, arguments: list[str], status: int, stopped_by: set[str]
) -> None:
    done = made.debugloop("--project", "made", "check", *arguments, "--json")
    assert done.returncode == status, done.stderr
    found = json.loads(done.stdout)
    assert {test["node_id"] for test in found["stopped_by"]} == stopped_by
    assert found["passed"] == (status == 0)


def test_without_a_base_every_failure_is_new_and_the_check_says_so(made: Project) -> None:
    done = made.debugloop("--project", "made", "check", "branch:main", "commit:f1a0000")
    assert done.returncode == 1
    assert "new test" in done.stdout


def test_what_fails_on_two_branches_and_never_passed_is_no_known_flake(any_postgres: Server, tmp_path: Any) -> None:
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        MadeRun({PASSES: True}, 0, "main").load(record)
        MadeRun({NEW: False}, 1, "one").load(record)
        MadeRun({NEW: False}, 2, "two").load(record)
        record.connection.close()
        done = Project(tmp_path, conninfo, schema).debugloop("--project", "made", "check", "two", "main")
    assert done.returncode == 1
    assert done.stdout.startswith("Check failed: 1 newly failing\n")


def test_a_later_job_of_a_ci_run_judges_the_runs_of_the_jobs_before(any_postgres: Server, tmp_path: Any) -> None:
    ci = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "77", "GITHUB_RUN_ATTEMPT": "1"}
    ci |= {"GITHUB_REF": "refs/heads/main", "GITHUB_SERVER_URL": "https://github.example"}
    with any_postgres.record() as (conninfo, schema):
        project = Project.new(tmp_path, conninfo, schema)
        project.write("test_it.py", "def test_bad(): assert 0\n")
        assert project.record(**ci, GITHUB_JOB="tests").returncode == 1
        later = project.debugloop("check", **ci, GITHUB_JOB="gate")
        outside = project.debugloop("check", "--project", "o/r")
    assert "Check failed: 1 newly failing\n  session " in later.stdout
    assert "Check failed: 1 newly failing\n  run " in outside.stdout


@pytest.mark.parametrize(("chosen", "status"), [("fail", 3), ("pass", 0)])
def test_where_nothing_answers_the_check_is_closed_or_open_as_asked(made: Project, chosen: str, status: int) -> None:
    done = made.debugloop("--dsn", "postgresql://127.0.0.1:1/none?connect_timeout=2", "check", "--if-unknown", chosen)
    assert done.returncode == status
    assert "cannot be judged" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["feature", "main", "-k", "breaks"], 1, "Check failed: 1 newly failing\n"),
        (["feature", "main", "-k", "passes"], 0, "Check passed\n"),
        (["feature", "main", "--leg", "py311"], 1, "Check failed: 1 newly failing; allowed: "),
        (["main", "--branch", "feature", "-k", "leg"], 1, "Check failed: 1 newly failing\n"),
        (["feature", "main", "--leg", "py99"], 3, "The record has no runs of branch feature that the options let"),
        (
            ["feature", "main", "--until", "2020-01-01"],
            3,
            "The record has no runs of branch feature that the options let",
        ),
        (["feature", "main", "-k", "nowhere"], 3, "Nothing in the record matches nowhere"),
        (["feature", "main", "--branch", "calm"], 2, ""),
    ],
)
def test_options_narrow_what_is_judged_and_never_to_nothing(
    made: Project, arguments: list[str], status: int, says: str
) -> None:
    done = made.debugloop("--project", "made", "check", *arguments)
    assert (done.returncode, says in done.stdout) == (status, True), done


def test_a_fault_of_ours_is_no_verdict(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_debugloop.answers.gate.judge", None)
    monkeypatch.setattr("pytest_debugloop.answers.comparing_here.compare_runs", None)
    done = made.debugloop("--project", "made", "check", "feature", "main")
    assert done.returncode == 3
    assert "cannot be judged: Internal error" in done.stdout


def test_a_report_for_programs_has_all_tests_and_the_verdict(made: Project) -> None:
    found = answer(made, "report", "feature", "main")
    assert (found["verdict"], found["passed"], found["reason"]) == (
        "failed", False, "failed: 2 newly failing; allowed: 1 still failing, 1 known flaky",
    )  # fmt: skip
    assert [test["change"] for test in found["tests"]] == [
        "new_failure", "new_failure", "still_failing", "known_flake", "fixed",
    ]  # fmt: skip
    assert {test["node_id"] for test in answer(made, "report", "feature", "main", "-k", "fixed")["tests"]} == {FIXED}


def test_an_unknown_rule_is_a_usage_error(made: Project) -> None:
    done = made.debugloop("check", "--fail-on", "nonsense")
    assert done.returncode == 2
    assert "nonsense" in done.stderr


@pytest.mark.process
def test_the_check_gives_up_when_its_time_is_over(made: Project) -> None:
    command = [sys.executable, "-m", "pytest_debugloop", "--project", "made", "check", "feature", "main"]
    with psycopg.connect(made.conninfo) as blocking:
        blocking.execute(f'LOCK TABLE "{made.schema}".debug_runs IN ACCESS EXCLUSIVE MODE')
        done = subprocess.run(
            [*command, "--timeout", "1"], capture_output=True, text=True, check=False, cwd=made.folder,
            env=clean_environment(**made.variables), timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "")
    assert "did not answer within 1 seconds" in done.stdout


def test_a_commit_that_could_be_several_is_not_chosen_among_them(any_postgres: Server, tmp_path: Any) -> None:
    commits = ["c0ffee1" + digit * 33 for digit in "12"]
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        for at, commit in enumerate(commits):
            MadeRun({PASSES: True}, at, "main", commit=commit).load(record)
        record.connection.close()
        project = Project(tmp_path, conninfo, schema)
        done = project.debugloop("--project", "made", "compare", "c0ffee1", "main")
    assert (done.returncode, done.stdout) == (1, "")
    assert all(f"commit:{commit}" in done.stderr for commit in commits)


def test_tests_that_take_longer_are_named(any_postgres: Server, tmp_path: Any) -> None:
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        for at in range(3):
            MadeRun({PASSES: True, OTHER: True}, at, "main", "py313", milliseconds={PASSES: 400}).load(record)
        MadeRun({PASSES: True, OTHER: True}, 5, "slow", "py313", milliseconds={PASSES: 900}).load(record)
        record.connection.close()
        project = Project(tmp_path, conninfo, schema)
        compare = ("--project", "made", "compare", "slow", "main")
        lines = project.printed(*compare).splitlines()
        (slower,) = json.loads(project.printed(*compare, "--json"))["slower"]
        markdown = project.printed(*compare, "--format", "markdown").splitlines()
    assert lines[lines.index("Slower (1)") + 1] == f"  400 ms -> 900 ms in leg py313  {PASSES}"
    assert (slower["node_id"], round(slower["base_ms"]), round(slower["ms"])) == (PASSES, 400, 900)
    assert f"- `{PASSES}`: 400 ms -> 900 ms in leg py313" in [
        line.replace("&gt;", ">").replace("\\", "") for line in markdown
    ]


def test_a_test_that_takes_longer_in_one_of_many_legs_is_named(any_postgres: Server, tmp_path: Any) -> None:
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        for at in range(25):
            MadeRun({PASSES: True}, at, "main", f"leg{at}", milliseconds={PASSES: 400}).load(record)
        MadeRun({PASSES: True}, 30, "slow", "leg0", milliseconds={PASSES: 900}).load(record)
        record.connection.close()
        project = Project(tmp_path, conninfo, schema)
        (slower,) = json.loads(project.printed("--project", "made", "compare", "slow", "main", "--json"))["slower"]
    assert (slower["leg"], round(slower["longest_ms"])) == ("leg0", 400)


def test_markdown_takes_recorded_text_as_text(any_postgres: Server, tmp_path: Any) -> None:
    evil = "test_it.py::test[`x`|<img src=x>@everyone ::set-output name=a::b]"
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        MadeRun({PASSES: True}, 0, "main").load(record)
        MadeRun({evil: False}, 1, "evil").load(record)
        record.connection.close()
        out = Project(tmp_path, conninfo, schema).printed(
            "--project", "made", "compare", "evil", "main", "--format", "markdown"
        )
    (item,) = [line for line in out.splitlines() if "set-output" in line]
    assert item.startswith("- ``test_it.py::test[`x`|<img src=x>@everyone ")
    assert not any(line.lstrip().startswith("::") for line in out.splitlines())


def test_a_report_has_few_lines_and_takes_recorded_text_as_text(any_postgres: Server, tmp_path: Any) -> None:
    evil = "test_it.py::test[`x`|<img src=x>@everyone ::set-output name=a::b]"
    many = {f"test_it.py::test_{letter}": False for letter in "abcdefghijklmnopqrstuvwxyz"}
    of_each = "{test} was wrong"
    url = {"cicd.pipeline.run.url.full": "https://ci.example.org/runs/7"}
    bad = {"cicd.pipeline.run.url.full": "https://ci.example.org/><img src=x>"}
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        MadeRun({PASSES: True, RED: False}, 0, "main").load(record)
        MadeRun({evil: False, RED: False, **many}, 1, "evil", ci=url, message=of_each).load(record)
        MadeRun({PASSES: True}, 2, "good", ci=bad).load(record)
        record.connection.close()
        project = Project(tmp_path, conninfo, schema)
        markdown, same, plain, good = (
            project.printed("--project", "made", "report", head, "main", "--format", form)
            for head, form in (("evil", "markdown"), ("evil", "gitlab"), ("evil", "plain"), ("good", "markdown"))
        )
    assert markdown == same
    lines = markdown.splitlines()
    assert lines[0] == "<!-- pytest-debugloop: report -->"
    assert lines[1].startswith("**Check failed")
    assert "<br>Job: <https://ci.example.org/runs/7>" in lines
    assert "Job: https://ci.example.org/runs/7" in plain.splitlines()
    assert len(lines) + sum(line.count("<br>") for line in lines[7:]) <= 40
    assert len(plain.splitlines()) <= 40
    assert lines[-1].startswith("and ")
    (item,) = [line for line in lines if "set-output" in line]
    assert item.startswith("- ``test_it.py::test[`x`|<img src=x>@everyone ")
    assert not any(line.lstrip().startswith("::") for line in (*lines, *plain.splitlines()))
    assert "\n**Check passed" in good
    assert "<img" not in good
