"""Folders that somebody else has made or filled: nothing outside is read, made, changed or removed, and it is told."""

from __future__ import annotations

import json
import os
import stat
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faults.support import Trouble, debugloop, is_root, said
from tests.faults.test_places import AWAY, mounted
from tests.support import groups

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = f"{uuid.UUID(int=1)}_{uuid.UUID(int=2)}"
SECRET = "hush-hush\n"


@pytest.fixture
def secrets(trouble: Trouble) -> Path:
    """A folder of somebody, with files that end as journals do."""
    folder = trouble.project.folder.parent / "private"
    folder.mkdir(mode=0o700)
    (folder / "main.jsonl").write_text(SECRET)
    (folder / "main.jsonl").chmod(0o600)
    return folder


def link_to_a_file(run: Path, secrets: Path) -> None:
    run.mkdir(mode=0o700)
    (run / "main.jsonl").symlink_to(secrets / "main.jsonl")


def link_to_a_folder(run: Path, secrets: Path) -> None:
    run.symlink_to(secrets)


def links_to_what_is_written(run: Path, secrets: Path) -> None:
    link_to_a_file(run, secrets)
    for name in ("loader.lock", "status.json", "status.json.new", "code.jsonl.new"):
        (run / name).symlink_to(secrets / f"made-{name}")


def pipe(run: Path, secrets: Path) -> None:
    run.mkdir(mode=0o700)
    os.mkfifo(run / "main.jsonl", 0o600)


@pytest.mark.parametrize("plant", [link_to_a_file, link_to_a_folder, links_to_what_is_written, pipe])
def test_what_a_checkout_brings_along_is_left_alone_and_told(
    trouble: Trouble, secrets: Path, plant: Callable[[Path, Path], None]
) -> None:
    journals = trouble.folder / "journals"
    journals.mkdir(parents=True, mode=0o700)
    trouble.folder.chmod(0o755)  # as git leaves it
    plant(journals / NAME, secrets)
    (trouble.folder / "loader.log").symlink_to(secrets / "made-log")
    (trouble.folder / ".gitignore").symlink_to(secrets / "made-ignore")
    run = trouble.run()
    assert f"run {run.record.short_id} is in " in said(run)[0]
    assert trouble.stored(run) == trouble.whole
    where = ("--dsn", trouble.project.conninfo, "--schema", trouble.project.schema, "--dir", str(trouble.folder))
    done = debugloop(trouble.project, *where, "load")
    assert (done.returncode, done.stdout) == (1, "0 runs stored, 0 still waiting.\n")
    assert "is not used: it is" in done.stderr
    checks = json.loads(debugloop(trouble.project, *where, "doctor", "--json").stdout)["checks"]
    assert any(check["state"] == "problem" and "is not used" in check["message"] for check in checks)
    assert [path.name for path in secrets.iterdir()] == ["main.jsonl"]
    assert (secrets / "main.jsonl").read_text() == SECRET
    assert not run.record.query("SELECT FROM debug_rejected_lines WHERE position('hush'::bytea IN line) > 0")


@groups.mounts
def test_a_folder_of_another_user_in_the_temporary_one_takes_no_line(trouble: Trouble, secrets: Path) -> None:
    if not is_root():
        pytest.skip("needs root, to be somebody else")
    fallback = trouble.project.folder.parent / "tmp" / f"pytest-debugloop-{os.geteuid()}"
    (fallback / "journals").mkdir(parents=True)
    for folder in (fallback, fallback / "journals"):
        folder.chmod(0o777)
        os.chown(folder, 65534, 65534)
    trouble.folder.mkdir(mode=0o700)
    with mounted(trouble.folder, "-t", "tmpfs", "-o", "size=12k", "none"):
        run = trouble.run(*AWAY)
    assert any("No space left on device" in line and "records are lost" in line for line in said(run))
    assert list((fallback / "journals").iterdir()) == []


def test_a_folder_that_holds_something_else_keeps_its_mode_and_gets_no_file(trouble: Trouble) -> None:
    other = trouble.project.folder / "other"
    other.mkdir()
    other.chmod(0o755)
    (other / "notes.txt").write_text("mine")
    run = trouble.run("--debugloop-dir", "other")
    (told,) = (line for line in said(run) if "cannot write to" in line)
    assert "it contains other files: choose a new directory" in told
    assert [path.name for path in other.iterdir()] == ["notes.txt"]
    assert stat.S_IMODE(other.stat().st_mode) == 0o755
    assert trouble.stored(run) == trouble.whole
