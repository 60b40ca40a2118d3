"""The command finds rootdir and options where pytest finds them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.environment.ini import find_ini
from tests.support import warm
from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from pathlib import Path

WITH_OPTION = {
    "pytest.ini": "[pytest]\ndebugloop_schema = mine\n",
    ".pytest.ini": "[pytest]\ndebugloop_schema = mine\n",
    "pyproject.toml": "[tool.pytest.ini_options]\ndebugloop_schema = 'mine'\n",
    "tox.ini": "[tox]\nenvlist = a\n[pytest]\ndebugloop_schema = mine\n",
    "setup.cfg": "[metadata]\nname = x\n[tool:pytest]\ndebugloop_schema = mine\n",
}
WITHOUT = {
    "pyproject.toml": "[tool.ruff]\nline-length = 99\n",
    "tox.ini": "[tox]\nenvlist = a\n",
    "setup.cfg": "[pytest]\nx = 1\n",
}
ASK = """
def pytest_configure(config):
    print(config.rootpath, config.getini("debugloop_schema"), sep="\\n")
"""


@pytest.mark.parametrize("name", WITH_OPTION)
def test_options_are_found_from_a_folder_below(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(WITH_OPTION[name])
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_ini(tmp_path / "a" / "b") == (tmp_path, {"debugloop_schema": "mine"})


@pytest.mark.parametrize("name", WITHOUT)
def test_a_file_that_says_nothing_to_pytest_makes_no_rootdir(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(WITHOUT[name])
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "setup.py").touch()
    assert find_ini(tmp_path / "a") == (tmp_path / "a", {})


def test_an_empty_pytest_ini_makes_a_rootdir(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "setup.cfg").write_text(WITHOUT["setup.cfg"])
    assert find_ini(tmp_path / "a") == (tmp_path, {})


def test_the_nearest_folder_goes_first_and_in_it_the_first_name(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nx = far\n")
    near = tmp_path / "near"
    near.mkdir()
    (near / "tox.ini").write_text("[pytest]\nx = tox\n")
    assert find_ini(near) == (near, {"x": "tox"})
    (near / "pyproject.toml").write_text("[tool.pytest.ini_options]\nx = 'toml'\n")
    assert find_ini(near) == (near, {"x": "toml"})


def test_a_file_that_cannot_be_read_is_left_to_pytest(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest\n")
    assert find_ini(tmp_path) == (tmp_path, {})


@pytest.mark.parametrize("name", WITH_OPTION)
def test_pytest_itself_finds_the_same(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(WITH_OPTION[name])
    below = tmp_path / "a"
    below.mkdir()
    (below / "conftest.py").write_text(ASK)
    command = [sys.executable, "-m", "pytest", "-p", "pytest_debugloop.plugin", "-p", "no:cacheprovider", "-q", "--co"]
    done = warm.run(command, below, clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"))
    rootdir, schema = done.stdout.splitlines()[:2]
    assert find_ini(below) == (type(tmp_path)(rootdir), {"debugloop_schema": schema})
