"""A run and the command agree where the record is, and no place is one that others, or the tests, decide."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.environment import folders
from tests.faults.support import is_root


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout, with a home and a folder of temporary files beside it."""
    for name in ("checkout", "home", "tmp"):
        (tmp_path / name).mkdir()
    for name in [name for name in os.environ if name.startswith(("DEBUGLOOP", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.chdir(tmp_path / "checkout")
    return tmp_path / "checkout"


def nobody_has_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_entry(uid: int) -> None:
        raise KeyError(uid)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", no_entry)


def in_the_way(folder: Path) -> None:
    """Make a folder one that no run takes, whoever runs this."""
    folder.mkdir(parents=True)
    (folder / "something-else").touch()


def test_the_command_looks_where_a_run_went(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = checkout / ".debugloop"
    assert RecordLocation.from_settings({}).folder == folders.open_folder(wanted)[0] == wanted
    (wanted / "journals").rmdir()
    (wanted / ".gitignore").unlink()
    wanted.rmdir()

    in_the_way(wanted)
    state, problem = folders.open_folder(wanted)
    assert state.parent == checkout.parent / "home" / ".local" / "state" / "pytest-debugloop"
    assert problem is not None
    found = RecordLocation.from_settings({})
    assert found.folder == state
    assert found.obstacle == f"{wanted} cannot be written: it contains other files: choose a new directory"
    assert found.description.startswith(f"{state} (")
    assert RecordLocation.from_settings({"debugloop_dir": ".debugloop"}).folder == state

    (checkout.parent / "home").rename(checkout.parent / "another")
    nobody_has_a_home(monkeypatch)
    temporary, _ = folders.open_folder(wanted)
    assert temporary.parent == checkout.parent / "tmp"
    assert RecordLocation.from_settings({}).folder == temporary


def test_before_the_first_run_the_command_names_the_place_that_it_will_have(checkout: Path) -> None:
    in_the_way(checkout / ".debugloop")
    found = RecordLocation.from_settings({}).folder
    assert not found.exists()
    assert folders.open_folder(checkout / ".debugloop")[0] == found


def test_the_place_of_a_checkout_does_not_depend_on_its_spelling(checkout: Path) -> None:
    link = checkout.parent / "link"
    link.symlink_to(checkout)
    assert folders.candidate_folders(link / ".debugloop")[1:] == folders.candidate_folders(checkout / ".debugloop")[1:]
    assert folders.candidate_folders(checkout / "other")[1:] != folders.candidate_folders(checkout / ".debugloop")[1:]


@pytest.mark.parametrize("home", ["", "relative", "/"])
def test_without_a_home_no_place_is_in_the_current_folder(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("TMPDIR", "relative")
    _, *others = folders.candidate_folders(checkout / ".debugloop")
    assert [folder for folder in others if not folder.is_absolute()] == []
    assert others[-1].parent == Path("/tmp")
    assert len(others) == (1 if home == "relative" else 2)


def test_a_folder_of_another_user_is_no_place_for_a_run(checkout: Path) -> None:
    if not is_root():
        pytest.skip("needs root, to be somebody else")
    wanted = checkout / ".debugloop"
    folders.open_folder(wanted)
    os.chown(wanted, 65534, 65534)
    assert RecordLocation.from_settings({}).folder == wanted, "root may read what another user recorded"
    os.chown(wanted, 0, 0)
    os.chown(wanted / "journals", 65534, 65534)
    state, _ = folders.open_folder(wanted)
    assert state != wanted
    assert RecordLocation.from_settings({}).folder == state
    assert folders.obstacle(wanted) == "it is not a directory of this user"
