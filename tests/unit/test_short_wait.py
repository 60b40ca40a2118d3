"""When a run may end before it is stored."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from pytest_debugloop.journal.left_runs import is_about_to_be_stored, leave_run
from pytest_debugloop.journal.shared_names import LOADER_LOCK, NOTHING_OPEN_FILE, STARTED_LOADER_BIT, STATUS_FILE
from pytest_debugloop.settings import Settings
from pytest_debugloop.summary import short_wait, terminal
from pytest_debugloop.summary.short_wait import ShortWait
from pytest_debugloop.system import System


@pytest.fixture(autouse=True)
def no_container(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the tests run."""
    monkeypatch.setattr(short_wait, "_OF_CONTAINERS", ())


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """The folder of a run, in a record that had one before."""
    (tmp_path / "postgres").mkdir()
    return made(tmp_path / "journals" / "run")


def made(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True)
    folder.parent.chmod(0o700)
    file(folder, "main.jsonl")
    return folder


def file(folder: Path, name: str, mode: int = 0o600) -> Path:
    path = folder / name
    path.touch()
    path.chmod(mode)
    return path


def settings(**given: Any) -> Settings:
    return Settings(lambda option: given.get(option.attribute, option.default))


def is_enough(run_folder: Path, variable: str = "", **given: Any) -> bool:
    """Ask in an environment that has nothing of the outer run."""
    with mock.patch.dict(os.environ, {variable: "1"} if variable else {}, clear=True):
        return ShortWait(settings(**given), run_folder.parents[1], run_folder).is_enough()


def test_a_short_wait_is_enough_at_a_desk(run_folder: Path) -> None:
    assert is_enough(run_folder)


@pytest.mark.parametrize("given", [{"wait": 30.0}, {"wait": "30"}, {"load": False}])
def test_settings_against_it(run_folder: Path, given: dict[str, Any]) -> None:
    assert not is_enough(run_folder, **given)


def test_the_first_run_of_a_record_waits(run_folder: Path) -> None:
    (run_folder.parents[1] / "postgres").rmdir()
    assert not is_enough(run_folder)


@pytest.mark.parametrize("variable", ["CI", "PYTEST_CURRENT_TEST"])
def test_a_run_waits_where_nothing_may_outlive_it(run_folder: Path, variable: str) -> None:
    assert not is_enough(run_folder, variable)


def test_on_a_server_of_many_the_loader_has_to_know(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_enough(run_folder, dsn="host=db")
    file(run_folder, NOTHING_OPEN_FILE)
    assert is_enough(run_folder, dsn="host=db")
    monkeypatch.setattr(short_wait, "_OF_CONTAINERS", (str(run_folder),))
    assert not is_enough(run_folder, dsn="host=db"), "the journals may go with the container"
    assert is_enough(run_folder)


def test_earlier_runs_that_wait_have_something_to_say(run_folder: Path) -> None:
    earlier = made(run_folder.with_name("earlier"))
    assert not is_enough(run_folder)
    lock = os.open(file(earlier, LOADER_LOCK), os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert is_enough(run_folder), "a loader is at work on it"
    finally:
        os.close(lock)
    assert not is_enough(run_folder)
    leave_run(earlier)
    assert is_enough(run_folder), "its loader is about to start"
    (earlier / LOADER_LOCK).chmod(0o600 | STARTED_LOADER_BIT)
    assert not is_about_to_be_stored(earlier), "it has ended"
    (earlier / "main.jsonl").unlink()
    assert is_enough(run_folder)


def test_what_was_said_in_the_moment_of_leaving_is_not_lost(run_folder: Path) -> None:
    assert not leave_run(run_folder)
    file(run_folder, STATUS_FILE)
    assert leave_run(run_folder)


def test_a_short_wait_is_not_told_on_a_machine_that_stalls(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(System, "perf_counter", iter([0.0, 5.0]).__next__)
    told: list[str] = []
    assert terminal.wait_for_status(run_folder, 0.03, None, lambda: told.append("waiting")) is None
    assert told == []


def test_a_wait_that_people_notice_is_told_once(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    assert terminal.wait_for_status(run_folder, 0.02, None, lambda: told.append("waiting")) is None
    assert told == []
    monkeypatch.setattr(terminal, "_NOTICED_SECONDS", 0.0)
    assert terminal.wait_for_status(run_folder, 0.02, None, lambda: told.append("waiting")) is None
    assert told == ["waiting"]
