"""Measures the coverage of `pytest_debugloop/` in each process of an environment: runs inside tests, loaders, commands.

`.ci/run` puts it into its environment, with a .pth file that imports it: no variable has to reach a process, where a
test would meet it. By sys.monitoring, which costs little, and leaves tracers to the tests.
"""

import atexit
import contextlib

import coverage

measured = coverage.Coverage(config_file="@CONFIG@", data_suffix=True)
# With `run:source`, each process would look for all files of which it has run nothing: see `.ci/run`.
measured.set_option("run:source", None)
measured.set_option("run:include", ["@PACKAGE@/*"])
for warning in ("_warn_no_data", "_warn_unimported_source", "_warn_preimported_source"):
    setattr(measured, warning, False)  # as coverage.process_startup() does


@atexit.register
def save() -> None:
    """Keep what was measured, where this process may: some tests run as others, or with no room on the disk."""
    with contextlib.suppress(Exception):
        measured.stop()
        measured.save()


measured.start()
