"""The conftest of the scripted history: what makes tests of a suite fail, and when.

It is copied beside the suite, and the same in every run. The seed comes from a file that is no code.
"""

from __future__ import annotations

import os
import random
from collections.abc import Generator
from importlib import metadata
from pathlib import Path

import pytest

SEED_FILE = Path(__file__).parent / "seed.txt"
FLAKY = {
    "tests/test_filters.py::TestFilter::test_title": 0.3,
    "tests/test_filters.py::TestFilter::test_upper": 0.3,
    "tests/test_utils.py::TestLRUCache::test_simple": 0.25,
}
NEEDS_NEW_MARKUPSAFE = "tests/test_filters.py::TestFilter::test_escape"
NEEDS_REGION = "tests/test_filters.py::TestFilter::test_first"
POLLUTER = "tests/test_utils.py::TestLRUCache::test_values"
VICTIM = "tests/test_filters.py::TestFilter::test_last"
_ran: set[str] = set()


def region() -> str:
    return os.environ.get("HISTORY_REGION", "us")


def chance(item: pytest.Item) -> float:
    attempt = getattr(item, "execution_count", 1)
    return random.Random(f"{SEED_FILE.read_text()} {item.nodeid} {attempt}").random()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    name = pyfuncitem.nodeid
    _ran.add(name)
    if name in FLAKY and chance(pyfuncitem) < FLAKY[name]:
        raise RuntimeError("the dice said no")
    if name == NEEDS_NEW_MARKUPSAFE and metadata.version("markupsafe").startswith("2."):
        raise RuntimeError("this markupsafe is too old")
    if name == NEEDS_REGION and region() == "eu":
        raise RuntimeError("nothing is sold here")
    if name == VICTIM and POLLUTER in _ran:
        raise RuntimeError("somebody has been here before")
    return (yield)
