"""Whatever order and however often lines are loaded, the record is the same; and no line blocks another."""

from __future__ import annotations

import json
import os
import random
import threading
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_debugloop.loading.heads import JournalHead, head_of
from pytest_debugloop.loading.journals import JournalFile
from pytest_debugloop.loading.loader import Loader
from pytest_debugloop.loading.recoveries import reasons
from pytest_debugloop.loading.recoveries.findings import Findings
from pytest_debugloop.loading.recoveries.together import Judged, in_order
from pytest_debugloop.loading.run import RunLoading
from tests.support.made_runs import MadeRun
from tests.support.records import Record

pytestmark = pytest.mark.server_matrix


def journal_lines(folder: Path, name: str = "main") -> tuple[JournalHead, list[bytes]]:
    path = folder / f"{name}.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    return head_of(path, lines[0]), lines


def load_whole(record: Record, folder: Path) -> dict[str, int]:
    run = RunLoading(folder)
    assert run.has_ended()
    return run.complete(record.loader)


def test_a_whole_run_is_stored_and_its_journal_removed(record: Record, run_folder: Path) -> None:
    totals = load_whole(record, run_folder)
    assert totals == {"step": 57, "failure": 9, "recovery": 1}
    assert record.value("SELECT count(*) FROM debug_workflow_steps WHERE status = 'started'") == 0
    assert record.rows("SELECT status, exit_status, steps_total, errors_total, recoveries_total FROM debug_runs") == [
        ("finished", 1, 57, 9, 1)
    ]
    assert record.value("SELECT count(*) FROM debug_rejected_lines") == 0
    assert not list(run_folder.glob("*.jsonl"))


def test_a_run_ends_with_the_last_of_its_journals_however_late_that_comes(
    parallel_run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JournalFile, "is_abandoned", lambda self: False)  # as if their processes were there
    main = parallel_run_folder / "main.jsonl"
    lines = main.read_bytes().splitlines(keepends=True)
    workers, last = {}, {}
    for path in parallel_run_folder.glob("*.jsonl"):
        if path != main:
            begin, mark, end = path.read_bytes().rpartition(b'{"kind":"finish"')
            workers[path], last[path] = begin, mark + end
    for path in (main, *workers):
        path.unlink()
    write(main, b"".join(lines[:-1]))
    run = RunLoading(parallel_run_folder)
    assert not run.has_failed(), "the workers have the failures"
    assert run.is_growing()
    assert not run.is_growing()
    status = parallel_run_folder.stat()
    for path, data in workers.items():
        write(path, data)
    os.utime(parallel_run_folder, ns=(status.st_atime_ns, status.st_mtime_ns))  # as in one tick of a coarse clock
    write(main, lines[-1])
    assert not run.has_ended()
    for path, line in last.items():
        write(path, line)
    assert run.has_ended()
    assert run.has_failed()


def write(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)
    path.chmod(0o600)


def test_steps_are_numbered_densely_in_order_of_start(record: Record, parallel_run_folder: Path) -> None:
    load_whole(record, parallel_run_folder)
    numbers = record.rows("SELECT step_number FROM debug_workflow_steps ORDER BY started_at, id")
    assert [row[0] for row in numbers] == list(range(1, len(numbers) + 1))
    assert record.value("SELECT count(DISTINCT agent_name) FROM debug_workflow_steps") == 2
    depends = record.rows(
        "SELECT count(*) FROM debug_workflow_steps AS s JOIN debug_workflow_steps AS d "
        "ON d.correlation_id = s.correlation_id AND d.step_number = ANY (s.depends_on_steps) "
        "WHERE d.operation_name <> s.operation_name OR d.started_at > s.started_at"
    )
    assert depends == [(0,)]


def test_loading_again_changes_nothing(record: Record, run_folder: Path) -> None:
    head, lines = journal_lines(run_folder)
    load_whole(record, run_folder)
    before = record.content()
    for part in (lines, lines[: len(lines) // 2], lines[len(lines) // 3 :]):
        record.loader.load([(head, b"".join(part))])
        record.loader.complete(head.run_id, head.correlation_id)
        assert record.content() == before


@settings(max_examples=settings().max_examples // 20)
@given(seed=st.integers(0, 2**32), pieces=st.integers(1, 40), repeats=st.integers(0, 10))
def test_any_cut_into_batches_and_any_repetition_of_them_gives_the_same_record(
    any_record: Record, recorded_run: Path, seed: int, pieces: int, repeats: int
) -> None:
    head, lines = journal_lines(recorded_run)
    chance = random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(lines)), pieces - 1)) if pieces > 1 else []
    batches = [lines[a:b] for a, b in pairwise([0, *cuts, len(lines)])]
    # What one write put down is read in one piece: a snapshot stays with its error.
    for before, after in pairwise(batches):
        if before[-1].startswith(b'{"kind":"snapshot"'):
            after.insert(0, before.pop())
    # A loader that died begins again with anything that was loaded before.
    for _ in range(repeats):
        again = chance.randrange(len(batches))
        batches.insert(chance.randint(again + 1, len(batches)), batches[again])

    def load(order: list[list[bytes]]) -> dict[str, list[tuple[object, ...]]]:
        any_record.connection.execute(
            "TRUNCATE debug_runs, debug_tasks, debug_workflow_steps, debug_error_events, debug_success_events, "
            "debug_state_snapshots, debug_error_success_correlation, debug_rejected_lines CASCADE"
        )
        for batch in order:
            any_record.loader.load([(head, b"".join(batch))])
        any_record.loader.complete(head.run_id, head.correlation_id)
        return any_record.content()

    assert load(batches) == load([lines])


POISON = {
    "not JSON": b'{"kind":"step","n":}\n',
    "cut in the middle": b'{"kind":"step","n":7,"phase":"setup","node_\n',
    "not UTF-8": b'{"kind":"step","n":7,"phase":"\xff\xfe"}\n',
    "a control character": b'{"kind":"step","n":7,"phase":"\x01"}\n',
    "a byte of the copy's own": b'{"kind":"step","n":7,"phase":"\x02"}\n',
    "NUL": b'{"kind":"step","n":7,"phase":"a\x00b"}\n',
    "an escaped NUL": b'{"kind":"step","rev":0,"n":999983,"phase":"a\\u0000","node_id":"a","attempt":1,"started":1}\n',
    "a lone surrogate": b'{"kind":"step","rev":0,"n":999983,"phase":"\\ud800","node_id":"a","attempt":1,"started":1}\n',
    "a number too large": b'{"kind":"step","rev":0,"n":999983,"phase":"x","node_id":"a","attempt":1e30,"started":1}\n',
    "no number": b'{"kind":"step","rev":0,"phase":"setup","node_id":"a","attempt":1,"started":1}\n',
    "an outcome that is none": (
        b'{"kind":"step","rev":1,"n":999983,"phase":"call","node_id":"a","attempt":1,"started":1,"ended":2,'
        b'"outcome":"shrug"}\n'
    ),
    "a severity that is none": (
        b'{"kind":"error","n":999983,"at":1,"node_id":"a","type":"x","category":"user","severity":"odd","message":"m",'
        b'"code":"c","metadata":{}}\n'
    ),
    "an unknown kind": b'{"kind":"surprise","n":7}\n',
    "no kind": b'{"n":7}\n',
    "an array": b'["kind","step"]\n',
    "nested too deep": b'{"kind":"snapshot","n":1,"state":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "a quote of the copy's own": b"\\.\n",
}


@pytest.mark.parametrize("poison", POISON.values(), ids=POISON.keys())
def test_a_poison_line_is_set_aside_and_blocks_no_other(any_record: Record, run_folder: Path, poison: bytes) -> None:
    path = run_folder / "main.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:40], poison, *lines[40:]]))
    assert load_whole(any_record, run_folder) == {"step": 57, "failure": 9, "recovery": 1}
    kept = any_record.rows("SELECT line, reason FROM debug_rejected_lines")
    assert len(kept) == 1
    line, reason = kept[0]
    assert isinstance(line, bytes)
    if poison.startswith((b'{"kind":"surprise', b'{"n":7}', b"[")):
        assert json.loads(line) == json.loads(poison)  # the server writes its jsonb in its own way
    else:
        assert line == poison.rstrip(b"\n")
    assert isinstance(reason, str)
    assert reason
    assert any_record.loader.rejected == 1


def test_every_server_sets_each_poison_line_aside(record: Record, run_folder: Path) -> None:
    path = run_folder / "main.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:40], *POISON.values(), *lines[40:]]))
    assert load_whole(record, run_folder) == {"step": 57, "failure": 9, "recovery": 1}
    assert record.value("SELECT count(*) FROM debug_rejected_lines WHERE reason <> ''") == len(POISON)


def test_an_error_is_kept_when_its_snapshot_is_refused(record: Record, run_folder: Path) -> None:
    path = run_folder / "main.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith(b'{"kind":"snapshot"'))
    lines[at] = lines[at].replace(b'"state":{', b'"state":{"bad":"\\u0000",', 1)
    path.write_bytes(b"".join(lines))
    assert load_whole(record, run_folder) == {"step": 57, "failure": 9, "recovery": 1}
    assert record.value("SELECT count(*) FROM debug_rejected_lines") == 1
    assert record.value("SELECT count(*) FROM debug_error_events WHERE state_snapshot_id IS NULL") == 1


def test_states_that_no_recorder_made_keep_no_run_from_being_concluded(any_record: Record, run_folder: Path) -> None:
    path = run_folder / "main.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for at, line in enumerate(lines):
        if line.startswith(b'{"kind":"snapshot"'):
            state = {"exceptions": 7, "frames": {"a": [1]}, "fixtures": "x", "test": [], "at": at}
            lines[at] = json.dumps({**json.loads(line), "state": state}, separators=(",", ":")).encode() + b"\n"
    path.write_bytes(b"".join(lines))
    assert load_whole(any_record, run_folder) == {"step": 57, "failure": 9, "recovery": 1}


def test_a_damaged_first_line_costs_only_itself(record: Record, run_folder: Path) -> None:
    path = run_folder / "main.jsonl"
    path.write_bytes(b"#" + path.read_bytes())
    load_whole(record, run_folder)
    assert record.value("SELECT count(*) FROM debug_workflow_steps WHERE step_type <> 'fixture'") == 57
    correlation_id = run_folder.name.partition("_")[0]
    assert record.rows("SELECT DISTINCT correlation_id::text, agent_name FROM debug_workflow_steps") == [
        (correlation_id, "pytest")
    ]
    assert record.value("SELECT count(*) FROM debug_rejected_lines") == 1


def test_a_torn_last_line_is_set_aside_and_the_open_step_is_the_one_it_died_in(
    record: Record, run_folder: Path
) -> None:
    path = run_folder / "main.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if b'"rev":0' in line and b'"phase":"call"' in line)
    path.write_bytes(b"".join(lines[: start + 1]) + b'{"kind":"step","rev":1,"n"')
    run = RunLoading(run_folder)
    assert run.has_ended()
    run.complete(record.loader)
    (step,) = record.rows(
        "SELECT s.step_type, s.status, s.completed_at, e.error_type FROM debug_workflow_steps AS s"
        " JOIN debug_error_events AS e ON e.id = s.error_event_id"
    )
    assert step == ("call", "failed", None, "process_crash")
    assert record.rows("SELECT status, exit_status FROM debug_runs") == [("died", None)]
    assert record.value("SELECT line FROM debug_rejected_lines") == b'{"kind":"step","rev":1,"n"'


def test_two_loaders_of_one_workflow_number_its_steps_once(record: Record, parallel_run_folder: Path) -> None:
    heads = {name: journal_lines(parallel_run_folder, name) for name in ("main", "gw0", "gw1")}
    barrier = threading.Barrier(len(heads))
    problems: list[BaseException] = []

    def load(name: str) -> None:
        head, lines = heads[name]
        try:
            with record.connect() as connection:
                loader = Loader(connection, record.schema)
                barrier.wait(30)
                for at in range(0, len(lines), 7):
                    loader.load([(head, b"".join(lines[at : at + 7]))])
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=load, args=(name,)) for name in heads]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not problems
    head = heads["main"][0]
    record.loader.complete(head.run_id, head.correlation_id)
    numbers = record.rows("SELECT step_number FROM debug_workflow_steps ORDER BY started_at, id")
    assert [row[0] for row in numbers] == list(range(1, len(numbers) + 1))
    assert record.value("SELECT count(*) FROM debug_rejected_lines") == 0


def test_trouble_of_the_database_itself_blames_no_line(any_record: Record, recorded_run: Path) -> None:
    head, lines = journal_lines(recorded_run)
    any_record.connection.execute("ALTER TABLE debug_workflow_steps RENAME TO elsewhere")
    with pytest.raises(psycopg.errors.UndefinedTable):
        any_record.loader.load([(head, b"".join(lines))])
    any_record.connection.execute("ALTER TABLE elsewhere RENAME TO debug_workflow_steps")
    assert any_record.value("SELECT count(*) FROM debug_rejected_lines") == 0
    any_record.loader.load([(head, b"".join(lines))])
    assert any_record.value("SELECT count(*) FROM debug_workflow_steps WHERE step_type <> 'fixture'") == 57


def test_a_green_run_is_a_task_completed(any_record: Record, run_folder: Path) -> None:
    path = run_folder / "main.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"exit_status":1', b'"exit_status":0'))
    load_whole(any_record, run_folder)
    rows = any_record.rows("SELECT operation_name FROM debug_success_events WHERE success_type = 'task_completion'")
    assert rows == [("orders",)]


def test_a_retry_that_passes_recovers_its_error(record: Record, run_folder: Path) -> None:
    load_whole(record, run_folder)
    assert record.rows(
        "SELECT e.operation_name, e.error_type, e.error_severity, e.recovery_attempted, e.recovery_successful, "
        "e.recovery_strategy, e.resolved_at = s.occurred_at, s.success_type, s.retry_count, s.quality_score::text, "
        "c.confidence_score::text, c.recovery_duration_ms >= 0, c.correlation_id = s.correlation_id "
        "FROM debug_error_success_correlation AS c JOIN debug_error_events AS e ON e.id = c.error_event_id "
        "JOIN debug_success_events AS s ON s.id = c.success_event_id"
    ) == [
        (
            "tests/test_orders.py::test_stock_answers",
            "execution_error",
            "low",
            True,
            True,
            "retry",
            True,
            "recovery_success",
            1,
            "0.5000",
            "1.0000",
            True,
            True,
        )
    ]
    in_vain = record.rows(
        "SELECT operation_name FROM debug_error_events WHERE recovery_attempted AND NOT recovery_successful ORDER BY 1"
    )
    assert [str(row[0]).rpartition("::")[2] for row in in_vain] == [
        "test_delivery",
        "test_discount_keeps_the_cents",
        "test_receipt",
        "test_unknown_article",
    ]


def test_a_run_whose_recoveries_cannot_be_explained_is_stored(
    any_record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_in_order(judged: Judged, found: Findings) -> None:
        if "fault" not in found.evidence:
            raise ValueError("a fault of ours")
        in_order(judged, found)

    monkeypatch.setattr(reasons, "in_order", put_in_order)
    MadeRun({"test_it.py::test_it": False}, at=0).load(any_record)
    MadeRun({"test_it.py::test_it": True}, at=5).load(any_record)
    assert any_record.rows("SELECT status, recoveries_total FROM debug_runs ORDER BY started_at") == [
        ("finished", 0),
        ("finished", 1),
    ]
    stored = "SELECT recovery_strategy, evidence ->> 'fault' FROM debug_error_success_correlation"
    assert any_record.rows(stored) == [("unknown", "ValueError('a fault of ours')")]
