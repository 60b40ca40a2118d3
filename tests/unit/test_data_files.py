"""Files that make no version of a project, and that a test may read all the same, are told with their hashes."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.sources.data_files import DataFiles, data_files
from pytest_debugloop.sources.tree import file_hash

if TYPE_CHECKING:
    from pathlib import Path

HASH = file_hash(b"x\n")


def write(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x\n")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One commit of code, data and a document."""
    write(tmp_path, "app.py", "data.json", "README.md")
    (tmp_path / ".gitignore").write_text(".env\ndata/\n*.pyc\nnode_modules/\n.venv/\n")
    identity = ("-c", "user.name=ann", "-c", "user.email=ann@example.com")
    for command in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "--quiet", "--message", "one"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


def test_documents_untracked_and_ignored_files_are_told(checkout: Path) -> None:
    write(checkout, "new.json", "docs/plan.md", ".env", "data/rates.csv", "data/made.py", "deep/a.pyc")
    found = data_files(checkout, {"app.py", "data.json", ".gitignore"})
    assert found.shown == {"README.md": HASH, "new.json": HASH, "docs/plan.md": HASH}
    assert found.ignored == {".env": HASH, "data/rates.csv": HASH, "data/made.py": HASH}


def test_what_tools_and_runs_leave_behind_is_passed_over(checkout: Path) -> None:
    write(checkout, ".coverage", "coverage.xml", "run.log", "junit.xml")
    write(checkout, "node_modules/a.json", ".venv/pyvenv.cfg", "x.egg-info/a")
    assert data_files(checkout, {"app.py", "data.json", ".gitignore", "README.md"}) == DataFiles({}, {})


def test_a_folder_without_git_is_walked(tmp_path: Path) -> None:
    write(tmp_path, "app.py", "data/rates.json", ".env", ".cache/x.json", "env/pyvenv.cfg", "env/x.json")
    assert data_files(tmp_path, {"app.py"}) == DataFiles({"data/rates.json": HASH, ".env": HASH}, {})


def test_what_was_written_after_the_run_began_is_its_own(tmp_path: Path) -> None:
    write(tmp_path, "before.json", "after.json")
    os.utime(tmp_path / "before.json", ns=(1_000, 1_000))
    os.utime(tmp_path / "after.json", ns=(3_000, 3_000))
    assert data_files(tmp_path, (), before=2_000).shown == {"before.json": HASH}


def test_of_very_many_files_and_of_large_ones_little_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_debugloop.sources.data_files._MAX_FILES", 3)
    monkeypatch.setattr("pytest_debugloop.sources.data_files._LARGEST", 1)
    write(tmp_path, *(f"{number}.json" for number in range(9)))
    assert data_files(tmp_path, ()).shown == dict.fromkeys(("0.json", "1.json", "2.json"), "2 bytes")


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert data_files(tmp_path, ()) == DataFiles({}, {})
