"""Tests that share something are one worker's, whatever pytest-xdist makes of node ids."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SUITE = """
    import os
    import pytest

    WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")

    def note(name):
        with open("ran.txt", "a") as ran:
            ran.write(f"{name} {WORKER}\\n")

    @pytest.fixture(scope="module")
    def made_once():
        note("made")

    @pytest.fixture(scope="module", params=["one", "two"])
    def made_for_each(request):
        note(f"made-{request.param}")
        return request.param

    @pytest.mark.parametrize("n", range(6))
    @pytest.mark.xdist_group("marked")
    def test_marked(n):
        note("marked")

    @pytest.mark.parametrize("n", range(6))
    def test_sharing(made_once, n):
        note("sharing")

    @pytest.mark.parametrize("n", range(6))
    def test_for_each(made_for_each, n):
        note(f"each-{made_for_each}")

    @pytest.mark.parametrize("n", range(20))
    def test_free(n):
        note("free")
"""


def test_what_is_shared_is_run_and_made_by_one_worker_and_the_rest_by_all(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # they take three times as long to start
    pytester.makeconftest('pytest_plugins = ["tests.support.distribution"]\n')
    pytester.makepyfile(SUITE)
    checkout = Path(__file__).parents[2]
    words = ("-p", "xdist", "-n2", "--dist=loadgroup", "-o", f"pythonpath={checkout}", "-p", "no:cacheprovider")
    done = pytester.runpytest_subprocess(*words)
    done.assert_outcomes(passed=44)
    ran = [line.split() for line in (pytester.path / "ran.txt").read_text().splitlines()]
    workers = {name: {worker for what, worker in ran if what == name} for name, _ in ran}
    assert {name: len(found) for name, found in workers.items() if name != "free"} == dict.fromkeys(
        ("marked", "made", "sharing", "made-one", "made-two", "each-one", "each-two"), 1
    )
    assert sum(what.startswith("made") for what, _ in ran) == 3
    assert set().union(*workers.values()) == {"gw0", "gw1"}
