"""What may stay when a run has ended."""

from __future__ import annotations

import os

import pytest

from pytest_debugloop.environment.ci import seconds_to_stay


def test_a_server_stays_as_long_as_the_setting_says() -> None:
    assert seconds_to_stay(300.0, {"HOME": "/home/a"}) == 300.0
    assert seconds_to_stay(300.0, {"CI": "", "BUILD_NUMBER": ""}) == 300.0


@pytest.mark.parametrize(
    "name",
    ["CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER"],
)
def test_nothing_stays_in_a_ci_or_after_a_test(name: str) -> None:
    assert seconds_to_stay(300.0, {name: "true"}) == 0


def test_nothing_stays_of_the_first_process_of_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    assert seconds_to_stay(300.0, {}) == 0
