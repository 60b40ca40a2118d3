"""Which CI runs us and what it says: commit, branch, change, job and attempt, by the variables it sets.

And what may stay of a run when it has ended, as nothing may in a CI.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_debugloop.environment import providers as fact
from pytest_debugloop.environment.checkout import repository_of_url
from pytest_debugloop.environment.providers import PROVIDERS
from pytest_debugloop.lazy import lazy_pattern
from pytest_debugloop.setting_values import FALSE

_BRANCH = lazy_pattern(r"^(refs/heads/|refs/remotes/[^/]+/|remotes/[^/]+/)")
_TAG = "refs/tags/"
# Of GitHub and Azure; the second of GitLab.
_CHANGE = lazy_pattern(r"refs/(?:pull|merge-requests)/(\d+)/")
# https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository: the queue's own branches.
_QUEUE = lazy_pattern(r"gh-readonly-queue/(?P<target>.+)/pr-(?P<change>\d+)-[0-9a-f]+")

# Set while a test goes on, and in a worker of pytest-xdist: what is started in there is of that test.
_IN_A_TEST = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")

Facts = dict[str, str]


def is_ci(environ: Mapping[str, str]) -> bool:
    """Tell whether a CI runs us.

    Args:
        environ: the environment.
    """
    return any(_is_on(environ, name) for name in ("CI", "BUILD_NUMBER", *(one.detect for one in PROVIDERS)))


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").lower() not in FALSE


def seconds_to_stay(wanted: float, environ: Mapping[str, str]) -> float:
    """Tell for how long the embedded server may stay when nobody uses it any more.

    A CI waits for all processes of a job, or kills them; a test is to leave nothing behind; and with the first process
    of a container all others end.

    Args:
        wanted (float): the setting, in seconds.
        environ (Mapping): the environment.

    Returns:
        float: seconds; 0 where it must not stay.
    """
    is_short = is_ci(environ) or any(name in environ for name in _IN_A_TEST) or os.getpid() == 1
    return 0.0 if is_short else wanted


def ci_facts(environ: Mapping[str, str]) -> Facts:
    """Read what the CI says of this run.

    Args:
        environ: the environment.

    Returns:
        Keys of :mod:`pytest_debugloop.environment.providers`, named as OpenTelemetry names them where it does; empty
        outside of CI. Branches are plain names, and those of a fork begin with its owner.
    """
    provider = next((one for one in PROVIDERS if _is_on(environ, one.detect)), None)
    if provider is None:
        return {fact.PROVIDER: "unknown"} if _is_on(environ, "CI") or _is_on(environ, "BUILD_NUMBER") else {}
    facts = {fact.PROVIDER: provider.name}
    for name, variables in provider.facts.items():
        facts[name] = next((environ[variable] for variable in variables if environ.get(variable)), "")
    if facts.get(fact.CHANGE) == "false":
        facts[fact.CHANGE] = ""
    if provider.name in _PECULIAR:
        _PECULIAR[provider.name](facts, environ)
    _name_the_branch(facts)
    return {name: value for name, value in facts.items() if value}


def _name_the_branch(facts: Facts) -> None:
    """Make plain names of branches of what may be a reference, a tag or a change."""
    branch = facts.get(fact.BRANCH, "")
    if branch.startswith(_TAG):
        facts[fact.TAG] = branch.removeprefix(_TAG)
    change = _CHANGE.match(branch)
    if change:
        facts[fact.CHANGE] = facts.get(fact.CHANGE) or change[1]
    facts[fact.BRANCH] = "" if facts.get(fact.TAG) or change else _plain(branch)
    facts[fact.TARGET] = _plain(facts.get(fact.TARGET, ""))
    queued = _QUEUE.fullmatch(facts[fact.BRANCH])
    if queued:
        facts |= {fact.CHANGE: queued["change"], fact.TARGET: queued["target"]}


def _plain(branch: str) -> str:
    return _BRANCH.sub("", branch)


def _of_fork(facts: Facts, fork: str) -> None:
    """Tell the branch of a fork from one of the repository that has the same name."""
    branch = _plain(facts[fact.BRANCH])
    if fork and branch and not branch.startswith(f"{fork}:"):
        facts[fact.BRANCH] = f"{fork}:{branch}"


# -- what is peculiar to one of them --


def _github(facts: Facts, environ: Mapping[str, str]) -> None:
    event = _github_event(environ)
    facts[fact.DEFAULT_BRANCH] = _text(event, "repository", "default_branch")
    if facts[fact.EVENT].startswith("pull_request"):
        # GITHUB_SHA is a merge commit that exists nowhere else, or the base's.
        facts[fact.COMMIT] = _text(event, "pull_request", "head", "sha") or facts[fact.COMMIT]
        facts[fact.CHANGE] = _text(event, "pull_request", "number")
        owner = _text(event, "pull_request", "head", "repo", "full_name")
        if owner and owner != facts[fact.REPOSITORY]:
            _of_fork(facts, owner.partition("/")[0])
    reference = environ.get("GITHUB_REF", "")
    change = _CHANGE.match(reference)
    if change:
        facts[fact.CHANGE] = change[1]
    server = environ.get("GITHUB_SERVER_URL")
    if server and facts[fact.REPOSITORY] and facts[fact.RUN]:
        facts[fact.URL] = f"{server}/{facts[fact.REPOSITORY]}/actions/runs/{facts[fact.RUN]}"
        if facts[fact.ATTEMPT] not in ("", "1"):
            facts[fact.URL] += f"/attempts/{facts[fact.ATTEMPT]}"


def _github_event(environ: Mapping[str, str]) -> Any:
    try:
        with open(environ["GITHUB_EVENT_PATH"], encoding="utf-8") as file:  # noqa: PTH123 - one read of one file
            return json.load(file)
    except (OSError, ValueError, RecursionError, KeyError):
        return None


def _text(found: Any, *keys: str) -> str:
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return str(found) if isinstance(found, (str, int)) else ""


def _gitlab(facts: Facts, environ: Mapping[str, str]) -> None:
    # GitLab numbers the jobs of `parallel` in their names.
    shard = f" {facts[fact.SHARD]}/{facts[fact.SHARDS]}"
    facts[fact.JOB] = facts[fact.JOB].removesuffix(shard)
    source = environ.get("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "")
    if source and source != facts[fact.REPOSITORY]:
        _of_fork(facts, source.rpartition("/")[0])


def _circleci(facts: Facts, environ: Mapping[str, str]) -> None:
    owner = environ.get("CIRCLE_PROJECT_USERNAME")
    if owner:
        facts[fact.REPOSITORY] = f"{owner}/{facts[fact.REPOSITORY]}"
    change = re.search(r"(\d+)/?$", facts[fact.CHANGE])  # the number, or a link that ends with it
    facts[fact.CHANGE] = change[1] if change else ""
    forked = re.fullmatch(r"pull/(\d+)", facts[fact.BRANCH])
    if forked:
        facts[fact.CHANGE] = forked[1]


def _jenkins(facts: Facts, environ: Mapping[str, str]) -> None:
    facts[fact.REPOSITORY] = repository_of_url(facts[fact.REPOSITORY])
    if environ.get("BRANCH_NAME"):  # a multibranch project ends with the name of the branch
        facts[fact.JOB] = facts[fact.PIPELINE] = facts[fact.JOB].rpartition("/")[0]
    if not environ.get("CHANGE_BRANCH") and not environ.get("BRANCH_NAME") and not environ.get("GIT_LOCAL_BRANCH"):
        facts[fact.BRANCH] = facts[fact.BRANCH].removeprefix("origin/")
    _of_fork(facts, environ.get("CHANGE_FORK", ""))


def _azure(facts: Facts, environ: Mapping[str, str]) -> None:
    if environ.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true":
        _of_fork(facts, f"pull/{facts[fact.CHANGE]}")
    collection = environ.get("SYSTEM_COLLECTIONURI") or environ.get("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI")
    project = environ.get("SYSTEM_TEAMPROJECT")
    if collection and project and facts[fact.RUN]:
        from urllib.parse import quote

        facts[fact.URL] = f"{collection.rstrip('/')}/{quote(project)}/_build/results?buildId={facts[fact.RUN]}"
        if facts[fact.JOB_RUN]:
            facts[fact.URL] += f"&view=logs&j={facts[fact.JOB_RUN]}"


def _buildkite(facts: Facts, environ: Mapping[str, str]) -> None:
    organisation = environ.get("BUILDKITE_ORGANIZATION_SLUG")
    if organisation and facts[fact.REPOSITORY]:
        facts[fact.REPOSITORY] = f"{organisation}/{facts[fact.REPOSITORY]}"
    repositories = [environ.get(name, "") for name in ("BUILDKITE_REPO", "BUILDKITE_PULL_REQUEST_REPO")]
    ours, theirs = map(repository_of_url, repositories)
    if ours and theirs and ours != theirs:
        _of_fork(facts, theirs.split("/")[-2] if "/" in theirs else theirs)
    if facts[fact.COMMIT] == "HEAD":  # of a build that was started without one
        facts[fact.COMMIT] = ""
    if facts[fact.ATTEMPT].isdecimal():  # it counts what came after the first
        facts[fact.ATTEMPT] = str(int(facts[fact.ATTEMPT]) + 1)
    if facts[fact.URL] and facts[fact.JOB_RUN]:
        facts[fact.URL] += f"#{facts[fact.JOB_RUN]}"


def _bitbucket(facts: Facts, environ: Mapping[str, str]) -> None:
    if facts[fact.REPOSITORY] and facts[fact.RUN]:
        facts[fact.URL] = f"https://bitbucket.org/{facts[fact.REPOSITORY]}/pipelines/results/{facts[fact.RUN]}"


def _travis(facts: Facts, environ: Mapping[str, str]) -> None:
    if facts[fact.CHANGE]:
        facts[fact.TARGET] = environ.get("TRAVIS_BRANCH", "")
        slug = environ.get("TRAVIS_PULL_REQUEST_SLUG", "")
        if slug and slug != facts[fact.REPOSITORY]:
            _of_fork(facts, slug.partition("/")[0])


_PECULIAR: dict[str, Callable[[Facts, Mapping[str, str]], None]] = {
    "github": _github,
    "gitlab": _gitlab,
    "circleci": _circleci,
    "jenkins": _jenkins,
    "azure": _azure,
    "buildkite": _buildkite,
    "bitbucket": _bitbucket,
    "travis": _travis,
}
