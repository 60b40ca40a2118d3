"""Whether a run may end before it is stored: only if the record can have nothing to say of it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.environment.ci import seconds_to_stay
from pytest_debugloop.journal.left_runs import has_journals, is_about_to_be_stored
from pytest_debugloop.journal.shared_names import NOTHING_OPEN_FILE
from pytest_debugloop.private import JOURNALS, list_folder

if TYPE_CHECKING:
    from pytest_debugloop.settings import Settings

SHORT_SECONDS = 0.03
"""How long such a run waits: it is not noticed, and often enough."""
_OF_CONTAINERS = ("/.dockerenv", "/run/.containerenv")


class ShortWait:
    """Decides, at the start by the settings and at the end by what happened.

    Args:
        settings: of the run.
        folder: of the record.
        run_folder: of the run's journals.

    Attributes:
        is_possible: whether it may be enough, as far as the settings tell.
    """

    def __init__(self, settings: Settings, folder: Path, run_folder: Path) -> None:
        self._is_remote = bool(settings.dsn)
        self._journals = folder / JOURNALS
        self._run_folder = run_folder
        # A user who has set the time to wait wants to; and the loader has to survive this process.
        is_wanted = settings.load and "wait" not in settings.given and seconds_to_stay(1, os.environ) > 0
        # The first run shows that recording works; it makes a database, and its folder may be one to throw away.
        self.is_possible = is_wanted and (not _may_vanish() if self._is_remote else (folder / "postgres").is_dir())

    def is_enough(self) -> bool:
        """Tell whether it is enough for a run in which nothing failed, and no test ran that had an open failure."""
        if not self.is_possible:
            return False
        # On a server of many, only the loader can know of open failures.
        return (not self._is_remote or (self._run_folder / NOTHING_OPEN_FILE).exists()) and not self._others_wait()

    def _others_wait(self) -> bool:
        """Tell whether earlier runs could not be stored: the loader will say why."""
        with suppress(OSError):
            folders = [self._journals / name for name in list_folder(self._journals) if name != self._run_folder.name]
            return any(has_journals(one) and not is_about_to_be_stored(one) for one in folders)
        return True


def _may_vanish() -> bool:
    """Tell whether this machine may be gone with the process, and the journals with it, as those of a container."""
    return "KUBERNETES_SERVICE_HOST" in os.environ or any(Path(name).exists() for name in _OF_CONTAINERS)
