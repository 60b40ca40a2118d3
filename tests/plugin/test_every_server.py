"""One run from its first line to the command, on each kind of server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.projects import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.servers import Server

SUITE = """
    import pathlib

    import pytest

    @pytest.fixture
    def broken():
        raise OSError("no such thing")

    def test_passes():
        pass

    def test_fails():
        found = {"answer": 41, "unit": "\\u00b5"}
        assert found["answer"] == 42

    def test_errors(broken):
        pass

    def test_recovers():
        seen = pathlib.Path("seen")
        if not seen.exists():
            seen.touch()
            raise ConnectionError("not yet")
"""


@pytest.mark.server_matrix
def test_a_run_is_stored_explained_and_shown(postgres: Server, schema: str, tmp_path: Path) -> None:
    project = Project.new(tmp_path, postgres.conninfo, schema)
    project.write("test_suite.py", SUITE)
    run = project.run("-p", "pytest_rerunfailures", "--reruns", "1", "-p", "no:cacheprovider")
    assert (run.ret, run.err) == (1, "")
    assert any("5 failures, 1 recovery" in line for line in run.paragraph), run.out
    record = run.record
    assert record.errors("test_fails")[0].locals == {"found": {"answer": 41, "unit": "µ"}}
    assert [e.recovery_strategy for e in record.errors("test_recovers")] == ["retry"]
    assert record.run["status"] == "finished"
    answer = json.loads(project.printed("show", "--json"))
    assert {f["failure"]["node_id"] for f in answer["failures"]} == {
        f"test_suite.py::test_{name}" for name in ("fails", "errors", "recovers")
    }
    assert project.printed("status").rstrip().endswith("0 migrations pending")
    assert "test_recovers" in project.printed("recoveries")
