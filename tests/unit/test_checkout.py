"""A file as a run had it is found by its hash: in the folder, or in its git; never another one."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.sources.checkout import find_file
from pytest_debugloop.sources.survey import Survey
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
    assert find_file([tmp_path / "gone", tmp_path], "a.py", file_hash(OLD), Redactor()) == ("a = 1\r\n", True)


def test_a_file_that_has_changed_is_found_in_git(checkout: Path) -> None:
    (checkout / "a.py").write_bytes(NEW)
    assert find_file([checkout], "a.py", file_hash(OLD), Redactor()) == ("a = 1\r\n", False)
    (checkout / "a.py").unlink()
    assert find_file([checkout], "a.py", file_hash(OLD), Redactor()) == ("a = 1\r\n", None)


@pytest.mark.parametrize("digest", [file_hash(b"never"), "", "large", "--help", "HEAD"])
def test_what_is_not_there_is_not_found(checkout: Path, digest: str) -> None:
    assert find_file([checkout], "a.py", digest, Redactor()) == (None, False)


def test_the_file_that_the_hash_is_of_decides_and_not_its_name(checkout: Path) -> None:
    assert find_file([checkout], "../../etc/passwd", file_hash(b"x"), Redactor()).text is None
    assert find_file([checkout], "a\0b.py", file_hash(OLD), Redactor()).text == "a = 1\r\n"


def test_a_file_says_itself_how_it_is_encoded(tmp_path: Path) -> None:
    data = "# coding: latin-1\nname = 'é'\n".encode("latin-1")
    (tmp_path / "a.py").write_bytes(data)
    assert find_file([tmp_path], "a.py", file_hash(data), Redactor()).text == "# coding: latin-1\nname = 'é'\n"


SECRETS = """\
import os

PASSWORD = 'hunter2hunter2'
SEED = 'own-4711'


def login():
    return connect(password='hunter2hunter2')
"""


@pytest.mark.parametrize("data", [SECRETS.encode(), b"# coding: latin-1\n# \xe4\n" + SECRETS.encode()])
def test_a_file_with_secrets_is_the_same_as_long_as_nobody_changes_it(tmp_path: Path, data: bytes) -> None:
    own = Redactor(["seed"])
    (tmp_path / "a.py").write_bytes(data)
    status = (tmp_path / "a.py").stat()
    (record,) = Survey(tmp_path, own, {}).read_files([("a.py", status.st_mtime_ns, status.st_size)])
    digest, units = record["hash"], [(unit["function"], unit["source"]) for unit in record["units"]]
    assert digest == Survey(tmp_path, own, {}).conclude()["files"]["a.py"]
    assert find_file([tmp_path], "a.py", digest, own).is_current is True
    # By rules that this process does not know, as a plugin of the run may have added them.
    assert find_file([tmp_path], "a.py", digest, Redactor(), units).is_current is True
    (tmp_path / "a.py").write_bytes(data.replace(b"import os", b"import sys"))
    for redactor in (own, Redactor()):
        assert find_file([tmp_path], "a.py", digest, redactor, units).is_current is False
