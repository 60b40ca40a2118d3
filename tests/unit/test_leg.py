"""Which leg of a matrix a run is."""

from __future__ import annotations

import platform
import sys

import pytest

from pytest_debugloop.environment.ci import ci_facts
from pytest_debugloop.environment.leg import leg_of
from tests.unit.test_ci import AZURE, BITBUCKET, BUILDKITE, CIRCLECI, GITHUB, GITLAB, JENKINS, TRAVIS

PYTHON = f"py{sys.version_info[0]}.{sys.version_info[1]}"
HERE = f"{PYTHON}, {sys.platform}, {platform.machine()}"


@pytest.mark.parametrize(
    ("environ", "leg"),
    [
        ({}, ""),
        ({"CI": "true"}, ""),
        ({"TOX_ENV_NAME": "py312-django5"}, "py312-django5"),
        ({"TOXENV": "py312,lint", "TOX_ENV_NAME": "py312"}, "py312"),
        ({"TOXENV": "py312"}, "py312"),
        ({"NOX_CURRENT_SESSION": "tests-3.12"}, "tests-3.12"),
        ({"HATCH_ENV_ACTIVE": "hatch-test.py3.12"}, "hatch-test.py3.12"),
        (GITHUB, f"tests, {HERE}"),
        (GITHUB | {"TOX_ENV_NAME": "py312"}, f"tests, py312, {HERE}"),
        (GITHUB | {"ImageOS": "ubuntu22"}, f"tests, {PYTHON}, ubuntu22, {platform.machine()}"),
        (CIRCLECI, f"test-3.12, {HERE}"),
        (GITLAB, f"test, {HERE}"),
        (GITLAB | {"CI_JOB_NAME": "test: [django5, 3.12]", "CI_NODE_TOTAL": "6"}, f"test: [django5, 3.12], {HERE}"),
        (JENKINS, f"folder/name, Test on 3.12, {HERE}"),
        (AZURE, f"Test py312, {HERE}"),
        (BUILDKITE, f":python: 3.12, {HERE}"),
        (BITBUCKET, HERE),
        (TRAVIS, f"3.12, {HERE}"),
    ],
)
def test_a_leg_is_the_job_and_what_tells_the_legs_of_a_matrix_apart(environ: dict[str, str], leg: str) -> None:
    assert leg_of("", ci_facts(environ), environ) == leg


def test_shards_of_a_job_are_one_leg() -> None:
    legs = set()
    for number in ("1", "2"):
        environ = GITLAB | {"CI_JOB_NAME": f"test {number}/2", "CI_NODE_INDEX": number, "CI_NODE_TOTAL": "2"}
        legs.add(leg_of("", ci_facts(environ), environ))
    assert legs == {f"test, {HERE}"}


def test_a_leg_that_the_user_names_is_taken_as_it_is() -> None:
    assert leg_of("django 5", ci_facts(GITHUB), GITHUB) == "django 5"
    assert len(leg_of("x" * 1000, {}, {})) == 255
