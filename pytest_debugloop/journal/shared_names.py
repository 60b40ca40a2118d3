"""Names that the test process and the loader share: of files and variables."""

from __future__ import annotations

JOURNAL_SUFFIX = ".jsonl"
"""Ending of a journal's name."""

MAIN_JOURNAL = "main" + JOURNAL_SUFFIX
"""The journal of the process that the user started; an xdist worker's is named after the worker."""

STATUS_FILE = "status.json"
"""What the loader stored, in the run's folder, once it is done with it."""

LOADER_LOCK = "loader.lock"
"""Held by the loader of a run, in the run's folder."""

STARTED_LOADER_BIT = 0o100
"""A bit of the lock's mode: the loader that the run started has held it, and not only those of other runs."""

LOAD_FAILURE_FILE = "trouble.json"
"""Why the journals of a run could not be stored, and how often that was tried, in the run's folder."""

LEFT_FILE = "left"
"""The run's process does not wait for the loader any more, in the run's folder."""

NOTHING_OPEN_FILE = "nothing-open"
"""The loader has asked a server of many: no test of the project has an open failure. In the run's folder."""

LOADER_LOG = "loader.log"
"""What a loader has to say beyond its status, in the folder of the record."""

OPEN_FAILURES_FILE = "open-failures.json"
"""Which tests have failed and not passed since, in the folder of the record: runs trace what these run."""

LOADER_VARIABLE = "PYTEST_DEBUGLOOP_LOADER"
"""The loader's order, as JSON."""

SHARED_SESSION_VARIABLE = "PYTEST_DEBUGLOOP_SHARED_SESSION"
"""Set where the loader was started in the session of the run, and is to leave it."""


WORKER_INPUT = "debugloop"
"""Under this name a worker of pytest-xdist is given how it records, and gives what it lost, if it does."""
