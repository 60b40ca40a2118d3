"""What is opened in a folder of the record is a file of this user alone, whatever somebody has put there."""

from __future__ import annotations

import os
import resource
import shutil
import stat
from pathlib import Path

import pytest

from pytest_debugloop.private import (
    JOURNALS,
    NotPrivateError,
    list_folder,
    make_file,
    open_folder,
    read_file,
    remove,
    write_atomically,
)

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run."""
    folder = tmp_path / "record" / JOURNALS / "run"
    os.close(open_folder(folder, make=True))
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file elsewhere."""
    path = tmp_path / "secret"
    path.write_text("hush")
    path.chmod(0o600)
    return path


def replaced_by_link(folder: Path) -> None:
    moved = folder.with_name(folder.name + "-moved")
    folder.rename(moved)
    folder.symlink_to(moved)


def test_folders_and_files_are_made_for_their_owner_alone(run: Path) -> None:
    before = os.umask(0)
    try:
        os.close(open_folder(run.with_name("another"), make=True))
        with make_file(run / "a.jsonl") as file:
            file.write(b"x")
        write_atomically(run / "status.json", b"{}")
    finally:
        os.umask(before)
    made = [run.parents[1], run.parent, run, run.with_name("another"), run / "a.jsonl", run / "status.json"]
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in made} == {0}
    assert list_folder(run) == ["a.jsonl", "status.json"]
    with read_file(run / "a.jsonl") as file:
        assert file.read() == b"x"


def test_what_cannot_be_written_as_a_whole_takes_no_room(run: Path) -> None:
    write_atomically(run / "status.json", b"{}")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_atomically(run / "status.json", b"{   }" * 5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list_folder(run) == ["status.json"]
    assert (run / "status.json").read_bytes() == b"{}"


def test_what_is_not_there_is_no_stranger(run: Path) -> None:
    assert list_folder(run / "gone") == []
    assert list_folder(run.with_name("gone")) == []
    remove(run / "gone")
    with pytest.raises(FileNotFoundError):
        read_file(run / "gone")


def test_a_link_is_not_followed_to_be_read_written_or_removed(run: Path, secret: Path) -> None:
    (run / "a.jsonl").symlink_to(secret)
    with pytest.raises(NotPrivateError, match=r"a\.jsonl is not used: it is a symbolic link"):
        read_file(run / "a.jsonl")
    with pytest.raises(FileExistsError):
        make_file(run / "a.jsonl")
    write_atomically(run / "a.jsonl", b"ours")
    assert secret.read_text() == "hush"
    (run / "b.jsonl").symlink_to(secret)
    remove(run / "b.jsonl")
    assert secret.read_text() == "hush"
    (run / "status.json.new").symlink_to(secret)
    write_atomically(run / "status.json", b"{}")
    assert secret.read_text() == "hush"


def test_a_link_to_nowhere_makes_no_file_there(run: Path, tmp_path: Path) -> None:
    (run / "a.jsonl").symlink_to(tmp_path / "made")
    with pytest.raises(FileExistsError):
        make_file(run / "a.jsonl")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("level", [0, 1, 2], ids=["record", "journals", "run"])
def test_a_folder_that_is_a_link_is_not_entered(run: Path, level: int) -> None:
    make_file(run / "a.jsonl").close()
    replaced_by_link((run.parents[1], run.parent, run)[level])
    for use in (lambda: read_file(run / "a.jsonl"), lambda: list_folder(run), lambda: remove(run / "a.jsonl")):
        with pytest.raises(NotPrivateError, match="it is a symbolic link, or not a directory"):
            use()
    assert (run / "a.jsonl").exists()


def test_a_pipe_makes_nobody_wait(run: Path) -> None:
    os.mkfifo(run / "a.jsonl", 0o600)
    with pytest.raises(NotPrivateError, match="it is not a regular file"):
        read_file(run / "a.jsonl")


def test_a_folder_in_place_of_a_file_is_no_file(run: Path) -> None:
    (run / "a.jsonl").mkdir(mode=0o700)
    with pytest.raises(NotPrivateError, match="it is not a regular file"):
        read_file(run / "a.jsonl")


@pytest.mark.parametrize("mode", [0o604, 0o660, 0o602])
def test_a_file_that_others_may_read_or_write_is_left_alone(run: Path, mode: int) -> None:
    make_file(run / "a.jsonl").close()
    (run / "a.jsonl").chmod(mode)
    with pytest.raises(NotPrivateError, match=f"other users can access it \\(mode {mode:04o}\\)"):
        read_file(run / "a.jsonl")


@needs_root
@pytest.mark.parametrize("level", [0, 1, 2, 3], ids=["record", "journals", "run", "file"])
def test_what_another_user_has_made_is_left_alone(run: Path, level: int) -> None:
    make_file(run / "a.jsonl").close()
    os.chown((run.parents[1], run.parent, run, run / "a.jsonl")[level], 65534, 65534)
    with pytest.raises(NotPrivateError, match="it belongs to another user"):
        read_file(run / "a.jsonl")


def test_an_empty_folder_is_removed_and_a_full_one_stays(run: Path) -> None:
    make_file(run / "a.jsonl").close()
    with pytest.raises(OSError, match="not empty"):
        remove(run)
    remove(run / "a.jsonl")
    remove(run)
    assert not run.exists()
    shutil.rmtree(run.parents[1])
    remove(run)
