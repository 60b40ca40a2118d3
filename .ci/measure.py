"""Measures the coverage of `pytest_debugloop/` in each process of an environment: runs inside tests, loaders, commands.

`.ci/run` puts it into its environment, with a .pth file that imports it: no variable has to reach a process, where a
test would meet it. By sys.monitoring, which costs little, and leaves tracers to the tests.
"""

import atexit
import contextlib
import marshal
import os
import time

import coverage

measured = coverage.Coverage(config_file="@CONFIG@")
# With `run:source`, each process would look for all files of which it has run nothing: see `.ci/run`.
measured.set_option("run:source", None)
measured.set_option("run:include", ["@PACKAGE@/*"])


@atexit.register
def save() -> None:
    """Keep the lines, where this process may: some tests run as others, or with no room on the disk.

    There are thousands of processes, and a database of each would cost a fifth of a run: `merge.py` makes one of all.
    """
    with contextlib.suppress(Exception):
        lines = {file: list(found) for file, found in dict(measured._collector.data).items() if found}
        if lines:
            with open(f"@DATA@-{os.getpid()}-{time.time_ns()}", "xb") as file:  # noqa: PTH123 - tests change pathlib
                marshal.dump(lines, file)


measured.start()
