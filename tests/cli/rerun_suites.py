"""Suites that fail by what ran before, with their records, for tests of what runs tests again."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.projects import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.support.servers import Server

    Suite = Callable[..., "Recorded"]

POLLUTED = {
    "shared.py": """
        state = []
        def check():
            assert not state, state
    """,
    "test_a.py": """
        import shared
        def test_clean(): pass
        def test_pollutes(): shared.state.append("dirt")
        def test_after(): pass
    """,
    "test_b.py": """
        import shared
        def test_other(): pass
        def test_target():
            mine = 42
            shared.check()
        def test_later(): pass
    """,
}
TWO_POLLUTERS = {
    "shared.py": "state = set()\n",
    "test_a.py": """
        import pytest, shared
        @pytest.mark.parametrize("n", range(5))
        def test_step(n):
            shared.state.add(n)
    """,
    "test_b.py": """
        import shared
        def test_target():
            assert not {1, 3} <= shared.state
    """,
}


class Recorded(Project):
    """A suite, and its record in a schema of a server."""

    def edit(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            self.write(name, text)

    def fails(self, *arguments: str, **more: str) -> None:
        """Run the suite, which is to fail."""
        done = self.record(*arguments, **more)
        assert done.returncode == 1, done.stdout + done.stderr
        assert "failure" in done.stdout, done.stdout

    def reproduce(self, *arguments: str, **more: Any) -> dict[str, Any]:
        done = self.debugloop("reproduce", *arguments, "--json", **more)
        assert done.stderr == "", done
        found: dict[str, Any] = json.loads(done.stdout)
        assert (found["schema"], found["version"]) == ("debugloop/reproduce", 1)
        assert done.returncode == (0 if found["reproduced"] else 1)
        return found

    def query(self, text: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.rows(text)]


@pytest.fixture
def suite(tmp_path: Path, own_record: dict[str, str], forked_reruns: None) -> Suite:
    """Make a suite of files."""

    def make(files: dict[str, str], ini: str = "") -> Recorded:
        where = own_record["DEBUGLOOP_DSN"], own_record["DEBUGLOOP_SCHEMA"]
        recorded = Recorded.new(tmp_path / "suite", *where, ini=ini)
        recorded.edit(files)
        return recorded

    return make


@pytest.fixture(scope="module")
def polluted_record(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The record of POLLUTED, whose folder is gone since."""
    with any_postgres.record() as (conninfo, schema):
        folder = tmp_path_factory.mktemp("polluted") / "suite"
        recorded = Recorded.new(folder, conninfo, schema)
        recorded.environment["DEBUGLOOP_PROJECT"] = "polluted"
        recorded.edit(POLLUTED)
        recorded.fails()
        shutil.rmtree(folder)
        yield recorded.variables


@pytest.fixture
def polluted(polluted_record: dict[str, str], tmp_path: Path, forked_reruns: None) -> Recorded:
    """The suite POLLUTED, laid anew for a test that changes it as it likes and adds nothing to its record."""
    recorded = Recorded.new(tmp_path / "suite")
    recorded.environment.update(polluted_record)
    recorded.edit(POLLUTED)
    return recorded
