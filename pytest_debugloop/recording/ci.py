"""Which CI runs us, by the variables it sets; see each provider's documentation of predefined variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple


class Provider(NamedTuple):
    """The variables of one CI, several names in order of preference."""

    name: str
    detect: str
    commit: tuple[str, ...]
    branch: tuple[str, ...]
    change: tuple[str, ...]
    run: tuple[str, ...]
    attempt: tuple[str, ...]
    url: tuple[str, ...]
    repository: tuple[str, ...]


PROVIDERS = (
    Provider(
        "github",
        "GITHUB_ACTIONS",
        ("GITHUB_SHA",),
        ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "GITHUB_REF"),
        ("GITHUB_REF",),
        ("GITHUB_RUN_ID",),
        ("GITHUB_RUN_ATTEMPT",),
        (),
        ("GITHUB_REPOSITORY",),
    ),
    Provider(
        "gitlab",
        "GITLAB_CI",
        ("CI_COMMIT_SHA",),
        ("CI_COMMIT_REF_NAME",),
        ("CI_MERGE_REQUEST_IID",),
        ("CI_PIPELINE_ID",),
        ("CI_JOB_ID",),
        ("CI_JOB_URL",),
        ("CI_PROJECT_PATH",),
    ),
    Provider(
        "circleci",
        "CIRCLECI",
        ("CIRCLE_SHA1",),
        ("CIRCLE_BRANCH",),
        ("CIRCLE_PR_NUMBER",),
        ("CIRCLE_WORKFLOW_ID",),
        ("CIRCLE_BUILD_NUM",),
        ("CIRCLE_BUILD_URL",),
        ("CIRCLE_PROJECT_REPONAME",),
    ),
    Provider(
        "jenkins",
        "JENKINS_URL",
        ("GIT_COMMIT",),
        ("GIT_BRANCH",),
        ("CHANGE_ID",),
        ("BUILD_TAG",),
        (),
        ("BUILD_URL",),
        ("JOB_NAME",),
    ),
    Provider(
        "buildkite",
        "BUILDKITE",
        ("BUILDKITE_COMMIT",),
        ("BUILDKITE_BRANCH",),
        ("BUILDKITE_PULL_REQUEST",),
        ("BUILDKITE_BUILD_ID",),
        ("BUILDKITE_RETRY_COUNT",),
        ("BUILDKITE_BUILD_URL",),
        ("BUILDKITE_PIPELINE_SLUG",),
    ),
    Provider(
        "azure",
        "TF_BUILD",
        ("SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSION"),
        ("BUILD_SOURCEBRANCH",),
        ("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER",),
        ("BUILD_BUILDID",),
        ("SYSTEM_JOBATTEMPT",),
        (),
        ("BUILD_REPOSITORY_NAME",),
    ),
    Provider(
        "bitbucket",
        "BITBUCKET_COMMIT",
        ("BITBUCKET_COMMIT",),
        ("BITBUCKET_BRANCH",),
        ("BITBUCKET_PR_ID",),
        ("BITBUCKET_BUILD_NUMBER",),
        (),
        (),
        ("BITBUCKET_REPO_FULL_NAME",),
    ),
)


def ci_facts(environ: Mapping[str, str]) -> dict[str, str]:
    """Read what the CI says of this run.

    Args:
        environ: the environment.

    Returns:
        Keys named as OpenTelemetry names them where it does; empty outside of CI.
    """
    for provider in PROVIDERS:
        if environ.get(provider.detect):
            break
    else:
        return {"cicd.provider": "unknown"} if environ.get("CI") or environ.get("BUILD_NUMBER") else {}

    def first(names: tuple[str, ...]) -> str:
        return next((environ[name] for name in names if environ.get(name)), "")

    change = first(provider.change)
    if provider.name == "github":
        change = change.split("/")[2] if change.startswith("refs/pull/") else ""
    facts = {
        "cicd.provider": provider.name,
        "vcs.ref.head.revision": _github_head(environ) or first(provider.commit),
        "vcs.ref.head.name": first(provider.branch),
        "vcs.change.id": "" if change == "false" else change,
        "cicd.pipeline.run.id": first(provider.run),
        "cicd.pipeline.run.attempt": first(provider.attempt),
        "cicd.pipeline.run.url.full": _run_url(environ, first(provider.url)),
        "vcs.repository.name": first(provider.repository),
    }
    return {key: value for key, value in facts.items() if value}


def _github_head(environ: Mapping[str, str]) -> str:
    # On pull requests GITHUB_SHA is a merge commit that exists nowhere else.
    path = environ.get("GITHUB_EVENT_PATH")
    if not environ.get("GITHUB_ACTIONS") or not path or not environ.get("GITHUB_EVENT_NAME", "").startswith("pull_"):
        return ""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - one read of one file
            return str(json.load(file)["pull_request"]["head"]["sha"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _run_url(environ: Mapping[str, str], url: str) -> str:
    if url or not environ.get("GITHUB_RUN_ID"):
        return url
    server, repository = environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY")
    return f"{server}/{repository}/actions/runs/{environ['GITHUB_RUN_ID']}" if server and repository else ""
