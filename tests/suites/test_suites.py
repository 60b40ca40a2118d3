"""The suites of others run as they would without us, and the record says of them what pytest said.

By default the quick ones, one of them also with pytest-xdist; DEBUGLOOP_TEST_SUITES=all runs every one in each way, as
`tox -e suites` does.
"""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.suites.compare import ASPECTS, compare
from tests.suites.environments import build_project, default_cache, environment, skip_if_unavailable
from tests.suites.running import JUnit, Observed, Report
from tests.suites.suites import SUITES, Suite
from tests.support import groups

if TYPE_CHECKING:
    from tests.support.servers import Server

ALL = os.environ.get("DEBUGLOOP_TEST_SUITES") == "all"
CHOSEN = [suite for suite in SUITES if suite.quick or ALL]


@pytest.fixture(scope="session")
def site() -> Path:
    """This project, installed as a user would have it."""
    with skip_if_unavailable():
        return build_project()


@groups.suites
@pytest.mark.slow
@pytest.mark.parametrize("suite", CHOSEN, ids=lambda suite: suite.name)
def test_a_suite_runs_as_it_would_and_is_recorded_as_it_ran(
    suite: Suite, site: Path, any_postgres: Server, tmp_path: Path
) -> None:
    with skip_if_unavailable():
        made = environment(suite, default_cache())
    in_parallel = ALL or suite.quick_parallel
    for comparison in compare(suite, made, site, any_postgres, tmp_path / "run", in_parallel=in_parallel):
        print(comparison)  # noqa: T201
        assert not comparison.differences, str(comparison)
        assert not comparison.problems, str(comparison)
        assert comparison.recorded.junit.tests > 10


@pytest.mark.parametrize("python", [None, Path(sys.executable)], ids=["this Python", "a Python given"])
def test_a_suite_for_newer_pythons_is_skipped(tmp_path: Path, python: Path | None) -> None:
    newer = dataclasses.replace(SUITES[0], python=(sys.version_info[0], sys.version_info[1] + 1))
    with pytest.raises(pytest.skip.Exception, match="needs Python 3"), skip_if_unavailable():
        environment(newer, tmp_path, python)


def test_at_least_four_suites_are_run_by_default() -> None:
    assert sum(suite.quick for suite in SUITES) >= 4


# -- the comparison itself can fail ------------------------------------------------------------------------------------

SEEN = Observed(
    exit_status=1,
    counts="1 failed",
    reports=(Report("test_a.py::test", "call", "failed", None, "", "assert 0", "[]", "[]"),),
    collect=(),
    warnings=(("UserWarning", "a.py", "3", "take care", "runtest", "test_a.py::test", "None"),),
    stdout=("1 failed",),
    stderr=(),
    junit=JUnit(1, 1, 0, 0),
    seconds=1.0,
)


@pytest.mark.parametrize(
    ("aspect", "changed"),
    [
        ("exit status", {"exit_status": 0}),
        ("counts", {"counts": "1 passed"}),
        ("outcome", {"reports": (SEEN.reports[0]._replace(outcome="passed"),)}),
        ("outcome", {"reports": (SEEN.reports[0]._replace(node_id="test_a.py::other"),)}),
        ("outcome", {"reports": SEEN.reports * 2}),
        ("report", {"reports": (SEEN.reports[0]._replace(text="assert 1"),)}),
        ("report", {"reports": (SEEN.reports[0]._replace(sections="[['out', 'x']]"),)}),
        ("collection", {"collect": (("test_b.py", "failed", "x"),)}),
        ("warning", {"warnings": ()}),
        ("warning", {"warnings": SEEN.warnings * 2}),
        ("stderr line", {"stderr": ("x",)}),
        ("JUnit XML", {"junit": JUnit(2, 1, 0, 0)}),
        ("terminal line", {"stdout": ("1 failed", "x")}),
    ],
)
def test_a_difference_is_seen(aspect: str, changed: dict[str, object]) -> None:
    other = dataclasses.replace(SEEN, **changed)  # type: ignore[arg-type]
    seen = {a.name for a in ASPECTS if Counter(a.items(SEEN)) != Counter(a.items(other))}
    assert aspect in seen
