"""`debugloop why --bisect`: the commit between two runs that made the difference, in a clone that is gone after."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_why import Fixed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import Server

pytestmark = pytest.mark.usefixtures("forked_reruns")

BAD, GOOD, NOISE = "def total(): return 1\n", "def total(): return 2\n", "# {}\n"
TEST = "import shop\ndef test_total(): assert shop.total() == 2\n"


@pytest.fixture(scope="module")
def history(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fixed]:
    """A test that failed, and passed nine commits later; one of them cannot be imported."""
    with any_postgres.record() as (conninfo, schema):
        made = Fixed.new(tmp_path_factory.mktemp("history") / "suite", conninfo, schema)
        made.environment["DEBUGLOOP_PROJECT"] = "history"
        made.write(".gitignore", ".debugloop/\n__pycache__/\n")
        made.git("init")
        made.commit({"shop.py": BAD, "test_shop.py": TEST})
        made.fails()
        for number in range(9):
            state = BAD if number < 5 else GOOD
            made.commit({"shop.py": "no python\n" if number == 2 else state + NOISE.format(number)})
        assert made.record().returncode == 0
        yield made


def test_the_commit_that_mended_it_is_found_and_nothing_of_the_search_is_left(
    history: Fixed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.write("shop.py", "not committed\n")
    before = history.content()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # others use the usual one at the same time
    status = history.git("status", "--porcelain"), history.git("for-each-ref"), history.git("worktree", "list")
    done = history.debugloop("why", "test_total", "--bisect", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    first = found["bisect"]["first"]["id"]
    assert first == history.git("rev-list", "HEAD", "-n", "4").split()[-1]
    assert found["bisect"]["runs"] == len(found["trials"]) <= 7
    assert {one["answer"] for one in found["trials"] if one["commit"] == first} == {"new"}
    assert history.content() == before
    assert (
        history.git("status", "--porcelain"),
        history.git("for-each-ref"),
        history.git("worktree", "list"),
    ) == status
    assert list(tmp_path.iterdir()) == []
    assert f"it has passed since {first[:12]} more" in history.debugloop("why", "test_total", "--bisect").stdout
    history.git("checkout", "shop.py")


def test_a_range_is_told_where_commits_cannot_be_tested_or_the_runs_are_used_up(history: Fixed) -> None:
    done = history.debugloop("why", "test_total", "--bisect", "--max-runs", "3")
    assert done.returncode == 1
    assert "it has passed since one of these commits" in done.stdout


def test_what_no_search_can_tell_is_said_in_one_sentence(history: Fixed, tmp_path: Path) -> None:
    shallow = Fixed(tmp_path / "shallow", history.conninfo, history.schema, history.environment)
    history.git("clone", "--quiet", "--depth", "1", f"file://{history.folder}", str(shallow.folder))
    done = shallow.debugloop("why", "test_total", "--bisect")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    assert "the clone is shallow, so run `git fetch --unshallow`" in done.stderr
