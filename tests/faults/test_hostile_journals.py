"""A folder of hostile journals beside healthy ones: these are stored, and of those nothing goes without a word."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.cli.checks.location import waiting
from pytest_debugloop.loading.load_failures import TRIES, load_failure_of
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.process import follow
from pytest_debugloop.loading.waiting import Loaded, ignored_paths, load_waiting
from pytest_debugloop.private import JOURNALS
from pytest_debugloop.summary.terminal import summary_lines, wait_for_status
from tests.faults.hostile_journals import (
    ALONE,
    ASIDE,
    GONE,
    HOSTILE,
    Hostile,
    as_run,
    dumped,
    folder_of,
    run_of,
    write,
    wrong_members,
)
from tests.support.journals import record_example
from tests.support.records import Record

if TYPE_CHECKING:
    from pathlib import Path


HEALTHY = ("before", "between", "after")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """A short journal of a real run: some steps, a failure with its snapshot, and the end."""
    found = record_example(tmp_path_factory.mktemp("recorded")) / "main.jsonl"
    recorded = found.read_bytes().splitlines(keepends=True)
    at = next(at for at, line in enumerate(recorded) if line.startswith(b'{"kind":"error"'))
    return [*recorded[: at + 2], recorded[-1]]


@pytest.fixture
def order(any_record: Record, tmp_path: Path) -> LoaderOrder:
    """An order to load what waits in a folder."""
    folder = tmp_path / ".debugloop"
    (folder / JOURNALS).mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    return LoaderOrder(folder, None, any_record.conninfo, any_record.schema, 18, 0)


def plant(order: LoaderOrder, name: str, lines: list[bytes], hostile: Hostile | None = None) -> None:
    mine = as_run(lines, run_of(name))
    folder = order.folder / JOURNALS / folder_of(name)
    if hostile is None:
        write(folder / "main.jsonl", b"".join(mine))
    else:
        hostile.plant(folder, mine)


def counts(any_record: Record, name: str) -> tuple[object, ...]:
    """Count the runs, steps, errors and refused lines that a run has."""
    run = run_of(name)
    return any_record.rows(
        f"SELECT (SELECT count(*) FROM debug_runs WHERE id = '{run}' AND status <> 'running'), "
        f"(SELECT count(*) FROM debug_workflow_steps WHERE correlation_id = '{run}'), "
        f"(SELECT count(*) FROM debug_error_events WHERE run_id = '{run}'), "
        f"(SELECT count(*) FROM debug_rejected_lines WHERE correlation_id = '{run}')"
    )[0]


def load(order: LoaderOrder, times: int) -> Loaded:
    for _ in range(times):
        loaded = load_waiting(order)
    return loaded


@pytest.mark.slow
def test_hostile_journals_cost_no_other_and_are_stored_refused_or_set_aside_once(
    any_record: Record, order: LoaderOrder, lines: list[bytes], capfd: pytest.CaptureFixture[str]
) -> None:
    for name, hostile in HOSTILE.items():
        plant(order, name, lines, hostile)
    for name in HEALTHY:
        plant(order, name, lines)
    loaded = load_waiting(order)
    whole = counts(any_record, "before")
    assert whole[0] == 1
    assert whole[3] == 0
    assert {name: counts(any_record, name) for name in HEALTHY} == dict.fromkeys(HEALTHY, whole)
    loaded = load(order, TRIES)
    alone = ignored_paths(order)
    aside = {trouble.folder.name: trouble for trouble in loaded.left.set_aside}
    assert (loaded.left.waiting, loaded.left.going_on) == ([], [])
    died = (whole[1], whole[2] + 1)  # type: ignore[operator]
    wrong = {}
    for name, hostile in HOSTILE.items():
        runs, steps, errors, refused = counts(any_record, name)
        folder = order.folder / JOURNALS / folder_of(name)
        match hostile.fate:
            case "set aside":
                is_right = bool(aside)
            case "left alone":
                is_right = any(folder.name in sentence for sentence in alone)
            case "nothing to store":
                is_right = not folder.exists() and (runs, steps, errors, refused) == (0, 0, 0, 0)
            case _:
                is_right = not folder.exists() or name == "a folder for the status"
                # One that has lost its end died, which is an error of its own.
                is_right = is_right and (steps, errors) in {whole[1:3], died, (0, 1)} and bool(runs or refused)
        if hostile.refused is not None:
            is_right = is_right and refused == hostile.refused
        if not is_right:
            wrong[name] = (hostile.fate, hostile.refused, (runs, steps, errors, refused), folder.exists())
    assert not wrong
    expected = sum(hostile.fate == ASIDE for hostile in HOSTILE.values())
    assert len(aside) == expected
    assert all(trouble.reason for trouble in aside.values())
    # What is stored can be read, and a run of the same tests that comes later is none the worse.
    before = any_record.content()
    assert all(any_record.value(f"SELECT count(*) FROM {table}") == len(before[table]) for table in before)
    plant(order, "later", lines)
    assert load_waiting(order).stored == 1
    assert counts(any_record, "later") == whole
    # What is loaded again changes nothing.
    before = any_record.content()
    names = [name for name, hostile in HOSTILE.items() if hostile.fate not in {ASIDE, ALONE, GONE} and "40" not in name]
    shutil.rmtree(order.folder / JOURNALS)  # where a folder is in the place of a file, it is left
    (order.folder / JOURNALS).mkdir(mode=0o700)
    for name in names:
        plant(order, name, lines, HOSTILE[name])
    assert load_waiting(order).stored == len(names)
    assert any_record.content() == before


# What a survey of the code says, which the short journal does not have.
SURVEYED: list[dict[str, Any]] = [
    {
        "kind": "survey",
        "distributions": {"attrs": "25.1"},
        "environment": {"STAGE": "test"},
        "files": {"orders.py": "ab12"},
        "code_version": "cd34",
        "tree": "ef56",
        "dirty": {"orders.py": "ab12"},
    },
    {
        "kind": "code_file",
        "file": "orders.py",
        "hash": "ab12",
        "variables": ["STAGE"],
        "units": [
            {"function": "f", "first": 1, "last": 2, "hash": "aa", "source": "def f():", "provides": [], "uses": []}
        ],
    },
    {"kind": "loaded", "files": [["orders.py", 1, 2]]},
]


@pytest.mark.parametrize("kind", ["step", "snapshot", "error", "finish", "run", "survey", "code_file", "loaded"])
def test_a_record_with_a_wrong_member_is_stored_or_refused(
    any_record: Record, order: LoaderOrder, lines: list[bytes], kind: str
) -> None:
    plant(order, "healthy", lines)
    load_waiting(order)
    whole = counts(any_record, "healthy")
    lines = [*lines[:1], *map(dumped, SURVEYED), *lines[1:]]
    line = next(line for line in reversed(lines) if line.startswith(b'{"kind":"' + kind.encode() + b'"'))
    wrong = list(wrong_members(line, 100_000))
    plant(order, "hostile", [*lines[:-1], *wrong, lines[-1]])
    loaded = load_waiting(order)
    assert (loaded.stored, loaded.problem) == (1, "")
    runs, steps, errors, refused = counts(any_record, "hostile")
    assert runs == 1
    assert isinstance(refused, int)
    assert len(wrong) // 4 < refused <= len(wrong)
    if kind == "error":
        assert errors == whole[2] + len(wrong) - refused  # type: ignore[operator]
    if kind == "step":
        assert steps == whole[1] + len(wrong) - refused  # type: ignore[operator]
    # Nothing that was taken in makes trouble for others: they are linked with it, and what is stored can be read.
    any_record.content()
    plant(order, "later", lines)
    assert load_waiting(order).problem == ""
    assert counts(any_record, "later") == whole


def test_a_run_without_a_usable_header_is_a_run(any_record: Record, order: LoaderOrder, lines: list[bytes]) -> None:
    for name in ("no header", "NUL in the project", "a journal of a worker alone"):
        plant(order, name, lines, HOSTILE[name])
    load_waiting(order)
    found = any_record.rows("SELECT id::text, project, status, exit_status FROM debug_runs ORDER BY started_at, status")
    projects = {run: (project, status, exit_status) for run, project, status, exit_status in found}
    assert projects == {
        str(run_of("no header")): ("unknown", "finished", 1),
        str(run_of("NUL in the project")): ("a\\x00b", "finished", 1),
        str(run_of("a journal of a worker alone")): ("orders", "died", None),
    }
    assert (
        any_record.value("SELECT count(*) FROM debug_error_events WHERE run_id NOT IN (SELECT id FROM debug_runs)") == 0
    )


def test_the_next_run_and_the_doctor_tell_what_could_not_be_stored(
    any_record: Record, order: LoaderOrder, lines: list[bytes]
) -> None:
    name = "a folder of another name without a header"
    plant(order, name, lines, HOSTILE[name])
    reason = "The run of journal "
    location = RecordLocation(order.folder, order.folder, "", any_record.conninfo, any_record.schema, 18, "")
    for number in range(1, TRIES + 2):
        plant(order, f"run {number}", lines)
        run = order.folder / JOURNALS / folder_of(f"run {number}")
        follow(replace(order, run_folder=run))
        told = summary_lines(wait_for_status(run, 60), "1", "here", [], 60)
        shutil.rmtree(run)
        assert " steps, " in told[0]
        if 1 < number <= TRIES:
            assert told[1] == "debugloop: 1 earlier run still waiting to be stored."
            assert reason in told[2]
            assert told[2].endswith(f": attempt {number - 1} of {TRIES}.")
    assert told[1] == "debugloop: 1 earlier run set aside: `debugloop doctor` gives the reason."
    assert f"{reason}{order.folder}" in told[2]
    checks = list(waiting(location))
    assert [(check.state, reason in check.message) for check in checks] == [("problem", True), ("ok", False)]


def test_what_is_set_aside_is_tried_again_when_somebody_asks_or_by_another_version(
    any_record: Record, order: LoaderOrder, lines: list[bytes]
) -> None:
    name = "a folder for the lock"
    plant(order, name, lines, HOSTILE[name])
    folder = order.folder / JOURNALS / folder_of(name)
    problems = [load(order, 1).problem for _ in range(TRIES)]
    told = [f"attempt {number} of {TRIES}." in problem for number, problem in enumerate(problems[:-1], 1)]
    assert told == [True, True]
    assert "are set aside" in problems[-1]
    assert load_waiting(order).problem == ""
    (folder / "loader.lock").rmdir()
    assert load_waiting(order).stored == 0
    assert load_waiting(order, again=True).stored == 1
    plant(order, name, lines, HOSTILE[name])
    load(order, TRIES)
    (folder / "loader.lock").rmdir()
    kept = json.loads((folder / "trouble.json").read_bytes())
    write(folder / "trouble.json", json.dumps({**kept, "version": str(uuid.uuid4())}).encode())
    trouble = load_failure_of(folder)
    assert trouble is not None
    assert not trouble.is_set_aside
    assert load_waiting(order).stored == 1
