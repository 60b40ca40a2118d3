"""Leave in the folder of the record which tests have an open failure: the next run traces what these run."""

from __future__ import annotations

import json
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from pytest_debugloop.journal.handover import OPEN_FAILURES_FILE, OPEN_FAILURES_MOST
from pytest_debugloop.loading.loader import Loader, statement
from pytest_debugloop.private import read_file, remove, write_whole

_LARGEST = 4 * 1024 * 1024
_MOST_PROJECTS = 50
_LONGEST_NAMES = 1024 * 1024
_DAYS = 30


def leave_open_failures(folder: Path, project: str, loader: Loader) -> None:
    """Write down which tests of a project have an open failure; nobody is told where that cannot be.

    Args:
        folder: of the record.
        project: its name, as runs there give it.
        loader: into the database.
    """
    if not project:
        return
    try:
        asked = {"project": project, "days": _DAYS, "most": OPEN_FAILURES_MOST}
        with loader.entered() as cursor:
            cursor.execute("SET LOCAL statement_timeout TO '2s'")  # it is not worth waiting for
            tests = [
                {"test": test, **({"leg": leg} if leg else {}), **({"branch": branch} if branch else {})}
                for test, leg, branch in cursor.execute(statement("open_failures"), asked)
            ]
        _write(folder / OPEN_FAILURES_FILE, project, tests)
    except (OSError, psycopg.OperationalError):
        pass  # the folder is gone, cannot be written or is full; or the database is away or slow
    except Exception:
        traceback.print_exc()


def _write(path: Path, project: str, tests: Sequence[dict[str, str]]) -> None:
    before = _read(path)
    kept: list[dict[str, str]] = []
    size = 0
    for test in tests:
        size += len(test["test"])
        if size > _LONGEST_NAMES:
            break
        kept.append(test)
    projects = {name: found for name, found in before.items() if name != project}
    if kept:
        projects = {project: kept, **dict(list(projects.items())[: _MOST_PROJECTS - 1])}
    if projects == before:
        return
    if projects:
        write_whole(path, json.dumps({"format": 1, "projects": projects}).encode())
    else:
        remove(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        with read_file(path) as file:
            found = json.loads(file.read(_LARGEST))["projects"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return found if type(found) is dict else {}
