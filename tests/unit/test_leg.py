"""Which leg of a matrix a run is."""

from __future__ import annotations

import platform
import sys

import pytest

from pytest_debugloop.environment.ci import ci_facts
from pytest_debugloop.environment.identity import leg_of
from tests.unit.test_ci import AZURE, BITBUCKET, BUILDKITE, CIRCLECI, GITHUB, GITLAB, JENKINS, TRAVIS

PYTHON = f"py{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"
HERE = f"{PYTHON}, {sys.platform}, {platform.machine()}"
RELEASES: list[dict[str, str] | OSError] = [
    {"ID": "debian", "VERSION_ID": "12"},
    {"ID": "alpine", "VERSION_ID": "3.20.3"},
    {"ID": "arch"},
    OSError("no such file"),
]


@pytest.fixture(autouse=True)
def release(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str] | OSError]:
    """What the system says of itself, one after the other; at first nothing."""
    told: list[dict[str, str] | OSError] = [OSError("no such file")]

    def read() -> dict[str, str]:
        found = told.pop(0)
        if isinstance(found, OSError):
            raise found
        return found

    monkeypatch.setattr(platform, "freedesktop_os_release", read)
    return told


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


def test_legs_of_a_matrix_on_github_that_differ_in_python_or_system_are_told_apart(
    release: list[dict[str, str] | OSError], monkeypatch: pytest.MonkeyPatch
) -> None:
    runners = [{"ImageOS": "ubuntu22"}, {"ImageOS": "ubuntu24"}, {"ImageOS": "macos14"}, *[{}] * len(RELEASES)]
    release[:] = RELEASES
    legs = [leg_of("", ci_facts(GITHUB | runner), GITHUB | runner) for runner in runners]
    assert [leg.split(", ")[-2] for leg in legs] == [
        *("ubuntu22", "ubuntu24", "macos14"),
        *("debian12", "alpine3.20", "arch", sys.platform),
    ]
    interpreters = {legs[-1]}
    for version, flags in (((3, 8), ""), ((3, 9), ""), ((3, 9), "t")):
        monkeypatch.setattr(sys, "version_info", version)
        monkeypatch.setattr(sys, "abiflags", flags)
        release[:] = [OSError("no such file")]
        interpreters.add(leg_of("", ci_facts(GITHUB), GITHUB))
    assert len(interpreters) == 4


def test_shards_of_a_job_are_one_leg() -> None:
    legs = set()
    for number in ("1", "2"):
        environ = GITLAB | {"CI_JOB_NAME": f"test {number}/2", "CI_NODE_INDEX": number, "CI_NODE_TOTAL": "2"}
        legs.add(leg_of("", ci_facts(environ), environ))
    assert legs == {f"test, {HERE}"}


def test_a_leg_that_the_user_names_is_taken_as_it_is() -> None:
    assert leg_of("django 5", ci_facts(GITHUB), GITHUB) == "django 5"
    assert len(leg_of("x" * 1000, {}, {})) == 255
