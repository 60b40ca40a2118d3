"""What is in a clone of this project."""

from __future__ import annotations

import subprocess

import pytest

from tests.support.environment import CHECKOUT


def test_what_belongs_to_one_machine_is_not_in_a_clone() -> None:
    # A tracked link `.venv` once made the README's first command fail for everybody.
    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-per-directory=.gitignore"]
    try:
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if done.returncode:
        pytest.skip("this is no checkout of git")
    assert done.stdout == ""
