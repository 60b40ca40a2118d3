"""`debugloop prune` deletes old runs with all that is only theirs, and what stays is as true as before."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.support.environment import clean_environment
from tests.support.projects import Project
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path


SUITE = """
import pytest
from shop import price


def test_price():
    expected = 3
    assert price() == expected


def test_always_wrong():
    value = 1
    assert value == 2


def test_right():
    pass


@pytest.mark.skip(reason="not yet")
def test_skipped():
    pass
"""
ONLY_AT_FIRST = "\n\ndef test_only_at_first():\n    pass\n"
WRONG, RIGHT = "def price():\n    return 2\n", "def price():\n    return 3\n"

# A row for each thing that no run has any more.
LEFTOVERS = """
SELECT 'step' AS kind, id::text FROM debug_workflow_steps
WHERE correlation_id NOT IN (SELECT correlation_id FROM debug_runs)
UNION ALL
SELECT 'error', id::text FROM debug_error_events WHERE correlation_id NOT IN (SELECT correlation_id FROM debug_runs)
UNION ALL
SELECT 'success', id::text FROM debug_success_events WHERE correlation_id NOT IN (SELECT correlation_id FROM debug_runs)
UNION ALL
SELECT 'snapshot of', id::text FROM debug_state_snapshots
WHERE correlation_id NOT IN (SELECT correlation_id FROM debug_runs)
UNION ALL
SELECT 'snapshot', id::text FROM debug_state_snapshots
WHERE id NOT IN (
    SELECT state_snapshot_id FROM debug_error_events WHERE state_snapshot_id IS NOT NULL
    UNION ALL
    SELECT state_snapshot_id FROM debug_success_events WHERE state_snapshot_id IS NOT NULL
)
UNION ALL
SELECT 'test', operation_name FROM debug_tasks
WHERE operation_name NOT IN (SELECT operation_name FROM debug_workflow_steps)
UNION ALL
SELECT 'version', id FROM debug_code_versions
WHERE id NOT IN (SELECT code_version FROM debug_runs WHERE code_version IS NOT NULL)
    AND id NOT IN (SELECT other_version FROM debug_runs WHERE other_version IS NOT NULL)
UNION ALL
SELECT 'installation', id FROM debug_installations
WHERE id NOT IN (SELECT installation FROM debug_runs WHERE installation IS NOT NULL)
UNION ALL
SELECT 'file', f.file FROM debug_code_files AS f
WHERE NOT EXISTS (SELECT FROM debug_code_versions AS v WHERE v.files ->> f.file = f.file_hash)
UNION ALL
SELECT 'function', function FROM debug_code_pointers
WHERE id NOT IN (SELECT (u ->> 0)::uuid FROM debug_code_files, jsonb_array_elements(units) AS u)
UNION ALL
SELECT 'capture', id::text FROM debug_state_captures
WHERE correlation_id NOT IN (SELECT correlation_id FROM debug_runs)
UNION ALL
SELECT 'workflow', correlation_id::text FROM debug_workflows
WHERE correlation_id NOT IN (SELECT correlation_id FROM debug_runs)
"""


class Shop(Project):
    """A suite with its record on a server, in a schema of its own."""

    def run_suite(self, code: str, *, more: str = "", branch: str = "main") -> None:
        """Run the suite with some code on some branch."""
        self.git("checkout", "-B", branch)
        self.write("shop.py", code)
        self.write("test_shop.py", SUITE + more)
        self.git("add", ".")
        self.git("commit", "--allow-empty", "-m", "more")
        done = self.record()
        assert done.returncode == 1, done.stdout + done.stderr

    def prune(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the command."""
        return self.debugloop("prune", *arguments, **more)

    def pruned(self, *arguments: str) -> dict[str, int]:
        """Run the command, which is to succeed, and give what it deleted."""
        done = self.prune(*arguments, "--yes", "--json")
        assert (done.returncode, done.stderr) == (0, "")
        answer = json.loads(done.stdout)
        assert (answer["schema"], answer["version"], answer["is_dry_run"]) == ("debugloop/prune", 1, False)
        deleted: dict[str, int] = answer["deleted"]
        return deleted


@pytest.fixture
def record(own_record: dict[str, str], tmp_path: Path) -> Shop:
    shop = Shop.new(tmp_path, own_record["DEBUGLOOP_DSN"], own_record["DEBUGLOOP_SCHEMA"])
    shop.write(".gitignore", ".debugloop\n.pytest_cache\n")
    shop.git("init")
    return shop


def of_last_run(record: Shop, table: str, moment: str, leave_out: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    last = "(SELECT correlation_id FROM debug_runs ORDER BY started_at DESC LIMIT 1)"
    found = record.rows(f"SELECT * FROM {table} WHERE correlation_id = {last} ORDER BY {moment}, id")
    return [{name: value for name, value in row.items() if name not in leave_out} for row in found]


def test_what_only_old_runs_have_goes_and_the_last_stays_as_it_was(record: Shop) -> None:
    record.run_suite(WRONG, more=ONLY_AT_FIRST)
    record.run_suite(RIGHT)
    record.run_suite(RIGHT)
    assert record.rows(LEFTOVERS) == []
    kept = [
        ("debug_workflow_steps", "step_number", ()),
        ("debug_error_events", "occurred_at", ()),
        ("debug_success_events", "occurred_at", ()),
        ("debug_runs", "started_at", ()),
    ]
    before = [of_last_run(record, *what) for what in kept]
    gone = record.pruned("--keep", "1")
    assert gone["runs"] == 2
    assert gone["tests"] == 1  # the one that only the first run had
    assert gone["functions"] >= 2  # that test, and the function as it was
    assert gone["recoveries"] == 1
    assert gone["traces"] == 2  # of those that the first run left failed
    assert gone["steps"] == 2 * 12 + 3  # the collection, three tests, one that is skipped; and the test that went
    assert record.rows(LEFTOVERS) == []
    assert [of_last_run(record, *what) for what in kept] == before
    assert len(record.rows("SELECT FROM debug_runs")) == 1
    assert {row["node_id"].rpartition("::")[2] for row in record.rows("SELECT node_id FROM debug_tasks")} == {
        "test_price",
        "test_always_wrong",
        "test_right",
        "test_skipped",
    }
    # The next run finds its history.
    record.run_suite(RIGHT)
    assert record.rows(LEFTOVERS) == []


def test_a_state_that_a_later_run_shares_stays_and_is_that_runs(record: Shop) -> None:
    record.run_suite(RIGHT)
    record.run_suite(RIGHT)
    shared = record.rows(
        "SELECT s.id, s.correlation_id FROM debug_state_snapshots AS s"
        " JOIN debug_error_events AS e ON e.state_snapshot_id = s.id GROUP BY s.id HAVING count(*) = 2"
    )
    if not shared:
        pytest.fail("both runs fail alike, and yet no state is the same")
    first, last = record.rows("SELECT correlation_id, started_at FROM debug_runs ORDER BY started_at")
    captures = (
        "SELECT c.correlation_id, s.operation_name, s.status FROM debug_state_captures AS c"
        " JOIN debug_workflow_steps AS s ON s.correlation_id = c.correlation_id AND s.step_number = c.execution_step"
        f" WHERE c.snapshot_id = '{shared[0]['id']}' ORDER BY c.captured_at"
    )
    assert [tuple(row.values()) for row in record.rows(captures)] == [
        (run["correlation_id"], "test_shop.py::test_always_wrong", "failed") for run in (first, last)
    ]
    assert shared[0]["correlation_id"] == first["correlation_id"]
    record.pruned("--keep", "1")
    assert [row["correlation_id"] for row in record.rows(captures)] == [last["correlation_id"]]
    stays = record.rows("SELECT correlation_id, captured_at FROM debug_state_snapshots")
    assert {row["correlation_id"] for row in stays} == {last["correlation_id"]}
    assert all(row["captured_at"] >= last["started_at"] for row in stays)
    assert record.rows(LEFTOVERS) == []


def test_an_error_whose_recovery_goes_stays_resolved_and_is_not_recovered_again(record: Shop) -> None:
    record.run_suite(WRONG, branch="main")
    record.run_suite(RIGHT, branch="mend")
    query = (
        "SELECT resolved_at, recovery_strategy, recovery_successful FROM debug_error_events"
        " WHERE operation_name LIKE '%test_price'"
    )
    resolved = record.rows(query)
    assert [row["recovery_strategy"] for row in resolved] == ["code_change"]
    assert record.pruned("--older-than", "0m", "--branch", "mend")["runs"] == 1
    assert record.rows(query) == resolved
    assert record.rows("SELECT FROM debug_error_success_correlation") == []
    assert record.rows(LEFTOVERS) == []
    # It passed again long ago: a later pass is no recovery of it.
    record.run_suite(RIGHT, branch="other")
    assert record.rows(query) == resolved
    assert record.rows("SELECT FROM debug_error_success_correlation") == []


def test_a_success_whose_errors_go_is_a_plain_one_and_counted_so(record: Shop) -> None:
    record.run_suite(WRONG, branch="main")
    record.run_suite(RIGHT, branch="mend")
    query = "SELECT success_type FROM debug_success_events WHERE operation_name LIKE '%test_price'"
    assert [row["success_type"] for row in record.rows(query)] == ["recovery_success"]
    assert record.pruned("--older-than", "0m", "--branch", "main")["recoveries"] == 1
    assert [row["success_type"] for row in record.rows(query)] == ["validation_pass"]
    assert [row["recoveries_total"] for row in record.rows("SELECT recoveries_total FROM debug_runs")] == [0]
    assert record.rows(LEFTOVERS) == []


def test_the_last_of_each_branch_stay_and_age_spares_the_young(record: Shop) -> None:
    for branch in ("main", "main", "mend"):
        record.run_suite(RIGHT, branch=branch)
    assert json.loads(record.prune("--older-than", "1d", "--dry-run", "--json").stdout)["plan"]["runs"] == 0
    done = record.prune("--older-than", "1d", "--keep", "1", "--yes")
    assert (done.returncode, done.stdout) == (0, "None of 3 runs would be deleted.\n")
    assert record.pruned("--keep", "1")["runs"] == 1
    assert [r["git_branch"] for r in record.rows("SELECT git_branch FROM debug_runs ORDER BY 1")] == ["main", "mend"]


def test_a_dry_run_says_what_would_go_and_changes_nothing(record: Shop) -> None:
    record.run_suite(RIGHT)
    record.run_suite(RIGHT)
    done = record.prune("--keep", "1", "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 of 2 runs, from ")
    assert "with 12 steps, 1 failure, 2 success events, and the states" in done.stdout
    assert len(record.rows("SELECT FROM debug_runs")) == 2


AGED = (
    "UPDATE debug_runs SET started_at = started_at - interval '100 days'"
    " WHERE id = (SELECT id FROM debug_runs ORDER BY started_at LIMIT 1) RETURNING id"
)


def test_without_arguments_the_setting_decides_and_nobody_is_asked(record: Shop) -> None:
    for _ in range(2):
        record.run_suite(RIGHT)
    record.rows("UPDATE debug_error_events SET resolved_at = occurred_at RETURNING id")
    record.rows(AGED)
    kept = record.prune(DEBUGLOOP_RETENTION="0")
    assert (kept.returncode, kept.stdout) == (0, "None of 2 runs would be deleted.\n")
    assert record.prune("--dry-run").stdout.startswith("1 of 2 runs, from ")
    done = record.prune()
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deleted 1 run, " in done.stdout
    assert len(record.rows("SELECT FROM debug_runs")) == 1
    assert record.rows(LEFTOVERS) == []
    refused = record.prune(DEBUGLOOP_RETENTION="soon")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "debugloop_retention is not valid: 'soon' is not an age" in refused.stderr


def test_a_pinned_run_is_kept_and_told(record: Shop) -> None:
    for _ in range(2):
        record.run_suite(RIGHT)
    first = str(record.rows("SELECT id FROM debug_runs ORDER BY started_at LIMIT 1")[0]["id"])
    assert record.printed("pin", first[-8:]) == f"Run {first[-8:]} is pinned and stays.\n"
    done = record.prune("--older-than", "0m", "--dry-run")
    assert done.stdout.startswith("1 of 2 runs, from ")
    assert done.stdout.endswith(" 1 pinned run will be kept.\n")
    assert json.loads(record.printed("unpin", first, "--json"))["is_pinned"] is False
    assert record.pruned("--older-than", "0m")["runs"] == 2


def test_an_embedded_record_deletes_what_has_expired_at_the_end_of_a_run(tmp_path: Path) -> None:
    project = Project.new(tmp_path)
    project.write("test_it.py", "def test_it():\n    pass\n")
    for _ in range(2):
        assert project.record().returncode == 0
    assert project.debugloop("sql", "-c", AGED).returncode == 0
    assert project.record().returncode == 0
    wait_until(lambda: len(json.loads(project.printed("runs", "--json"))["runs"]) == 2)


def test_it_asks_and_no_is_no(record: Shop) -> None:
    record.run_suite(RIGHT)
    record.run_suite(RIGHT)
    refused = record.prune("--keep", "1", input="n\n")
    assert (refused.returncode, refused.stderr) == (1, "Aborted!\n")
    assert refused.stdout.endswith("Delete them? [y/N]: ")
    assert len(record.rows("SELECT FROM debug_runs")) == 2
    done = record.prune("--keep", "1", input="y\n")
    assert done.returncode == 0
    assert "Deleted 1 run, " in done.stdout
    assert "still takes" in done.stdout
    assert len(record.rows("SELECT FROM debug_runs")) == 1


def test_a_run_that_has_not_ended_stays(record: Shop) -> None:
    record.run_suite(RIGHT)
    record.run_suite(RIGHT)
    record.rows("UPDATE debug_runs SET status = 'running' RETURNING id")
    done = record.prune("--older-than", "0m", "--yes")
    assert done.stdout == "None of 2 runs would be deleted. 2 runs that did not end will be kept.\n"
    assert len(record.rows("SELECT FROM debug_runs")) == 2


def test_a_workflow_of_several_runs_goes_whole_or_stays(record: Shop) -> None:
    record.environment["DEBUGLOOP_CORRELATION_ID"] = "one workflow"
    record.run_suite(RIGHT)
    record.run_suite(RIGHT)
    assert len(record.rows("SELECT FROM debug_runs")) == 2
    assert json.loads(record.prune("--keep", "1", "--dry-run", "--json").stdout)["plan"]["runs"] == 0
    assert record.pruned("--older-than", "0m")["runs"] == 2
    assert record.rows("SELECT FROM debug_workflow_steps") == []


def test_what_a_loader_stores_meanwhile_keeps_its_state(record: Shop) -> None:
    record.run_suite(RIGHT)
    record.run_suite(RIGHT)
    with record.connect() as loader:
        with loader.transaction():
            # As a loader does: a run of its own, with a failure in a state that only an old run has.
            state = loader.execute(
                "SELECT e.state_snapshot_id AS id FROM debug_error_events AS e JOIN debug_runs AS r ON r.id = e.run_id"
                " ORDER BY r.started_at LIMIT 1"
            ).fetchone()
            assert state is not None
            loader.execute(
                "INSERT INTO debug_runs (id, correlation_id, project, status, started_at)"
                " SELECT gen_random_uuid(), gen_random_uuid(), project, 'running', now() FROM debug_runs LIMIT 1"
            )
            loader.execute(
                "INSERT INTO debug_error_events (correlation_id, error_type, error_category, error_severity,"
                " error_message, agent_name, state_snapshot_id)"
                " SELECT correlation_id, 'execution_error', 'agent', 'high', 'm', 'pytest', %s FROM debug_runs"
                " WHERE status = 'running'",
                (state["id"],),
            )
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest_debugloop", "prune", "--older-than", "0m", "--yes", "--json"],
                cwd=record.folder,
                env=clean_environment(**record.variables),
                stdout=subprocess.PIPE,
                text=True,
            )
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%LOCK TABLE%'"
            )
            with psycopg.connect(record.conninfo, autocommit=True) as other:
                wait_until(lambda: process.poll() is not None or other.execute(waiting.encode()).fetchone() != (0,))
            assert process.poll() is None
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert json.loads(output)["deleted"]["runs"] == 2
    kept = record.rows("SELECT state_snapshot_id AS id FROM debug_error_events")
    assert kept == [state]
    assert [row["id"] for row in record.rows("SELECT id FROM debug_state_snapshots")] == [state["id"]]


def test_other_projects_of_a_shared_server_stay(record: Shop) -> None:
    record.run_suite(RIGHT)
    record.environment["DEBUGLOOP_PROJECT"] = "another"
    record.run_suite(RIGHT)
    record.run_suite(RIGHT)
    assert record.pruned("--older-than", "0m")["runs"] == 2
    assert [row["project"] == "another" for row in record.rows("SELECT project FROM debug_runs")] == [False]
    assert record.rows(LEFTOVERS) == []


def test_the_embedded_record_becomes_smaller(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    # The states of the failures take several segments of the log, of which one more or less may be there.
    suite = """
        import hashlib
        import pytest

        @pytest.mark.parametrize("n", range(200))
        def test_it(n):
            seen = [hashlib.sha512(b"%d %d" % (n, i)).hexdigest() for i in range(100)]
            assert not seen
    """
    (tmp_path / "test_it.py").write_text(textwrap.dedent(suite), encoding="utf-8")
    assert project.record().returncode == 1
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert 0\n", encoding="utf-8")
    assert project.record().returncode == 1
    done = project.debugloop("prune", "--keep", "1", "--yes", "--json")
    answer = json.loads(done.stdout)
    assert (answer["deleted"]["runs"], answer["deleted"]["failures"], answer["vacuum_problem"]) == (1, 200, None)
    assert answer["bytes_after"] < answer["bytes_before"]
    assert "test_it" in project.printed("show")


@pytest.mark.parametrize("arguments", [("--keep", "0"), ("--older-than", "soon"), ("--keep", "1", "--json")])
def test_what_nobody_can_mean_ends_with_2(shop: Project, arguments: tuple[str, ...]) -> None:
    done = shop.debugloop("prune", *arguments)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_role_that_may_only_read_deletes_nothing(record: Shop) -> None:
    record.run_suite(RIGHT)
    schema = record.schema
    role = f"reader_{schema}"
    with record.connect() as connection:
        name, where = sql.Identifier(role), sql.Identifier(schema)
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(where, name))
        connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(where, name))
        try:
            more = {"DEBUGLOOP_DSN": make_conninfo(record.conninfo, options=f"-c role={role}")}
            done = record.debugloop("prune", "--older-than", "0m", "--yes", **more)
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
            connection.execute(sql.SQL("DROP ROLE {}").format(name))
    assert done.returncode == 1
    assert done.stderr.startswith("Error: permission denied for table ")
    assert done.stderr.count("\n") == 1
    assert len(record.rows("SELECT FROM debug_runs")) == 1
