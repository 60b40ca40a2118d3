"""A file as a run had it is found by its hash: in the folder, or in its git; never another one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.sources.checkout import find_file
from pytest_debugloop.sources.tree import file_hash

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = b"a = 1\r\n", b"a = 2\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "a.py").write_bytes(OLD)
    for command in (
        ["init", "-q"],
        ["-c", "core.autocrlf=false", "add", "a.py"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "m"],
    ):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def test_a_file_that_is_still_the_same_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(OLD)
    assert find_file([tmp_path / "gone", tmp_path], "a.py", file_hash(OLD)) == ("a = 1\r\n", True)


def test_a_file_that_has_changed_is_found_in_git(checkout: Path) -> None:
    (checkout / "a.py").write_bytes(NEW)
    assert find_file([checkout], "a.py", file_hash(OLD)) == ("a = 1\r\n", False)
    (checkout / "a.py").unlink()
    assert find_file([checkout], "a.py", file_hash(OLD)) == ("a = 1\r\n", None)


@pytest.mark.parametrize("digest", [file_hash(b"never"), "", "large", "--help", "HEAD"])
def test_what_is_not_there_is_not_found(checkout: Path, digest: str) -> None:
    assert find_file([checkout], "a.py", digest) == (None, False)


def test_the_file_that_the_hash_is_of_decides_and_not_its_name(checkout: Path) -> None:
    assert find_file([checkout], "../../etc/passwd", file_hash(b"x")).text is None
    assert find_file([checkout], "a\0b.py", file_hash(OLD)).text == "a = 1\r\n"


def test_a_file_says_itself_how_it_is_encoded(tmp_path: Path) -> None:
    data = "# coding: latin-1\nname = 'é'\n".encode("latin-1")
    (tmp_path / "a.py").write_bytes(data)
    assert find_file([tmp_path], "a.py", file_hash(data)).text == "# coding: latin-1\nname = 'é'\n"
