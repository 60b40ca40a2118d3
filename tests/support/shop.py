"""The example suite, recorded with a fault that is then mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

# Seconds: many tests read this record, and what changes before a run is stored is not what the run was run on.
LONG = "90"


def recorded_shop(folder: Path) -> Project:
    """Run the example suite three times: with a fault that is mended, on a branch, after the first.

    Args:
        folder: that does not exist; it gets the suite, and its record.
    """
    project = Project.example(folder)
    project.git("init")
    project.git("add", ".")
    project.git("commit", "-m", "first")
    assert project.record("--reruns", "1", DEBUGLOOP_WAIT=LONG).returncode == 1
    source = project.folder / "orders.py"
    faulty = source.read_text(encoding="utf-8")
    mended = faulty.replace("quantize(Decimal(1))", 'quantize(Decimal("0.01"))')
    assert mended != faulty
    source.write_text(mended, encoding="utf-8")
    project.git("checkout", "-b", "mend")
    project.git("commit", "-am", "second")
    assert project.record("--reruns", "1", DEBUGLOOP_WAIT=LONG).returncode == 1
    assert project.record("--reruns", "1", DEBUGLOOP_WAIT=LONG).returncode == 1
    return project
