"""Why the journals of a run could not be stored: kept beside them, and reported until they are stored or removed."""

from __future__ import annotations

import contextlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.journal.shared_names import LOAD_FAILURE_FILE
from pytest_debugloop.private import read_file, write_atomically

TRIES = 3
"""How often it is tried to store the journals of a run that cannot be."""
_LONGEST_REASON = 500
_LARGEST_FILE = 64 * 1024


class LoadFailure(NamedTuple):
    """Why a run could not be stored.

    Attributes:
        folder: of the run.
        reason: in words.
        tries: how often it was tried by this version of the package.
    """

    folder: Path
    reason: str
    tries: int

    @property
    def is_set_aside(self) -> bool:
        """Whether it is not tried any more unless somebody asks for it."""
        return self.tries >= TRIES

    def __str__(self) -> str:
        what = f"the journals in {clean_text(str(self.folder))} could not be stored ({self.reason.rstrip('.')})"
        if self.is_set_aside:
            return f"{what} and are set aside: retry with `debugloop load --again`, or remove the directory."
        return f"{what}: attempt {self.tries} of {TRIES}."


def load_failure_of(folder: Path) -> LoadFailure | None:
    """Read what is kept of a run.

    Args:
        folder: of the run.

    Returns:
        None where it was never tried in vain.
    """
    try:
        with read_file(folder / LOAD_FAILURE_FILE) as file:
            found: dict[str, Any] = json.loads(file.read(_LARGEST_FILE))
        tries = int(found["tries"]) if found["version"] == _version() else 0
        return LoadFailure(folder, clean_text(str(found["reason"]))[:_LONGEST_REASON], tries)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None


def note_load_failure(folder: Path, error: object) -> LoadFailure:
    """Keep that a run could not be stored, and why.

    Args:
        folder: of the run.
        error: what went wrong, or a sentence that says it.
    """
    before = load_failure_of(folder)
    reason = clean_text(" ".join(str(error).split()))[:_LONGEST_REASON] or type(error).__name__
    found = LoadFailure(folder, reason, 1 + (before.tries if before is not None else 0))
    kept = {"version": _version(), "tries": found.tries, "reason": found.reason}
    with contextlib.suppress(OSError):  # then it is tried for ever, and reported each time
        write_atomically(folder / LOAD_FAILURE_FILE, json.dumps(kept).encode())
    return found


def _version() -> str:
    """Name the version of this package: what one cannot read another may."""
    try:
        return metadata.version("pytest-debugloop")
    except metadata.PackageNotFoundError:
        return ""
