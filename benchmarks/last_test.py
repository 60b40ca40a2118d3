"""A plugin for benchmarks: writes down when the tests of a run were over, of plain runs and recorded ones alike.

It is loaded by its path, for the benchmarked interpreter has not got this package.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

VARIABLE = "BENCHMARK_LAST_TEST"
"""Names the file to write to."""


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    """Note the moment, as the first of all."""
    Path(os.environ[VARIABLE]).write_text(repr(time.time()), encoding="ascii")
