"""Rows that others stored, of any form that the tables allow: each command answers, and none with a traceback."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.projects import Project
from tests.support.terminal import SGR

if TYPE_CHECKING:
    from tests.support.servers import Server

FRAME = {"file": None, "function": [1], "line": "x", "source": 5, "locals": [1], "context": {"first": 9}}
STATES: dict[str, Any] = {
    "array": [1],
    "scalar": 5,
    "null": None,
    "newer": {"schema": 2, "exceptions": [{}]},
    "odd": {
        "schema": 1,
        "exceptions": [5, {"frames": [FRAME, 7], "notes": 5}],
        "captured": {"out": None},
        "returned": 5,
    },
    "marks": {
        "schema": 1,
        "exceptions": [{"type": "E", "message": "m", "frames": [{"locals": {"a": {"$bits": "x"}, "b": {"$ref": 5}}}]}],
    },
}
METADATA: list[Any] = [
    [1],
    "x",
    {"attempt": "x"},
    {"attempt": 1.5, "phase": [1], "code": [["a", "b"]]},
    {"attempt": 10**12},
]
TIMES = (
    "infinity",
    "-infinity",
    "0001-01-01 00:00:00+00",
    "9999-12-31 23:59:59.999999+00",
    "4000-01-01 BC",
    "20000-01-01",
)
EVIDENCE: list[Any] = [
    [1],
    "x",
    {"code": [5, {}], "distributions": {"a": []}, "order": "x", "missing": 5, "terms": [1]},
]

CHECKED = (
    ("debug_error_events", "error_type"),
    ("debug_error_events", "recovery_strategy"),
    ("debug_success_events", "success_type"),
    ("debug_success_events", "completion_status"),
    ("debug_error_success_correlation", "recovery_strategy"),
    ("debug_workflow_steps", "step_type"),
    ("debug_test_traces", "traced_by"),
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """A record of a real run, into which others wrote too."""

    project: Project
    ids: list[uuid.UUID]

    def answer(self, *arguments: str) -> str:
        """What a command prints, which is to succeed or to say in one sentence why not."""
        done = self.project.debugloop(*arguments)
        assert "Traceback" not in done.stderr, done
        assert "Internal error" not in done.stderr, done
        assert done.returncode == 0 or done.stderr.count("\n") == 1, done
        if "--json" in arguments and done.returncode == 0:
            assert done.stdout.isascii()
            json.loads(done.stdout, parse_constant=pytest.fail)
        return done.stdout


@pytest.fixture(scope="module")
def record(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    """The example suite's record, and rows of every odd form beside it."""
    with any_postgres.record() as (conninfo, schema):
        folder = tmp_path_factory.mktemp("rows") / "shop"
        project = Project.example(folder, conninfo, schema)
        assert project.record().returncode == 1
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(f"SET search_path TO {schema}, public".encode())
            # What was stored before these came stays allowed, whatever it is.
            for table, column in CHECKED:
                connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_check".encode())
            yield Hostile(project, list(_rows(connection)))


def _rows(connection: psycopg.Connection[Any]) -> Iterator[uuid.UUID]:
    def add(table: str, **values: Any) -> uuid.UUID:
        values = {"id": uuid.uuid4(), **values}
        names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})".encode(), values)
        made: uuid.UUID = values["id"]
        return made

    workflow = uuid.uuid4()
    odd = Jsonb([1])
    run = add(
        "debug_runs",
        correlation_id=workflow,
        project="shop",
        status="finished",
        started_at="infinity",
        command_line=[None, "\x1b[2J"],
        python_version="\x1b[2J",
        git_branch="",
        **dict.fromkeys(("ci", "git_dirty", "distributions", "environment", "interpreter", "random_seeds"), odd),
    )
    yield run
    kind = {"error_type": "\x1b[2J", "error_category": "user", "error_severity": "low", "agent_name": "\x1b[2J"}
    error = {**kind, "correlation_id": workflow, "run_id": run, "error_message": ""}
    snapshots = []
    for name, state in STATES.items():
        values = {"agent_name": "me", "correlation_id": workflow, "agent_state": Jsonb(state), "state_hash": name}
        snapshots.append(add("debug_state_snapshots", snapshot_type="error", **values))
        yield snapshots[-1]
        yield add("debug_error_events", state_snapshot_id=snapshots[-1], operation_name=f"odd_{name}", **error)
    for metadata in METADATA:
        yield add("debug_error_events", metadata=Jsonb(metadata), **error)
    for moment in TIMES:
        yield add("debug_error_events", occurred_at=moment, resolved_at=moment, **error)
    yield add("debug_error_events", **{**error, "run_id": None, "error_message": "x\n" * 100_000 + "y" * 1_000_000})
    for evidence in EVIDENCE:
        failed = add("debug_error_events", state_snapshot_id=snapshots[-1], **error)
        passed = add(
            "debug_success_events",
            correlation_id=workflow,
            success_type="x",
            operation_name="",
            agent_name="me",
            state_snapshot_id=snapshots[4],
            success_factors=Jsonb({"changes": evidence, "more": "x"}),
        )
        both = {"error_event_id": failed, "success_event_id": passed, "correlation_id": workflow}
        yield add("debug_error_success_correlation", evidence=Jsonb(evidence), confidence_score=0.5, **both)


LISTS: tuple[tuple[str, ...], ...] = (
    ("runs",),
    ("failures",),
    ("flaky", "--all"),
    ("recoveries",),
    ("recoveries", "--patterns"),
    ("slow",),
    ("show",),
    ("doctor",),
    ("status",),
)


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("arguments", LISTS, ids=" ".join)
def test_lists_answer(record: Hostile, arguments: tuple[str, ...], form: tuple[str, ...]) -> None:
    shown = record.answer(*arguments, *form)
    assert shown
    assert "\x1b" not in SGR.sub("", shown)


def test_each_row_can_be_shown_compared_and_debugged(record: Hostile) -> None:
    for id_ in map(str, record.ids):
        for arguments in (("show", id_), ("show", id_, "--json"), ("show", id_, "--brief"), ("debug", id_)):
            assert "\x1b" not in record.answer(*arguments)
    for id_ in map(str, record.ids[-3:]):
        record.answer("diff", id_)
        record.answer("diff", id_, "--json")


@pytest.mark.parametrize("form", [("jsonl",), ("junit",), ("csv", "--table", "failures")], ids=" ".join)
def test_all_can_be_exported(record: Hostile, form: tuple[str, ...]) -> None:
    assert record.answer("export", "--all", "--format", *form)


def test_a_snapshot_of_any_json_is_shown(record: Hostile) -> None:
    shown = [record.answer("show", str(id_)) for id_ in record.ids[1:7:2]]
    assert [text.rstrip("\n").rpartition("\n")[2].strip() for text in shown] == ["[1]", "5", "None"]
