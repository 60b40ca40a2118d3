"""A job of the CI that was rerun is told from other jobs, and from runs within one job."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone

import pytest

from pytest_debugloop.environment.ci import ci_facts
from pytest_debugloop.loading.recoveries.facts import RunFacts
from pytest_debugloop.loading.recoveries.job_reruns import job_rerun
from pytest_debugloop.text.strategies import in_words
from tests.unit.test_ci import AZURE, BITBUCKET, BUILDKITE, CIRCLECI, GITHUB, GITLAB, TRAVIS


def facts(environ: dict[str, str], leg: str = "py311") -> RunFacts:
    moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
    run = uuid.uuid4()
    return RunFacts(run, run, None, None, None, None, None, None, moment, moment, None, leg, ci_facts(environ))


WORKSPACE = {"CIRCLE_WORKFLOW_WORKSPACE_ID": "w"}


@pytest.mark.parametrize(
    ("environ", "again", "expected"),
    [
        (GITHUB, {"GITHUB_RUN_ATTEMPT": "2"}, {"job": "tests", "attempts": ["1", "2"]}),
        (AZURE, {"SYSTEM_JOBATTEMPT": "3"}, {"job": "Test py312", "attempts": ["2", "3"]}),
        (BUILDKITE, {"BUILDKITE_RETRY_COUNT": "2"}, {"job": ":python: 3.12", "attempts": ["2", "3"]}),
        (GITLAB, {"CI_JOB_ID": "51"}, {"job": "test"}),
        (CIRCLECI | WORKSPACE, {"CIRCLE_WORKFLOW_ID": "x", "CIRCLE_BUILD_NUM": "71"}, {"job": "test-3.12"}),
    ],
)
def test_a_rerun_is_the_same_job_of_the_same_run_once_more(
    environ: dict[str, str], again: dict[str, str], expected: dict[str, object]
) -> None:
    assert job_rerun(facts(environ), facts(environ | again)) == expected


@pytest.mark.parametrize(
    ("environ", "other"),
    [
        (GITHUB, {}),  # pytest is called twice
        (GITHUB, {"GITHUB_RUN_ID": "2"}),
        (GITHUB, {"GITHUB_JOB": "other", "GITHUB_RUN_ATTEMPT": "2"}),
        (GITLAB, {"CI_JOB_NAME": "test 3/3", "CI_NODE_INDEX": "3", "CI_JOB_ID": "51"}),  # another shard
        (BITBUCKET | {"BITBUCKET_STEP_UUID": "1"}, {"BITBUCKET_STEP_UUID": "2"}),  # what the step is called is not told
        (TRAVIS, {}),
        ({}, {}),
        ({"CI": "true"}, {}),
    ],
)
def test_another_job_and_another_call_of_pytest_are_no_rerun(environ: dict[str, str], other: dict[str, str]) -> None:
    assert job_rerun(facts(environ), facts(environ | other)) is None
    assert job_rerun(facts(GITHUB), facts(GITHUB | {"GITHUB_RUN_ATTEMPT": "2"}, leg="py312")) is None


def test_a_rerun_is_called_so() -> None:
    evidence = {"job_rerun": {"job": "tests", "attempts": ["1", "2"]}}
    assert in_words("rerun", evidence) == "the CI job was rerun (attempt 2): nothing that is recorded was different"
    assert in_words("rerun", {"job_rerun": {"job": "tests"}}).startswith("the CI job was rerun: ")
