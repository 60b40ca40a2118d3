"""Which tests have failed and not passed since, as the loader left it in the folder of the record."""

from __future__ import annotations

import json
from pathlib import Path

from pytest_debugloop.journal.handover import OPEN_FAILURES_FILE, OPEN_FAILURES_MOST
from pytest_debugloop.private import read_file

_LARGEST = 4 * 1024 * 1024


def open_failures(folder: Path, project: str) -> frozenset[str]:
    """Give the tests of a project that have an open failure.

    A branch or a leg that stands beside a test is not asked for: that a test is traced in vain costs little.

    Args:
        folder: of the record.
        project: its name.

    Returns:
        Their names across runs; none where the file cannot be read, or holds something else.
    """
    try:
        with read_file(folder / OPEN_FAILURES_FILE) as file:
            data = file.read(_LARGEST + 1)
        entries = json.loads(data)["projects"][project] if len(data) <= _LARGEST else ()
        return frozenset(entry["test"] for entry in entries[:OPEN_FAILURES_MOST] if type(entry["test"]) is str)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return frozenset()
