"""What each CI says of a run, from the variables that it really sets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.environment.ci import ci_facts, is_ci

if TYPE_CHECKING:
    from pathlib import Path

GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_JOB": "tests",
    "GITHUB_REF": "refs/heads/feature/of-mine",
    "GITHUB_REF_NAME": "feature/of-mine",
    "GITHUB_REPOSITORY": "owner/name",
    "GITHUB_RUN_ATTEMPT": "1",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_SHA": "ffac537e6cbbf934b08745a378932722df287a53",
    "GITHUB_WORKFLOW": "CI",
}
GITHUB_CHANGE = GITHUB | {
    "GITHUB_BASE_REF": "main",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_HEAD_REF": "main",
    "GITHUB_REF": "refs/pull/12/merge",
    "GITHUB_REF_NAME": "12/merge",
}
GITLAB = {
    "CI": "true",
    "CI_COMMIT_BRANCH": "main",
    "CI_COMMIT_REF_NAME": "main",
    "CI_COMMIT_SHA": "1ecfd275763eff1d6b4844ea3168962458c9f27a",
    "CI_DEFAULT_BRANCH": "main",
    "CI_JOB_ID": "50",
    "CI_JOB_NAME": "test 2/3",
    "CI_JOB_STAGE": "test",
    "CI_JOB_URL": "https://gitlab.example/group/name/-/jobs/50",
    "CI_NODE_INDEX": "2",
    "CI_NODE_TOTAL": "3",
    "CI_PIPELINE_ID": "1000",
    "CI_PIPELINE_SOURCE": "push",
    "CI_PROJECT_PATH": "group/name",
    "GITLAB_CI": "true",
    "GITLAB_USER_LOGIN": "alice",
}
CIRCLECI = {
    "CI": "true",
    "CIRCLECI": "true",
    "CIRCLE_BRANCH": "feature",
    "CIRCLE_BUILD_NUM": "70",
    "CIRCLE_BUILD_URL": "https://circleci.com/gh/owner/name/70",
    "CIRCLE_JOB": "test-3.12",
    "CIRCLE_PROJECT_REPONAME": "name",
    "CIRCLE_PROJECT_USERNAME": "owner",
    "CIRCLE_PULL_REQUEST": "https://github.com/owner/name/pull/12",
    "CIRCLE_SHA1": "e6ddc7e2d1f4a3a4d3c2c6cf8a9f3e0b5f6a7b8c",
    "CIRCLE_USERNAME": "alice",
    "CIRCLE_WORKFLOW_ID": "f51b1d2a-0ac4-4f6b-9a0c-4f4f5a1c9b11",
}
JENKINS = {
    "BRANCH_NAME": "PR-12",
    "BUILD_NUMBER": "7",
    "BUILD_TAG": "jenkins-folder-name-PR-12-7",
    "BUILD_URL": "https://jenkins.example/job/folder/job/name/job/PR-12/7/",
    "CHANGE_AUTHOR": "alice",
    "CHANGE_BRANCH": "feature",
    "CHANGE_ID": "12",
    "CHANGE_TARGET": "main",
    "GIT_BRANCH": "PR-12",
    "GIT_COMMIT": "ffac537e6cbbf934b08745a378932722df287a53",
    "GIT_URL": "https://alice:hush@example.org/owner/name.git",
    "JENKINS_URL": "https://jenkins.example/",
    "JOB_NAME": "folder/name/PR-12",
    "STAGE_NAME": "Test on 3.12",
}
AZURE = {
    "AGENT_JOBNAME": "Test py312",
    "BUILD_BUILDID": "903",
    "BUILD_DEFINITIONNAME": "name CI",
    "BUILD_REASON": "PullRequest",
    "BUILD_REPOSITORY_NAME": "owner/name",
    "BUILD_REQUESTEDFOR": "Alice",
    "BUILD_SOURCEBRANCH": "refs/pull/12/merge",
    "BUILD_SOURCEBRANCHNAME": "merge",
    "BUILD_SOURCEVERSION": "1111111111111111111111111111111111111111",
    "SYSTEM_COLLECTIONURI": "https://dev.azure.com/organisation/",
    "SYSTEM_JOBATTEMPT": "2",
    "SYSTEM_JOBDISPLAYNAME": "Test py312",
    "SYSTEM_JOBID": "12f1170f-54f2-53f3-20dd-22fc7dff55f9",
    "SYSTEM_PULLREQUEST_ISFORK": "False",
    "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER": "12",
    "SYSTEM_PULLREQUEST_SOURCEBRANCH": "refs/heads/feature/of-mine",
    "SYSTEM_PULLREQUEST_SOURCECOMMITID": "2222222222222222222222222222222222222222",
    "SYSTEM_PULLREQUEST_TARGETBRANCH": "main",
    "SYSTEM_STAGENAME": "Test",
    "SYSTEM_TEAMPROJECT": "A project",
    "TF_BUILD": "True",
}
BUILDKITE = {
    "BUILDKITE": "true",
    "BUILDKITE_BRANCH": "feature",
    "BUILDKITE_BUILD_CREATOR": "Alice",
    "BUILDKITE_BUILD_ID": "4735ba57-80d0-46e2-8fa0-b28223a86586",
    "BUILDKITE_BUILD_URL": "https://buildkite.com/organisation/name/builds/1514",
    "BUILDKITE_COMMIT": "83a20ec058e2fb00e7fa4558c4c6e81e2dcf253d",
    "BUILDKITE_JOB_ID": "e44f9784-e20e-4b93-a21d-f41fd5869db9",
    "BUILDKITE_LABEL": ":python: 3.12",
    "BUILDKITE_ORGANIZATION_SLUG": "organisation",
    "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
    "BUILDKITE_PIPELINE_SLUG": "name",
    "BUILDKITE_PULL_REQUEST": "false",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "",
    "BUILDKITE_RETRY_COUNT": "1",
    "BUILDKITE_SOURCE": "webhook",
    "BUILDKITE_TAG": "",
}
BITBUCKET = {
    "BITBUCKET_BRANCH": "feature",
    "BITBUCKET_BUILD_NUMBER": "41",
    "BITBUCKET_COMMIT": "7f777ed95a19224294949e1b4ce56bbffcb1fe9f",
    "BITBUCKET_PR_DESTINATION_BRANCH": "main",
    "BITBUCKET_PR_ID": "12",
    "BITBUCKET_REPO_FULL_NAME": "owner/name",
    "CI": "true",
}
TRAVIS = {
    "CI": "true",
    "TRAVIS": "true",
    "TRAVIS_BRANCH": "main",
    "TRAVIS_BUILD_ID": "100",
    "TRAVIS_BUILD_STAGE_NAME": "Test",
    "TRAVIS_COMMIT": "1111111111111111111111111111111111111111",
    "TRAVIS_EVENT_TYPE": "pull_request",
    "TRAVIS_JOB_ID": "101",
    "TRAVIS_JOB_NAME": "3.12",
    "TRAVIS_JOB_WEB_URL": "https://app.travis-ci.com/owner/name/jobs/101",
    "TRAVIS_PULL_REQUEST": "12",
    "TRAVIS_PULL_REQUEST_BRANCH": "feature",
    "TRAVIS_PULL_REQUEST_SHA": "2222222222222222222222222222222222222222",
    "TRAVIS_PULL_REQUEST_SLUG": "owner/name",
    "TRAVIS_REPO_SLUG": "owner/name",
    "TRAVIS_TAG": "",
}


def said(environ: dict[str, str], *names: str) -> tuple[str, ...]:
    facts = ci_facts(environ)
    return tuple(facts.get(name, "") for name in names)


def line(environ: dict[str, str]) -> tuple[str, ...]:
    """Commit, branch, target branch and change."""
    return said(environ, "vcs.ref.head.revision", "vcs.ref.head.name", "vcs.ref.base.name", "vcs.change.id")


def job(environ: dict[str, str]) -> tuple[str, ...]:
    """Run, attempt, job, stage, event and author."""
    run = ("cicd.pipeline.run.id", "cicd.pipeline.run.attempt", "cicd.pipeline.task.name", "cicd.pipeline.stage.name")
    return said(environ, *run, "cicd.pipeline.run.event", "cicd.pipeline.run.author")


def event(tmp_path: Path, environ: dict[str, str], content: Any) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return environ | {"GITHUB_EVENT_PATH": str(path)}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (GITHUB, ("ffac537e6cbbf934b08745a378932722df287a53", "feature/of-mine", "", "")),
        (GITLAB, ("1ecfd275763eff1d6b4844ea3168962458c9f27a", "main", "", "")),
        (CIRCLECI, ("e6ddc7e2d1f4a3a4d3c2c6cf8a9f3e0b5f6a7b8c", "feature", "", "12")),
        (JENKINS, ("ffac537e6cbbf934b08745a378932722df287a53", "feature", "main", "12")),
        (AZURE, ("2222222222222222222222222222222222222222", "feature/of-mine", "main", "12")),
        (BUILDKITE, ("83a20ec058e2fb00e7fa4558c4c6e81e2dcf253d", "feature", "", "")),
        (BITBUCKET, ("7f777ed95a19224294949e1b4ce56bbffcb1fe9f", "feature", "main", "12")),
        (TRAVIS, ("2222222222222222222222222222222222222222", "feature", "main", "12")),
    ],
)
def test_the_line_of_a_run_is_told_by_every_ci(environ: dict[str, str], expected: tuple[str, ...]) -> None:
    assert line(environ) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (GITHUB, ("1658821493", "1", "tests", "", "push", "octocat")),
        (GITLAB, ("1000", "", "test", "test", "push", "alice")),
        (CIRCLECI, ("f51b1d2a-0ac4-4f6b-9a0c-4f4f5a1c9b11", "", "test-3.12", "", "", "alice")),
        (JENKINS, ("jenkins-folder-name-PR-12-7", "", "folder/name", "Test on 3.12", "", "alice")),
        (AZURE, ("903", "2", "Test py312", "Test", "PullRequest", "Alice")),
        (BUILDKITE, ("4735ba57-80d0-46e2-8fa0-b28223a86586", "2", ":python: 3.12", "", "webhook", "Alice")),
        (BITBUCKET, ("41", "", "", "", "", "")),
        (TRAVIS, ("100", "", "3.12", "Test", "pull_request", "")),
    ],
)
def test_the_job_of_a_run_is_told_and_a_build_number_is_no_attempt(
    environ: dict[str, str], expected: tuple[str, ...]
) -> None:
    assert job(environ) == expected


@pytest.mark.parametrize(
    ("environ", "url", "repository"),
    [
        (GITHUB, "https://github.com/owner/name/actions/runs/1658821493", "owner/name"),
        (
            GITHUB | {"GITHUB_RUN_ATTEMPT": "3"},
            "https://github.com/owner/name/actions/runs/1658821493/attempts/3",
            "owner/name",
        ),
        (GITLAB, "https://gitlab.example/group/name/-/jobs/50", "group/name"),
        (CIRCLECI, "https://circleci.com/gh/owner/name/70", "owner/name"),
        (JENKINS, "https://jenkins.example/job/folder/job/name/job/PR-12/7/", "example.org/owner/name"),
        (
            AZURE,
            "https://dev.azure.com/organisation/A%20project/_build/results?buildId=903&view=logs"
            "&j=12f1170f-54f2-53f3-20dd-22fc7dff55f9",
            "owner/name",
        ),
        (
            BUILDKITE,
            "https://buildkite.com/organisation/name/builds/1514#e44f9784-e20e-4b93-a21d-f41fd5869db9",
            "organisation/name",
        ),
        (BITBUCKET, "https://bitbucket.org/owner/name/pipelines/results/41", "owner/name"),
        (TRAVIS, "https://app.travis-ci.com/owner/name/jobs/101", "owner/name"),
    ],
)
def test_a_link_leads_to_the_job(environ: dict[str, str], url: str, repository: str) -> None:
    assert said(environ, "cicd.pipeline.run.url.full", "vcs.repository.name") == (url, repository)


def test_a_change_on_github_is_of_its_own_commit_and_not_of_the_merge(tmp_path: Path) -> None:
    head = {"sha": "abc", "ref": "main", "repo": {"full_name": "owner/name"}}
    told = {"pull_request": {"number": 12, "head": head}, "repository": {"default_branch": "trunk"}}
    environ = event(tmp_path, GITHUB_CHANGE, told)
    assert line(environ) == ("abc", "main", "main", "12")
    assert said(environ, "vcs.ref.default.name") == ("trunk",)


def test_the_main_branch_of_a_fork_is_not_the_main_branch(tmp_path: Path) -> None:
    head = {"sha": "abc", "ref": "main", "repo": {"full_name": "stranger/name"}}
    environ = event(tmp_path, GITHUB_CHANGE, {"pull_request": {"number": 12, "head": head}})
    assert line(environ) == ("abc", "stranger:main", "main", "12")


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"pull_request": 1}', '{"pull_request": {"head": null, "number": null}}', "[" * 100_000]
)
def test_an_event_that_cannot_be_understood_costs_only_itself(tmp_path: Path, content: str) -> None:
    environ = event(tmp_path, GITHUB_CHANGE, content)
    assert line(environ) == ("ffac537e6cbbf934b08745a378932722df287a53", "main", "main", "12")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (GITHUB | {"GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-12-0a1b2c"}, ("main", "12")),
        (GITHUB | {"GITHUB_REF": "refs/heads/gh-readonly-queue/release/1.x/pr-7-0a1b2c"}, ("release/1.x", "7")),
        (GITHUB | {"GITHUB_REF": "refs/heads/main"}, ("", "")),
    ],
)
def test_a_merge_queue_tells_the_change_that_it_merges(environ: dict[str, str], expected: tuple[str, str]) -> None:
    assert said(environ, "vcs.ref.base.name", "vcs.change.id") == expected


@pytest.mark.parametrize(
    "environ",
    [
        GITHUB | {"GITHUB_REF": "refs/tags/v1.0", "GITHUB_REF_NAME": "v1.0"},
        {k: v for k, v in GITLAB.items() if k != "CI_COMMIT_BRANCH"} | {"CI_COMMIT_TAG": "v1.0"},
        {k: v for k, v in CIRCLECI.items() if k != "CIRCLE_BRANCH"} | {"CIRCLE_TAG": "v1.0"},
        JENKINS | {"TAG_NAME": "v1.0", "BRANCH_NAME": "v1.0", "CHANGE_BRANCH": "", "CHANGE_ID": ""},
        {"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/v1.0"},
        BUILDKITE | {"BUILDKITE_TAG": "v1.0", "BUILDKITE_BRANCH": "v1.0"},
        {"BITBUCKET_COMMIT": "abc", "BITBUCKET_TAG": "v1.0"},
        TRAVIS | {"TRAVIS_TAG": "v1.0", "TRAVIS_BRANCH": "v1.0", "TRAVIS_PULL_REQUEST_BRANCH": ""},
    ],
)
def test_a_tag_is_no_branch(environ: dict[str, str]) -> None:
    assert said(environ, "vcs.ref.head.name", "vcs.ref.tag.name") == ("", "v1.0")


@pytest.mark.parametrize(
    ("environ", "branch"),
    [
        ({"JENKINS_URL": "x", "GIT_BRANCH": "origin/main"}, "main"),
        ({"JENKINS_URL": "x", "GIT_BRANCH": "origin/feature/a"}, "feature/a"),
        ({"JENKINS_URL": "x", "GIT_BRANCH": "refs/remotes/origin/main"}, "main"),
        ({"JENKINS_URL": "x", "GIT_LOCAL_BRANCH": "main", "GIT_BRANCH": "origin/main"}, "main"),
        ({"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/feature/a"}, "feature/a"),
        (JENKINS | {"CHANGE_FORK": "stranger"}, "stranger:feature"),
        (TRAVIS | {"TRAVIS_PULL_REQUEST_SLUG": "stranger/name"}, "stranger:feature"),
        (AZURE | {"SYSTEM_PULLREQUEST_ISFORK": "True"}, "pull/12:feature/of-mine"),
        (
            GITLAB
            | {
                "CI_MERGE_REQUEST_IID": "12",
                "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "main",
                "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "stranger/name",
            },
            "stranger:main",
        ),
    ],
)
def test_branches_are_plain_names(environ: dict[str, str], branch: str) -> None:
    assert said(environ, "vcs.ref.head.name") == (branch,)


def test_a_merge_request_is_of_its_own_branch_and_commit() -> None:
    environ = {k: v for k, v in GITLAB.items() if k != "CI_COMMIT_BRANCH"} | {
        "CI_COMMIT_REF_NAME": "feature",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "2222222222222222222222222222222222222222",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "group/name",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_PIPELINE_SOURCE": "merge_request_event",
    }
    assert line(environ) == ("2222222222222222222222222222222222222222", "feature", "main", "12")


def test_a_change_from_a_fork_on_circleci_is_known_by_its_branch() -> None:
    forked = {k: v for k, v in CIRCLECI.items() if k != "CIRCLE_PULL_REQUEST"} | {"CIRCLE_BRANCH": "pull/12"}
    assert said(forked, "vcs.change.id") == ("12",)


@pytest.mark.parametrize(
    ("theirs", "branch"),
    [
        ("git://github.com/stranger/name.git", "stranger:main"),
        ("git://github.com/organisation/name.git", "main"),
        ("", "main"),
    ],
)
def test_the_main_branch_of_a_fork_on_buildkite_is_not_the_main_branch(theirs: str, branch: str) -> None:
    change = {"BUILDKITE_BRANCH": "main", "BUILDKITE_PULL_REQUEST": "12", "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main"}
    repositories = {"BUILDKITE_REPO": "git@github.com:organisation/name.git", "BUILDKITE_PULL_REQUEST_REPO": theirs}
    assert said(BUILDKITE | change | repositories, "vcs.ref.head.name", "vcs.ref.base.name") == (branch, "main")


def test_outside_of_a_ci_nothing_is_said() -> None:
    assert ci_facts({}) == {}
    assert ci_facts({"CI": "true"}) == {"cicd.provider": "unknown"}


@pytest.mark.parametrize("name", ["CI", "GITHUB_ACTIONS", "TF_BUILD"])
@pytest.mark.parametrize("value", ["", "false", "False", "0", "no"])
def test_a_variable_can_say_that_this_is_no_ci(name: str, value: str) -> None:
    assert not is_ci({name: value})
    assert ci_facts({name: value}) == {}
    assert is_ci({name: "true"})
