"""Which runs of a folder the record does not have yet: their journals wait, or a loader is at work."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.journal.left_runs import runs_about_to_be_stored
from pytest_debugloop.private import JOURNALS, NotPrivateError, list_folder
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.words import counted, listed

_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """Runs that the record does not have yet, or not all of them.

    Attributes:
        waiting: number of runs whose journals wait for ``debugloop load``.
        going_on: number of runs that are in progress, or that a loader is storing.
        set_aside: number of runs that could not be stored, and are not tried again by themselves.
    """

    waiting: int = 0
    going_on: int = 0
    set_aside: int = 0

    def lines(self) -> Iterator[Line]:
        """Say so, before anything else is said; nothing where the record has all."""
        parts = [
            f"{counted(self.waiting, 'run')} waiting for `debugloop load`" if self.waiting else "",
            f"{counted(self.going_on, 'run')} in progress or being stored" if self.going_on else "",
            f"{counted(self.set_aside, 'run')} set aside, see `debugloop doctor`" if self.set_aside else "",
        ]
        if any(parts):
            yield Line.of(f"Not yet in the record: {listed([one for one in parts if one])}.", "warn")


def not_loaded(location: RecordLocation) -> NotLoaded:
    """Look which runs' journals are there, without a database; those that are stored this moment are waited for.

    Args:
        location: where the record is, of which the journals are beside it or in the user's own folder.
    """
    order = location.loader_order()
    if not any(_has_entries(folder) for folder in (order.folder / JOURNALS, order.fallback) if folder):
        return NotLoaded()  # as nearly always: the loader's modules are not imported
    await_left_runs(location)
    from pytest_debugloop.loading.waiting import waiting_runs

    found = waiting_runs(order)
    return NotLoaded(len(found.waiting), len(found.going_on), len(found.set_aside))


def await_left_runs(location: RecordLocation) -> None:
    """Wait for runs whose process has ended and that are stored this moment: who asks at once means the last of them.

    Args:
        location: where the record is.
    """
    deadline = time.monotonic() + _PATIENCE
    while runs_about_to_be_stored(location.folder / JOURNALS) and time.monotonic() < deadline:
        time.sleep(0.02)


def _has_entries(folder: Path) -> bool:
    with contextlib.suppress(NotPrivateError):
        return bool(list_folder(folder))
    return False
