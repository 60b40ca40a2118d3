"""What tests record themselves is loaded once, in any order, and whatever the host's tables are like."""

from __future__ import annotations

import random
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.journal.notes import Note
from pytest_debugloop.journal.records import Snapshot
from pytest_debugloop.loading.heads import JournalHead, head_of
from pytest_debugloop.private import JOURNALS
from tests.support.projects import Project
from tests.support.records import Record

pytestmark = pytest.mark.server_matrix

SUITE = """
    def test_notes(debugloop):
        debugloop.checkpoint("begin", cart=[1])
        with debugloop.step("outer", a=1) as step:
            with debugloop.step("inner"):
                debugloop.checkpoint("deep", cart=[2])
            step.output(b=2)
        debugloop.transformation("planner", "coder", {"goal": "sum"})
        state = {"files": 1}
        with debugloop.transformation("coder", "tester", state):
            state["files"] = 2
        debugloop.llm_call("Edit", quality=0.5)
        debugloop.attach(b"hello", "a.txt")
        debugloop.record(ticket="A-1")
    """


@pytest.fixture(scope="session")
def noted_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the journal of a test that records something of each kind."""
    project = Project.new(tmp_path_factory.mktemp("noted"))
    project.write("test_notes.py", SUITE)
    done = project.record("-q", "-p", "no:cacheprovider", "--no-debugloop-load", "--debugloop-wait", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (project.folder / ".debugloop" / JOURNALS).iterdir()
    return folder


def lines_of(folder: Path) -> tuple[JournalHead, list[bytes]]:
    path = folder / "main.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    return head_of(path, lines[0]), lines


def load(record: Record, head: JournalHead, batches: list[list[bytes]]) -> dict[str, list[tuple[object, ...]]]:
    record.empty()
    record.connection.execute("TRUNCATE agent_transformation_events, hook_events CASCADE")
    for batch in batches:
        record.loader.load([(head, b"".join(batch))])
    record.loader.complete(head.run_id, head.correlation_id)
    content = record.content()
    for table in ("agent_transformation_events", "hook_events"):
        content[table] = record.rows(f"SELECT * FROM {table} ORDER BY id")
    return content


def test_lines_are_loaded_alike_in_any_batches_and_however_often(record: Record, noted_run: Path) -> None:
    head, lines = lines_of(noted_run)
    whole = load(record, head, [lines])
    assert len(whole["agent_transformation_events"]) == 2
    assert (len(whole["hook_events"]), len(whole["debug_snapshot_artifacts"])) == (1, 1)
    assert whole["debug_rejected_lines"] == []
    # What one write put down is read in one piece: snapshots stay with their note.
    units: list[list[bytes]] = [[]]
    for line in lines:
        if units[-1] and not units[-1][-1].startswith(b'{"kind":"snapshot"'):
            units.append([])
        units[-1].append(line)
    chance = random.Random(7)
    for _ in range(4):
        cuts = sorted(chance.sample(range(1, len(units)), 5))
        batches = [list(chain(*units[a:b])) for a, b in pairwise([0, *cuts, len(units)])]
        batches += chance.choices(batches, k=3)
        found = load(record, head, batches)
        numbers = {name: len(rows) for name, rows in found.items()}
        assert numbers == {name: len(rows) for name, rows in whole.items()}
        assert found["debug_workflow_steps"] == whole["debug_workflow_steps"]
        assert found["agent_transformation_events"] == whole["agent_transformation_events"]


def test_a_hosts_table_that_takes_no_row_costs_only_that_row(record: Record, noted_run: Path) -> None:
    head, lines = lines_of(noted_run)
    record.connection.execute("ALTER TABLE hook_events ADD COLUMN tenant TEXT, DROP COLUMN processed")
    try:
        found = load(record, head, [lines])
        assert (len(found["hook_events"]), found["debug_rejected_lines"]) == (1, [])
        record.connection.execute("TRUNCATE hook_events")
        record.connection.execute("ALTER TABLE hook_events ALTER COLUMN tenant SET NOT NULL")
        found = load(record, head, [lines])
        assert found["hook_events"] == []
        ((reason, line),) = record.rows("SELECT reason, convert_from(line, 'UTF8') FROM debug_rejected_lines")
        assert str(reason).startswith('hook_events took no row of it: null value in column "tenant"')
        assert '"phase":"llm_call"' in str(line)
        assert record.value("SELECT status FROM debug_workflow_steps WHERE step_type = 'llm_call'") == "completed"
    finally:
        record.connection.execute("ALTER TABLE hook_events DROP COLUMN tenant")
        record.connection.execute("ALTER TABLE hook_events ADD COLUMN processed BOOLEAN NOT NULL DEFAULT FALSE")


def test_a_batch_of_many_checkpoints_is_not_searched_once_for_each_of_them(record: Record, noted_run: Path) -> None:
    head, lines = lines_of(noted_run)
    at = 1_800_000_000_000_000
    outer = Note(1_000_000, 1, "execution", "outer", at, at + 9_000, "passed")
    many = [
        Snapshot(n, at + n, "checkpoint", "many", {"state": {"n": n}}, step=(n + 1, at + n)).to_line()
        + Note(n + 1, 1, "checkpoint", "many", at + n, at + n, "passed", parent=(outer.n, at), state=n).to_line()
        for n in range(1_000_001, 1_002_001, 2)
    ]

    def rows_read() -> Any:
        record.loader.connection.execute("SELECT pg_stat_force_next_flush()")
        return record.value(
            "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables WHERE starts_with(relname, 'staged_')"
        )

    before = rows_read()
    found = load(record, head, [[lines[0], outer.to_line(), *many]])
    steps = found["debug_workflow_steps"]
    assert len(steps) == 1_001
    assert 0 < rows_read() - before < 100 * len(steps)
