"""What processes of a run could not record is told once, by the one whose terminal is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.recording.losses import Losses

if TYPE_CHECKING:
    from pathlib import Path


def told_by(worker: Losses, **changed: str) -> list[str]:
    controller = Losses()
    controller.add(worker.to_plain() | changed)
    controller.look_back()
    return controller.sentences()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "gw0.jsonl"
    path.touch()
    return path


@pytest.fixture
def worker(journal: Path) -> Losses:
    losses = Losses()
    losses.add_ended(journal, 12)
    return losses


def test_a_worker_that_lost_nothing_has_nothing_to_tell(worker: Losses) -> None:
    assert told_by(worker) == []


def test_a_journal_that_is_removed_after_its_worker_has_ended_is_told(worker: Losses, journal: Path) -> None:
    journal.unlink()
    (sentence,) = told_by(worker)
    assert sentence.startswith(f"{journal} was removed during the run: at most 12 records are lost")


def test_a_journal_on_another_machine_is_not_missed(worker: Losses, journal: Path) -> None:
    journal.unlink()
    assert told_by(worker, machine="elsewhere") == []
