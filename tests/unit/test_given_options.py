"""What pytest was told that may change a test is one answer, wherever it was told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.sources.options import differing_options, given_options


def told(line: str = "", addopts: str = "", **ini: Any) -> dict[str, list[str]]:
    return given_options(line.split(), {"PYTEST_ADDOPTS": addopts}, ini, Path("/nowhere"))


@pytest.mark.parametrize(
    "line",
    [
        "-v -q --tb=short --color yes -rA --durations 3 --no-header",
        "--junitxml=x.xml --cov=pkg --cov-report term -n 4 --dist load",
        "tests/test_a.py::test_it -k name -m slow --deselect x --lf -x --maxfail=1",
        "--debugloop --debugloop-dsn=x -p pytest_debugloop.plugin -p no:cacheprovider",
    ],
)
def test_what_no_test_can_see_is_left_out(line: str) -> None:
    assert told(line) == {}


def test_the_two_spellings_of_an_option_are_one() -> None:
    assert told("-W error") == told("--pythonwarnings=error") == told(addopts="-Werror")
    assert told("-W error") == {"-W": ["error"]}


def test_options_of_the_ini_file_are_options_of_the_command_line() -> None:
    assert given_options([], {}, {"addopts": "-W error -v"}, Path("/")) == told("-W error")
    assert given_options([], {}, {"addopts": ["-W", "error"]}, Path("/")) == told("-W error")


def test_an_ini_value_that_is_overridden_is_what_the_command_line_says() -> None:
    assert told("-o filterwarnings=error", filterwarnings="default") == {"filterwarnings": ["error"]}
    assert told(filterwarnings="error\n  ignore::UserWarning") == told(filterwarnings=["error", "ignore::UserWarning"])


def test_plugins_are_told_wherever_they_are_asked_for() -> None:
    found = given_options([], {"PYTEST_PLUGINS": "a,b"}, {}, Path("/"))
    assert found == told("-p a -p b") == {"-p": ["a", "b"]}


def test_what_differs_is_told_with_both_sides() -> None:
    assert differing_options(told("-s -p a --mode=x"), told("-p a -p b --mode y")) == {
        "--mode": ["x", "y"],
        "-p": ["a", ["a", "b"]],
        "-s": ["", None],
    }


def test_a_command_line_that_is_none_is_no_error() -> None:
    assert told(addopts="-W 'error") == {"-W": ["'error"]}
