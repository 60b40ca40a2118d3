"""``compare``, ``check`` and ``report`` find the right base whoever made the branch, and whatever became of it."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.ci import commands_in
from tests.support.made_runs import MadeRun
from tests.support.projects import Project
from tests.support.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.servers import Server

OLD, NEW = "test_it.py::test_old", "test_it.py::test_new"
DAY = 24 * 60
CI = {"cicd.provider": "github"}


@pytest.fixture
def make(any_postgres: Server, tmp_path: Path) -> Any:
    """Make a record of runs, and give where it is asked about."""

    def make(*runs: MadeRun) -> Project:
        record = Record(conninfo, schema)
        for run in runs:
            run.load(record)
        record.connection.close()
        return Project(tmp_path, conninfo, schema)

    with any_postgres.record() as (conninfo, schema):
        yield make


Make = "Callable[..., Project]"


def changes(project: Project, *arguments: str) -> dict[str, str]:
    found = json.loads(project.printed("--project", "made", "compare", *arguments, "--json"))
    return {test["node_id"]: test["change"] for test in found["tests"]}


def test_a_fork_whose_branch_is_called_as_the_base_is_not_the_base(make: Callable[..., Project]) -> None:
    # As a CI tells it that does not say whose branch it is.
    change = MadeRun(
        {OLD: False}, 5, "main", ci={**CI, "vcs.ref.base.name": "main", "vcs.change.id": "12"}, commit="b" * 40
    )
    project = make(MadeRun({OLD: True}, 0, "main", ci=CI, commit="a" * 40), change)
    assert changes(project, "#12") == changes(project, f"run:{change.id}") == {OLD: "new_failure"}
    assert project.debugloop("--project", "made", "check", "#12").returncode == 1
    assert changes(project, "#12", "branch:main") == {OLD: "new_failure"}


def test_a_leg_that_is_not_run_any_more_is_on_neither_side(make: Callable[..., Project]) -> None:
    project = make(
        MadeRun({OLD: False}, 0, "main", "py38"),
        MadeRun({OLD: True}, 30 * DAY, "main", "py312"),
        MadeRun({OLD: False}, 1, "feature", "py38"),
        MadeRun({OLD: True}, 30 * DAY + 5, "feature", "py312"),
    )
    compared = json.loads(project.printed("--project", "made", "compare", "feature", "main", "--json"))
    assert [run["leg"] for side in ("head", "base") for run in compared[side]["runs"]] == ["py312", "py312"]
    assert compared["tests"] == []


def test_the_default_branch_that_the_ci_names_is_the_base(make: Callable[..., Project]) -> None:
    facts = {**CI, "vcs.ref.default.name": "next"}
    project = make(
        MadeRun({OLD: True}, 0, "next", ci=facts, commit="a" * 40),
        MadeRun({NEW: True}, 1, "main", ci=facts, commit="c" * 40),
        MadeRun({OLD: False}, 5, "feature", ci=facts, commit="b" * 40),
    )
    compared = json.loads(project.printed("--project", "made", "compare", "feature", "--json"))
    assert (compared["base"]["kind"], compared["base"]["name"]) == ("branch", "next")
    assert [test["change"] for test in compared["tests"]] == ["new_failure"]


def test_branches_that_have_no_test_in_common_are_compared_in_plain_words(make: Callable[..., Project]) -> None:
    project = make(MadeRun({OLD: True}, 0, "main"), MadeRun({NEW: False}, 1, "orphan"))
    assert changes(project, "orphan", "main") == {NEW: "new_failure", OLD: "not_run"}
    done = project.debugloop("--project", "made", "check", "orphan", "main")
    assert (done.returncode, done.stdout.splitlines()[0]) == (1, "Check failed: 1 newly failing")
    assert "new test" in done.stdout


def test_an_older_schema_is_told_with_what_to_do(make: Callable[..., Project]) -> None:
    project = make(MadeRun({OLD: True}, 0, "main"), MadeRun({OLD: False}, 1, "feature"))
    assert project.debugloop("rollback", "--to", "18", "--yes").returncode == 0
    for command, status in (("compare", 1), ("check", 3), ("report", 1)):
        done = project.debugloop("--project", "made", command, "feature", "main")
        assert done.returncode == status, done
        (line,) = [line for line in (done.stdout + done.stderr).splitlines() if line]
        assert "at version 18 of" in line
        assert "`debugloop migrate`" in line


HOSTILE = "x\n::set-output name=a::b\r##vso[task.complete]`<img src=x>|*a*@all\x1b[31m\u202e"


def test_hostile_names_are_only_text_in_all_formats(make: Callable[..., Project]) -> None:
    test = f"test_it.py::test_it[{HOSTILE}]"
    project = make(
        MadeRun({test: True, OLD: True}, 0, "main", HOSTILE),
        MadeRun({test: False, OLD: True}, 5, f"b{HOSTILE}", HOSTILE, message=HOSTILE),
    )
    name = json.loads(project.printed("--project", "made", "runs", "--json"))["runs"][0]["id"]
    asked = [
        ["compare", name, "main"],
        ["compare", name, "main", "--format", "markdown"],
        ["check", name, "main"],
        *(["report", name, "main", "--format", form] for form in ("markdown", "gitlab", "plain")),
    ]
    for arguments in asked:
        done = project.debugloop("--project", "made", *arguments)
        assert done.returncode in (0, 1), (arguments, done.stderr)
        text = done.stdout
        assert "test_it" in text, arguments
        assert commands_in(text) == [], (arguments, text)
        assert not any(bad in text for bad in ("\x1b", "\u202e", "\r")), arguments
        if text.startswith("<!--"):
            # In a code span it is text.
            assert "<img" not in re.sub(r"(`+).+?\1(?!`)", "", text), text


DYING = """
    import os

    def test_a(): pass

    def test_b():
        if os.environ.get("DIE"):
            os._exit(3)
"""


def test_a_side_that_died_is_said_to_be_cut_short(any_postgres: Server, tmp_path: Path) -> None:
    with any_postgres.record() as (conninfo, schema):
        project = Project.new(tmp_path, conninfo, schema)
        project.write("test_it.py", DYING)
        project.git("init", "-q", "-b", "main")
        project.git("add", ".")
        project.git("commit", "-qm", "one")
        assert project.record().returncode == 0
        project.git("checkout", "-qb", "feature")
        assert project.record(DIE="1").returncode == 3
        # Its loader may still be at work: the check waits for it.
        done = project.debugloop("check")
        assert done.returncode == 1, done
        assert "test_it.py::test_b" in done.stdout
        assert "did not run to its end" in done.stdout.splitlines()[0]
        assert "what it did not get to is not compared" in project.printed("compare")
        assert "did not run to its end" in project.printed("report").splitlines()[1]


def github(event: Path, branch: str, sha: str, *, change: bool, owner: str = "owner") -> dict[str, str]:
    content: dict[str, Any] = {"repository": {"default_branch": "main"}}
    if change:
        head = {"sha": sha, "repo": {"full_name": f"{owner}/name"}}
        content["pull_request"] = {"number": 12, "head": head}
    event.write_text(json.dumps(content), encoding="utf-8")
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "owner/name",
        "GITHUB_RUN_ID": f"1{int(change)}{len(sha)}{sha[:3]}",
        "GITHUB_SHA": sha,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_EVENT_NAME": "pull_request" if change else "push",
        "GITHUB_REF": "refs/pull/12/merge" if change else f"refs/heads/{branch}",
        "DEBUGLOOP_LEG": "py312",
        **({"GITHUB_HEAD_REF": branch, "GITHUB_BASE_REF": "main"} if change else {}),
    }


SUITE = "def test_old(): assert {old}\n\ndef test_new(): assert {new}\n"


def test_a_fork_is_held_against_a_base_that_was_force_pushed_from_shallow_clones(
    any_postgres: Server, tmp_path: Path
) -> None:
    def git(folder: Path, *arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        command = ["git", *identity, "-c", "init.defaultBranch=main", *arguments]
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()

    def commit(old: int, new: int, *arguments: str) -> str:
        (work / "test_it.py").write_text(SUITE.format(old=old, new=new), encoding="utf-8")
        git(work, "add", "-A")
        git(work, "commit", "-q", "-m", f"{old}{new}", *arguments)
        return git(work, "rev-parse", "HEAD")

    def run(name: str, branch: str, environ: dict[str, str]) -> tuple[Project, int]:
        """Run what is on a branch, as a job of GitHub does: in a clone of its own that has one commit."""
        origin = (tmp_path / "origin.git").as_uri()
        git(tmp_path, "clone", "-q", "--depth", "1", "--branch", branch, origin, name)
        git(tmp_path / name, "checkout", "-q", "--detach")
        project = Project(tmp_path / name, conninfo, schema)
        return project, project.record(**environ).returncode

    work = tmp_path / "work"
    git(tmp_path, "init", "-q", "--bare", "origin.git")
    git(tmp_path, "clone", "-q", "origin.git", "work")
    event = tmp_path / "event.json"
    with any_postgres.record() as (conninfo, schema):
        begun = commit(1, 1)
        red = commit(0, 1)
        git(work, "push", "-q", "origin", "main")
        assert run("base", "main", github(event, "main", red, change=False))[1] == 1
        # The red commit is taken off main again, by force; the fork began at it, and its branch is called main too.
        head = commit(0, 0)
        git(work, "push", "-q", "origin", f"{head}:refs/heads/stranger")
        git(work, "reset", "-q", "--hard", begun)
        good = commit(1, 1, "--allow-empty", "--amend")
        git(work, "push", "-q", "--force", "origin", f"{good}:refs/heads/main")
        assert run("again", "main", github(event, "main", good, change=False))[1] == 0
        environ = github(event, "main", head, change=True, owner="stranger")
        project, status = run("fork", "stranger", environ)
        assert status == 1

        def asked(*arguments: str) -> Any:
            return json.loads(project.debugloop(*arguments, "--json", **environ).stdout)

        compared = asked("compare")
        assert (compared["head"]["runs"][0]["git_branch"], compared["base"]["name"]) == ("stranger:main", "main")
        assert [run["git_commit"] for run in compared["base"]["runs"]] == [good]
        assert {test["node_id"]: test["change"] for test in compared["tests"]} == {
            "test_it.py::test_old": "new_failure",
            "test_it.py::test_new": "new_failure",
        }
        assert asked("check")["passed"] is False
        report = project.debugloop("report", **environ).stdout
        assert "2 newly failing" in report
        assert "branch main" in report
