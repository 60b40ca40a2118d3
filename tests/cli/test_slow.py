"""`debugloop slow` finds the phases that changed, and calls chance a change no oftener than it says."""

from __future__ import annotations

import json
import math
import random
import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from pytest_debugloop.answers.record import Record
from pytest_debugloop.answers.timings import Changes, changes_of_time
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.queries.timings import timed_runs
from tests.support.terminal import called_in_terminal, width_of

if TYPE_CHECKING:
    from tests.support.projects import Project
    from tests.support.servers import Server

RUNS, LAST = 25, 5


@pytest.fixture(scope="module")
def history(any_postgres: Server) -> Iterator[History]:
    """A schema for simulated histories."""
    with (
        any_postgres.schema() as name,
        psycopg.connect(any_postgres.conninfo, autocommit=True) as connection,
    ):
        migrate(connection, name)
        connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(name)))
        yield History(connection, name, any_postgres.conninfo)


class History:
    """Runs of one suite on machines of different speed; each scatters more or less, with now and then an outlier."""

    def __init__(self, connection: psycopg.Connection[Any], schema: str, conninfo: str) -> None:
        self.connection = connection
        self.variables: dict[str, Any] = {"DEBUGLOOP_DSN": conninfo, "DEBUGLOOP_SCHEMA": schema}

    def simulate(
        self, seed: int, tests: int, changed: dict[int, float], *, runs: int = RUNS, outliers: float = 0.01
    ) -> None:
        """Make a history anew, in which some tests take another time in the last runs."""
        rng = random.Random(seed)
        suite = [(math.exp(rng.uniform(math.log(6), math.log(500))), rng.uniform(0.03, 0.1)) for _ in range(tests)]
        rows = []
        self.connection.execute("TRUNCATE debug_workflow_steps, debug_runs CASCADE")
        for run in range(runs):
            id_ = uuid.UUID(int=run + 1)
            at = datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(hours=run)
            self.connection.execute(
                "INSERT INTO debug_runs (id, correlation_id, project, status, started_at)"
                " VALUES (%s, %s, 'p', 'finished', %s)",
                (id_, id_, at),
            )
            speed, scatter = math.exp(rng.gauss(0, 0.3)), math.exp(rng.gauss(0, 0.3))
            for test, (usual, deviation) in enumerate(suite):
                took = usual * speed * math.exp(rng.gauss(0, deviation * scatter))
                took *= 3 if rng.random() < outliers else 1
                took *= changed.get(test, 1) if run >= runs - LAST else 1
                step = uuid.UUID(int=(run << 64) + test)
                end = at + timedelta(milliseconds=took)
                rows.append((step, id_, test + 1, "call", "pytest", f"test_{test}", "completed", at, end))
        columns = (
            "id, correlation_id, step_number, step_type, agent_name, operation_name, status, started_at, completed_at"
        )
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY debug_workflow_steps ({columns}) FROM STDIN") as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def changes(self, **options: Any) -> Changes:
        """Ask what changed."""
        record = Record(self.connection)
        return record.answer(changes_of_time(record.fetch(timed_runs(RUNS)), LAST, **options))


def test_where_nothing_changed_nothing_is_called_changed_oftener_than_is_said(history: History) -> None:
    trials = 12
    wrong = 0
    for seed in range(trials):
        history.simulate(seed, 120, {})
        wrong += bool(history.changes().changes)
    # 5 % of histories may have one; three of twelve would have a chance of 2 % then.
    assert wrong <= 2


def test_a_slowdown_of_30_percent_is_found_among_120_tests(history: History) -> None:
    found, wrong = 0, 0
    for seed in range(6):
        history.simulate(seed, 120, {7: 1.3}, outliers=0)
        significant = {change.node_id: change for change in history.changes().changes}
        found += "test_7" in significant
        wrong += len(set(significant) - {"test_7"})
        if "test_7" in significant:
            change = significant["test_7"]
            assert 1.1 < change.ratio < 1.6
            assert change.ratio_low > 1
            assert (change.before_runs, change.after_runs, change.phase) == (20, 5, "call")
    assert found >= 5
    assert wrong <= 2


def test_a_machine_that_is_slower_as_a_whole_is_no_change(history: History) -> None:
    history.simulate(3, 120, dict.fromkeys(range(120), 2.0))
    changes = history.changes(everything=True)
    assert changes.speed_ratio is not None
    assert changes.speed_ratio > 1.5
    assert [change for change in changes.changes if change.is_significant] == []
    assert len(changes.changes) == changes.phases == 120


def test_a_test_that_became_faster_is_found_too(history: History) -> None:
    history.simulate(5, 60, {3: 0.5})
    changes = history.changes().changes
    assert [change.node_id for change in changes] == ["test_3"]
    assert changes[0].ratio == pytest.approx(0.5, abs=0.1)
    assert changes[0].after_ms < changes[0].before_ms


def test_what_may_be_significant_is_the_same_with_and_without_the_rest(history: History) -> None:
    history.simulate(6, 80, {3: 1.5, 9: 2.0})
    few, all_ = history.changes(), history.changes(everything=True)
    assert few.phases == all_.phases == 80
    assert few.changes == [change for change in all_.changes if change.is_significant]
    assert {"test_3", "test_9"} <= {change.node_id for change in few.changes}


def test_short_phases_are_left_out(history: History) -> None:
    history.simulate(7, 60, {})
    kept = history.changes(min_ms=50, everything=True)
    assert 0 < kept.phases < 60
    assert kept.phases == len(kept.changes)


def test_the_command_shows_what_changed_in_any_width(history: History, shop: Project) -> None:
    history.simulate(8, 60, {3: 3.0, 4: 0.4})
    text = shop.printed("slow", "--project", "p", **history.variables)
    assert text.startswith("60 phases of 5 ms or more, the last 5 runs against 20 before: 2 changed.\n")
    rows = [line.split() for line in text.splitlines() if "test_" in line]
    assert {row[-1] for row in rows} == {"test_3", "test_4"}
    answer = json.loads(shop.printed("slow", "--project", "p", "--json", **history.variables))
    assert (answer["schema"], answer["version"]) == ("debugloop/slow", 1)
    assert (answer["last_runs"], answer["runs_before"], answer["is_enough"]) == (5, 20, True)
    assert {phase["node_id"] for phase in answer["phases"]} == {"test_3", "test_4"}
    limited = json.loads(shop.printed("slow", "--project", "p", "--json", "--limit", "1", **history.variables))
    assert (len(limited["phases"]), limited["found"]) == (1, 2)
    for columns in (60, 80, 200):
        seen = called_in_terminal(shop.folder, "slow", "--project", "p", columns=columns, **history.variables)
        assert seen.returncode == 0
        assert "test_3" in seen.text
        assert max(map(width_of, seen.text.splitlines())) <= columns


def test_too_few_runs_are_one_sentence(history: History, shop: Project) -> None:
    assert shop.printed("slow") == (
        "Too few runs to compare: of the last 5 and of those before, 3 each are needed; there are 3 and 0.\n"
    )
    answer = json.loads(shop.printed("slow", "--json"))
    assert (answer["is_enough"], answer["phases"]) == (False, [])
    history.simulate(9, 5, {}, runs=8)
    assert shop.printed("slow", "--last", "2", "--project", "p", **history.variables) == (
        "At least 3 runs are needed on each side: give --last 3 or more.\n"
    )
    of_branch = shop.printed("slow", "--branch", "nobody's")
    assert "Too few runs to compare with --branch nobody's: " in of_branch


def test_a_real_record_is_compared_phase_by_phase(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tests.support.projects import Project

    project = Project(tmp_path_factory.mktemp("slow"))
    (project.folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    suite = "import pytest\n\n@pytest.mark.parametrize('n', range(4))\ndef test_it(n):\n    sum(range(20000))\n\n"
    suite += "def test_wrong():\n    assert 0\n"
    (project.folder / "test_it.py").write_text(suite, encoding="utf-8")
    for _ in range(6):
        assert project.record().returncode == 1
    arguments = ("slow", "--last", "3", "--all", "--min-ms", "0")
    answer = json.loads(project.printed(*arguments, "--json"))
    phases = {(p["node_id"].rpartition("::")[2], p["phase"]) for p in answer["phases"]}
    expected = {(f"test_it[{n}]", phase) for n in range(4) for phase in ("setup", "call", "teardown")}
    # A call that failed has no time that counts.
    assert phases == expected | {("test_wrong", "setup"), ("test_wrong", "teardown")}
    assert answer["phases_compared"] == len(phases)
    assert {(p["before_runs"], p["after_runs"]) for p in answer["phases"]} == {(3, 3)}
    for phase in answer["phases"]:
        assert phase["ratio_low"] < phase["ratio"] < phase["ratio_high"]
        assert 0 <= phase["p_value"] <= phase["q_value"] <= 1
    text = project.printed(*arguments)
    assert text.startswith("14 phases, the last 3 runs against 3 before: ")
    assert named(text.splitlines()[3:]) >= {"test_it.py::test_it[0]", "test_it.py::test_wrong"}


def named(lines: Iterable[str]) -> set[str]:
    return {line.split()[-1] for line in lines}
