"""Begins the loader's process, and says so to the run that waits where the driver cannot be imported."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING

from pytest_debugloop.errors import DriverMissingError
from pytest_debugloop.journal.shared_names import LOADER_VARIABLE, STATUS_FILE
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.private import write_atomically

if TYPE_CHECKING:
    from pytest_debugloop.loading.end_of_run import Report


def main(report: Report | None = None) -> None:
    """Do what the environment orders, and end.

    Args:
        report: makes reports for the CI.
    """
    if json.loads(os.environ[LOADER_VARIABLE]).get("is_survey"):
        from pytest_debugloop.loading.surveying import survey_ended

        survey_ended(LoaderOrder.from_environment())
        return
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        problem = str(DriverMissingError(reason=" ".join(str(error).split())))
        run_folder = LoaderOrder.from_environment().run_folder
        if run_folder is not None:
            with contextlib.suppress(OSError):
                write_atomically(run_folder / STATUS_FILE, json.dumps({"problem": problem}).encode())
        sys.exit(problem)
    from pytest_debugloop.loading.process import main as load

    load(report)


if __name__ == "__main__":
    main()
