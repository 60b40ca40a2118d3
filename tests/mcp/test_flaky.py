"""What an agent gets of a test that fails now and then, and of values that differed when it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.mcp.server import make_server
from tests.mcp.conftest import answer_of, call
from tests.support.projects import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import Server

SUITE = """
import os

def test_flaky():
    assert os.environ["SHOP_MODE"] == "good", os.environ["SHOP_" + "RATE"]

def test_steady():
    pass
"""


@pytest.fixture(scope="module")
def ask(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Ask about a test that failed twice and passed twice, whenever two variables had other values."""
    with any_postgres.record() as (conninfo, schema):
        project = Project.new(tmp_path_factory.mktemp("flaky"), conninfo, schema)
        project.write("test_it.py", SUITE)
        for mode in ("bad", "good") * 2:
            done = project.record("-q", SHOP_MODE=mode, SHOP_RATE=f"the rate of {mode}")
            assert done.returncode == (mode == "bad")
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(project.folder)
            location = RecordLocation.from_settings({"debugloop_dsn": conninfo, "debugloop_schema": schema})
            with RecordReader(location) as reader:
                server = make_server(location, reader)
                yield lambda name, **arguments: answer_of(call(server, name, **arguments))


def test_a_flaky_test_is_told_with_its_rate_and_its_last_failure(ask: Callable[..., Any]) -> None:
    answer = ask("flaky_tests")
    assert answer["total"] == 1
    (test,) = answer["tests"]
    assert test["test"]["text"] == "test_it.py::test_flaky"
    flakiness = test["flakiness"]
    assert (flakiness["verdict"], flakiness["failures"], flakiness["attempts"]) == ("flaky", 2, 4)
    assert 0 < flakiness["rate_low"] < flakiness["rate_high"] < 1
    assert "the rate of bad" in test["message"]["text"]
    failed = ask("test_history", test="test_flaky")["attempts"][1]
    assert (failed["outcome"], failed["error_id"]) == ("failed", test["last_error_id"])


def test_a_value_that_is_known_by_its_hash_alone_is_said_not_to_be_kept(ask: Callable[..., Any]) -> None:
    first = ask("recoveries")["recoveries"][-1]["recovered"]
    changed = {one["name"]["text"]: (one["before"]["text"], one["after"]["text"]) for one in first["changed"]}
    assert first["strategy"] == "environment_change"
    assert changed == {"SHOP_MODE": ("bad", "good"), "SHOP_RATE": ("a value that is not kept",) * 2}
