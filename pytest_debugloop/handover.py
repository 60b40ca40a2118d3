"""What the test process and the loader agree on: names of files, and of the variable that carries the order."""

from __future__ import annotations

JOURNALS = "journals"
"""Folder, below that of the record, with a folder for each run."""

SUFFIX = ".jsonl"
"""Ending of a journal's name."""

MAIN_JOURNAL = "main" + SUFFIX
"""The journal of the process that the user started; an xdist worker's is named after the worker."""

STATUS_FILE = "status.json"
"""What the loader stored, in the run's folder, once it is done with it."""

LOADER_LOCK = "loader.lock"
"""Held by the loader of a run, in the run's folder."""

LOADER_LOG = "loader.log"
"""What a loader has to say beyond its status, in the folder of the record."""

LOADER_VARIABLE = "PYTEST_DEBUGLOOP_LOADER"
"""The loader's order, as JSON."""
