"""The variables that each CI sets, as its documentation of predefined variables has them.

Of each fact the first variable that is set counts. A number that grows with each build is no attempt; a provider that
does not count attempts of a job has none here, and a rerun is known by its pipeline, leg and commit instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from pytest_debugloop.lazy import Data, dataclass

PROVIDER = "cicd.provider"
REPOSITORY = "vcs.repository.name"
REMOTE = "vcs.repository.url.full"
COMMIT = "vcs.ref.head.revision"
BRANCH = "vcs.ref.head.name"
TAG = "vcs.ref.tag.name"
TARGET = "vcs.ref.base.name"
DEFAULT_BRANCH = "vcs.ref.default.name"
CHANGE = "vcs.change.id"
PIPELINE = "cicd.pipeline.name"
RUN = "cicd.pipeline.run.id"
ATTEMPT = "cicd.pipeline.run.attempt"
URL = "cicd.pipeline.run.url.full"
EVENT = "cicd.pipeline.run.event"
AUTHOR = "cicd.pipeline.run.author"
STAGE = "cicd.pipeline.stage.name"
JOB = "cicd.pipeline.task.name"
JOB_RUN = "cicd.pipeline.task.run.id"
SHARD = "cicd.pipeline.task.shard"
SHARDS = "cicd.pipeline.task.shards"


@dataclass(frozen=True)
class Provider(Data):
    """A CI.

    Attributes:
        name: what it is called in the record.
        detect: the variable that says it is there.
        facts: names of variables, in order of preference, by the fact that they tell.
    """

    name: str
    detect: str
    facts: Mapping[str, tuple[str, ...]]


PROVIDERS = (
    # https://docs.github.com/actions/reference/workflows-and-actions/variables
    Provider(
        "github",
        "GITHUB_ACTIONS",
        {
            REPOSITORY: ("GITHUB_REPOSITORY",),
            COMMIT: ("GITHUB_SHA",),
            BRANCH: ("GITHUB_HEAD_REF", "GITHUB_REF"),
            TARGET: ("GITHUB_BASE_REF",),
            PIPELINE: ("GITHUB_WORKFLOW",),
            RUN: ("GITHUB_RUN_ID",),
            ATTEMPT: ("GITHUB_RUN_ATTEMPT",),
            EVENT: ("GITHUB_EVENT_NAME",),
            AUTHOR: ("GITHUB_ACTOR",),
            JOB: ("GITHUB_JOB",),
        },
    ),
    # https://docs.gitlab.com/ci/variables/predefined_variables/
    Provider(
        "gitlab",
        "GITLAB_CI",
        {
            REPOSITORY: ("CI_PROJECT_PATH",),
            COMMIT: ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", "CI_COMMIT_SHA"),
            BRANCH: (
                "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME",
                "CI_EXTERNAL_PULL_REQUEST_SOURCE_BRANCH_NAME",
                "CI_COMMIT_BRANCH",
            ),
            TAG: ("CI_COMMIT_TAG",),
            TARGET: ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_EXTERNAL_PULL_REQUEST_TARGET_BRANCH_NAME"),
            DEFAULT_BRANCH: ("CI_DEFAULT_BRANCH",),
            CHANGE: ("CI_MERGE_REQUEST_IID", "CI_EXTERNAL_PULL_REQUEST_IID"),
            PIPELINE: ("CI_PIPELINE_NAME",),
            RUN: ("CI_PIPELINE_ID",),
            URL: ("CI_JOB_URL",),
            EVENT: ("CI_PIPELINE_SOURCE",),
            AUTHOR: ("GITLAB_USER_LOGIN",),
            STAGE: ("CI_JOB_STAGE",),
            JOB: ("CI_JOB_NAME",),
            JOB_RUN: ("CI_JOB_ID",),
            SHARD: ("CI_NODE_INDEX",),
            SHARDS: ("CI_NODE_TOTAL",),
        },
    ),
    # https://circleci.com/docs/reference/variables/
    Provider(
        "circleci",
        "CIRCLECI",
        {
            REPOSITORY: ("CIRCLE_PROJECT_REPONAME",),
            COMMIT: ("CIRCLE_SHA1",),
            BRANCH: ("CIRCLE_BRANCH",),
            TAG: ("CIRCLE_TAG",),
            CHANGE: ("CIRCLE_PR_NUMBER", "CIRCLE_PULL_REQUEST"),
            RUN: ("CIRCLE_WORKFLOW_WORKSPACE_ID", "CIRCLE_WORKFLOW_ID"),  # a rerun has another workflow id
            URL: ("CIRCLE_BUILD_URL",),
            AUTHOR: ("CIRCLE_USERNAME",),
            JOB: ("CIRCLE_JOB",),
            JOB_RUN: ("CIRCLE_WORKFLOW_JOB_ID", "CIRCLE_BUILD_NUM"),
            SHARD: ("CIRCLE_NODE_INDEX",),
            SHARDS: ("CIRCLE_NODE_TOTAL",),
        },
    ),
    # https://www.jenkins.io/doc/book/pipeline/jenkinsfile/, and <server>/pipeline-syntax/globals#env
    Provider(
        "jenkins",
        "JENKINS_URL",
        {
            REPOSITORY: ("GIT_URL",),
            COMMIT: ("GIT_COMMIT",),
            # Of a change BRANCH_NAME is PR-1, and GIT_BRANCH may be too.
            BRANCH: ("CHANGE_BRANCH", "BRANCH_NAME", "GIT_LOCAL_BRANCH", "GIT_BRANCH"),
            TAG: ("TAG_NAME",),
            TARGET: ("CHANGE_TARGET",),
            CHANGE: ("CHANGE_ID",),
            PIPELINE: ("JOB_NAME",),
            RUN: ("BUILD_TAG",),
            URL: ("BUILD_URL",),
            AUTHOR: ("CHANGE_AUTHOR", "BUILD_USER_ID"),
            STAGE: ("STAGE_NAME",),
            JOB: ("JOB_NAME",),
        },
    ),
    # https://learn.microsoft.com/azure/devops/pipelines/build/variables
    Provider(
        "azure",
        "TF_BUILD",
        {
            REPOSITORY: ("BUILD_REPOSITORY_NAME",),
            COMMIT: ("SYSTEM_PULLREQUEST_SOURCECOMMITID", "BUILD_SOURCEVERSION"),
            # The short name that the system offers is only what follows the last slash.
            BRANCH: ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH"),
            TARGET: ("SYSTEM_PULLREQUEST_TARGETBRANCH",),
            CHANGE: ("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "SYSTEM_PULLREQUEST_PULLREQUESTID"),
            PIPELINE: ("BUILD_DEFINITIONNAME",),
            RUN: ("BUILD_BUILDID",),
            ATTEMPT: ("SYSTEM_JOBATTEMPT",),
            EVENT: ("BUILD_REASON",),
            AUTHOR: ("BUILD_REQUESTEDFOR",),
            STAGE: ("SYSTEM_STAGENAME",),
            JOB: ("SYSTEM_JOBDISPLAYNAME", "AGENT_JOBNAME"),
            JOB_RUN: ("SYSTEM_JOBID",),
            SHARD: ("SYSTEM_JOBPOSITIONINPHASE",),
            SHARDS: ("SYSTEM_TOTALJOBSINPHASE",),
        },
    ),
    # https://buildkite.com/docs/pipelines/configure/environment-variables
    Provider(
        "buildkite",
        "BUILDKITE",
        {
            REPOSITORY: ("BUILDKITE_PIPELINE_SLUG",),
            COMMIT: ("BUILDKITE_COMMIT",),
            BRANCH: ("BUILDKITE_BRANCH",),
            TAG: ("BUILDKITE_TAG",),
            TARGET: ("BUILDKITE_PULL_REQUEST_BASE_BRANCH",),
            DEFAULT_BRANCH: ("BUILDKITE_PIPELINE_DEFAULT_BRANCH",),
            CHANGE: ("BUILDKITE_PULL_REQUEST",),
            PIPELINE: ("BUILDKITE_PIPELINE_NAME", "BUILDKITE_PIPELINE_SLUG"),
            RUN: ("BUILDKITE_BUILD_ID",),
            ATTEMPT: ("BUILDKITE_RETRY_COUNT",),
            URL: ("BUILDKITE_BUILD_URL",),
            EVENT: ("BUILDKITE_SOURCE",),
            AUTHOR: ("BUILDKITE_BUILD_AUTHOR", "BUILDKITE_BUILD_CREATOR"),
            STAGE: ("BUILDKITE_GROUP_LABEL",),
            JOB: ("BUILDKITE_LABEL", "BUILDKITE_STEP_KEY"),
            JOB_RUN: ("BUILDKITE_JOB_ID",),
            SHARD: ("BUILDKITE_PARALLEL_JOB",),
            SHARDS: ("BUILDKITE_PARALLEL_JOB_COUNT",),
        },
    ),
    # https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/
    Provider(
        "bitbucket",
        "BITBUCKET_COMMIT",
        {
            REPOSITORY: ("BITBUCKET_REPO_FULL_NAME",),
            COMMIT: ("BITBUCKET_COMMIT",),
            BRANCH: ("BITBUCKET_BRANCH",),
            TAG: ("BITBUCKET_TAG",),
            TARGET: ("BITBUCKET_PR_DESTINATION_BRANCH",),
            CHANGE: ("BITBUCKET_PR_ID",),
            RUN: ("BITBUCKET_BUILD_NUMBER",),
            AUTHOR: ("BITBUCKET_STEP_TRIGGERER_UUID",),
            JOB_RUN: ("BITBUCKET_STEP_UUID",),
            SHARD: ("BITBUCKET_PARALLEL_STEP",),
            SHARDS: ("BITBUCKET_PARALLEL_STEP_COUNT",),
        },
    ),
    # https://docs.travis-ci.com/user/environment-variables/
    Provider(
        "travis",
        "TRAVIS",
        {
            REPOSITORY: ("TRAVIS_REPO_SLUG",),
            COMMIT: ("TRAVIS_PULL_REQUEST_SHA", "TRAVIS_COMMIT"),
            # Of a change TRAVIS_BRANCH is the one that it is to be merged into.
            BRANCH: ("TRAVIS_PULL_REQUEST_BRANCH", "TRAVIS_BRANCH"),
            TAG: ("TRAVIS_TAG",),
            CHANGE: ("TRAVIS_PULL_REQUEST",),
            RUN: ("TRAVIS_BUILD_ID",),
            URL: ("TRAVIS_JOB_WEB_URL", "TRAVIS_BUILD_WEB_URL"),
            EVENT: ("TRAVIS_EVENT_TYPE",),
            STAGE: ("TRAVIS_BUILD_STAGE_NAME",),
            JOB: ("TRAVIS_JOB_NAME",),
            JOB_RUN: ("TRAVIS_JOB_ID",),
        },
    ),
)
