"""What processes of a run could not record is told once, by the one whose terminal is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.journal.losses import ClosedJournal, Losses

if TYPE_CHECKING:
    from pathlib import Path


def told_by(worker: Losses, **changed: str) -> list[str]:
    controller = Losses()
    controller.add(worker.to_plain() | changed)
    controller.check_closed_journals()
    return controller.sentences()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    path = tmp_path / "gw0.jsonl"
    path.write_bytes(b"line\n" * 13)
    return path


@pytest.fixture
def worker(journal: Path) -> Losses:
    losses = Losses()
    losses.add_closed_journal(ClosedJournal(str(journal), journal.stat().st_size, 12))
    return losses


def test_a_worker_that_lost_nothing_has_nothing_to_tell(worker: Losses) -> None:
    assert told_by(worker) == []


@pytest.mark.parametrize("is_removed", [True, False])
def test_a_journal_that_is_not_as_its_worker_left_it_is_told(
    worker: Losses, journal: Path, *, is_removed: bool
) -> None:
    if is_removed:
        journal.unlink()
    else:
        journal.write_bytes(b"line\n")
    (sentence,) = told_by(worker)
    assert sentence.startswith(f"{journal} was removed or shortened during the run: at most 12 records are lost")


def test_a_journal_on_another_machine_is_not_missed(worker: Losses, journal: Path) -> None:
    journal.unlink()
    assert told_by(worker, machine="elsewhere") == []
