"""Leave in the folder of the record which tests have an open failure: the next run traces what these run."""

from __future__ import annotations

import traceback
from pathlib import Path

import psycopg

from pytest_debugloop.journal.open_failures import MAX_TESTS, read_open_failures, write_open_failures
from pytest_debugloop.loading.batch import statement
from pytest_debugloop.loading.loader import Loader

_DAYS = 30


def has_open_failures(folder: Path, project: str) -> bool:
    """Tell whether the last run left open failures of a project.

    Args:
        folder: of the record.
        project: its name, as runs there give it.
    """
    return bool(read_open_failures(folder).get(project))


def leave_open_failures(folder: Path, project: str, loader: Loader) -> bool:
    """Write down which tests of a project have an open failure; nothing is reported where that cannot be.

    Args:
        folder: of the record.
        project: its name, as runs there give it.
        loader: into the database.

    Returns:
        Whether it is known that there are none.
    """
    if not project:
        return False
    try:
        asked = {"project": project, "days": _DAYS, "most": MAX_TESTS}
        with loader.entered() as cursor:
            cursor.execute("SET LOCAL statement_timeout TO '2s'")  # it is not worth waiting for
            tests = [
                {"test": test, **({"leg": leg} if leg else {}), **({"branch": branch} if branch else {})}
                for test, leg, branch in cursor.execute(statement("open_failures"), asked)
            ]
        write_open_failures(folder, project, tests)
        return not tests
    except (OSError, psycopg.OperationalError):
        pass  # the folder is gone, cannot be written or is full; or the database is away or slow
    except Exception:
        traceback.print_exc()
    return False
