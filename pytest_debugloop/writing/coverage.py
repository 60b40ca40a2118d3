"""Whether coverage keeps what each test runs, and where: the loader reads it when the run is over."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

_PLUGIN = "_cov"  # under which pytest-cov registers itself where it measures


def coverage_facts(config: pytest.Config) -> dict[str, Any] | None:
    """Say where pytest-cov leaves the lines of each test (``--cov-context=test``, ``dynamic_context``).

    Args:
        config: of the run, in the process that the user started.

    Returns:
        ``data_file``, a whole path; ``folder``, which relative names in it are from; ``by_function``, whether contexts
        are called like the test's function and not by node id. None where pytest-cov does not measure, keeps no
        contexts, or appends to those of earlier runs.
    """
    coverage = sys.modules.get("coverage")
    if coverage is None or not config.pluginmanager.hasplugin(_PLUGIN) or config.getoption("cov_append", None):
        return None
    try:
        current = coverage.Coverage.current()
        by_function = config.getoption("cov_context", None) != "test"
        if current is None or (by_function and current.get_option("run:dynamic_context") != "test_function"):
            return None
        folder = str(config.invocation_params.dir)
        data_file = os.path.join(folder, current.get_option("run:data_file"))  # noqa: PTH118 - as coverage has it
    except Exception:  # another coverage than the one we know: its data are not needed
        return None
    return {"data_file": data_file, "folder": folder, "by_function": by_function}
