"""The error event of a process that died is a function of its journal, and of what more of it comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.loading.run import RunLoading

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.records import Record

CRASHES = "SELECT operation_name, metadata ->> 'phase' FROM debug_error_events WHERE error_type = 'process_crash'"


def load(record: Record, folder: Path, lines: dict[str, list[bytes]]) -> None:
    for name, text in lines.items():
        (folder / name).write_bytes(b"".join(text))
        (folder / name).chmod(0o600)
    run = RunLoading(folder)
    assert run.has_ended()
    run.complete(record.loader)


def lines_of(folder: Path) -> dict[str, list[bytes]]:
    return {path.name: path.read_bytes().splitlines(keepends=True) for path in sorted(folder.glob("*.jsonl"))}


def open_step(lines: list[bytes]) -> list[tuple[object, ...]]:
    """Find what a journal leaves open, by what all of it says of the step that began last."""
    steps: dict[int, dict[str, Any]] = {}
    for line in lines:
        if line.startswith(b'{"kind":"step"') and line.endswith(b"\n"):
            step = json.loads(line)
            steps[step["n"]] = step
    last = steps[max(steps)] if steps else {"outcome": "none"}
    return [] if "outcome" in last else [(last["node_id"], last["phase"])]


@pytest.mark.parametrize(
    "share", [0.02, 0.41, 0.43, 0.97, *(pytest.param(share, marks=pytest.mark.thorough) for share in (0.2, 0.6, 0.8))]
)
def test_the_step_that_is_open_is_the_one_it_died_in_until_more_of_the_journal_comes(
    record: Record, run_folder: Path, share: float
) -> None:
    (run_folder / "code.jsonl").unlink()
    lines = lines_of(run_folder)["main.jsonl"]
    cut = max(int(len(lines) * share), 1)
    load(record, run_folder, {"main.jsonl": lines})
    whole = record.content()
    record.empty()

    torn = lines[cut][: len(lines[cut]) // 2]
    load(record, run_folder, {"main.jsonl": [*lines[:cut], torn]})
    died = record.content()
    assert record.rows(CRASHES) == (open_step(lines[:cut]) or [(None, "")])
    load(record, run_folder, {"main.jsonl": [*lines[:cut], torn]})
    assert record.content() == died

    load(record, run_folder, {"main.jsonl": lines})
    assert record.rows(CRASHES) == []
    load(record, run_folder, {"main.jsonl": lines[:cut]})  # late
    record.connection.execute("TRUNCATE debug_rejected_lines")
    assert record.content() == whole


def test_a_journal_that_goes_on_elsewhere_is_one(record: Record, run_folder: Path) -> None:
    lines = lines_of(run_folder)["main.jsonl"]
    cut = len(lines) // 2
    files = {"main.jsonl": lines[:cut], "main-spare.jsonl": [lines[0], *lines[cut : cut + 10]]}
    load(record, run_folder, files)
    assert record.rows(CRASHES) == (open_step(lines[: cut + 10]) or [(None, "")])


def test_where_several_processes_die_at_once_no_test_is_to_blame(record: Record, parallel_run_folder: Path) -> None:
    journals = lines_of(parallel_run_folder)
    for name, lines in journals.items():
        begun = [place for place, line in enumerate(lines) if b'"rev":0' in line and b'"phase":"call"' in line]
        journals[name] = lines[: begun[1] + 1] if begun else [line for line in lines if b'"finish"' not in line]
    load(record, parallel_run_folder, journals)
    expected = [step for name, lines in sorted(journals.items()) if name != "main.jsonl" for step in open_step(lines)]
    assert len(expected) == 2
    assert sorted(record.rows(CRASHES)) == sorted(expected)
    assert record.value("SELECT bool_and(is_incident) FROM debug_test_attempts WHERE failed AND is_incident") is True
    assert record.value("SELECT count(*) FROM debug_test_attempts WHERE is_incident") == 2


def test_a_crash_that_the_controller_has_recorded_is_told_once(record: Record, parallel_run_folder: Path) -> None:
    journals = lines_of(parallel_run_folder)
    worker = journals["gw0.jsonl"]
    begun = [place for place, line in enumerate(worker) if b'"rev":0' in line and b'"phase":"call"' in line][-1]
    journals["gw0.jsonl"] = worker[: begun + 1]
    ((test, _),) = open_step(journals["gw0.jsonl"])
    crash = {
        "kind": "error",
        "n": 99_999,
        "at": json.loads(worker[begun])["started"] + 1000,
        "node_id": test,
        "type": "worker_crash",
        "category": "agent",
        "severity": "critical",
        "message": "worker 'gw0' crashed",
        "code": "worker_crash",
        "metadata": {"phase": "call", "attempt": 1},
        "worker": "gw0",
    }
    main = [line for line in journals["main.jsonl"] if b'"finish"' not in line]
    journals["main.jsonl"] = [*main, json.dumps(crash, separators=(",", ":")).encode() + b"\n"]
    load(record, parallel_run_folder, journals)
    assert record.rows(CRASHES) == [(None, "")]  # of the controller: nothing is known of its end
    assert record.value("SELECT count(*) FROM debug_error_events WHERE error_type = 'worker_crash'") == 1
