"""Journals made by really running the example suite, with a database that is never there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_debugloop.private import JOURNALS
from tests.support.projects import Project

if TYPE_CHECKING:
    from pathlib import Path


def record_example(folder: Path, *arguments: str) -> Path:
    """Run the example suite and leave its journals waiting; give the folder of the run."""
    suite = folder / "orders"
    project = Project(suite) if suite.exists() else Project.example(suite)
    nowhere = ("--debugloop-dsn", f"host={folder} connect_timeout=2", "--debugloop-wait", "60")
    done = project.record("-q", "-p", "no:cacheprovider", "--reruns", "1", *nowhere, *arguments)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is not stored" in done.stdout, done.stdout
    runs = sorted((suite / ".debugloop" / JOURNALS).iterdir(), key=lambda path: path.stat().st_mtime)
    return runs[-1]
