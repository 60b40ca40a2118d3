"""The `debugloop` command as people run it: exit status, output, and what goes wrong in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from pytest_debugloop.cli.app import COMMANDS
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migration_files import available
from tests.support.projects import Project
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.cli.conftest import Cli
    from tests.support.servers import Server

SCRIPT = Path(sys.executable).with_name("debugloop")


def test_help_names_every_command(cli: Cli) -> None:
    done = cli("--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"\n  {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_what_it_does_with_an_example(cli: Cli, command: str) -> None:
    done = cli(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: debugloop {command} ")
    assert "Example: debugloop" in done.stdout


def test_the_installed_script_is_the_same(cli: Cli) -> None:
    if not SCRIPT.exists():
        pytest.skip("the package is not installed beside this Python: there is no script")
    done = subprocess.run([SCRIPT, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, cli("--help").stdout, "")


def test_migrate_and_rollback_tell_each_step_once(cli: Cli, own_schema: dict[str, str]) -> None:
    up = cli("migrate", **own_schema)
    assert (up.returncode, up.stderr) == (0, "")
    steps = [line.removeprefix("applied ") for line in up.stdout.splitlines()]
    assert "005 debug_state_management" in steps
    assert cli("migrate", **own_schema).stdout == "nothing to apply\n"
    part = cli("rollback", "--yes", "--to", "5", **own_schema)
    told, *undone = part.stdout.splitlines()
    assert (
        told
        == f"Undoing {len(undone)} migrations, {steps[-1][:3]} to 006, deletes 1 row of 1 table (debug_hash_key: 1)."
    )
    assert undone == [f"rolled back {step}" for step in reversed(steps) if int(step[:3]) > 5]
    rest = cli("rollback", "--yes", "--to", "0", **own_schema)
    assert (rest.returncode, rest.stderr) == (0, "")
    assert rest.stdout.splitlines()[1:] == [f"rolled back {step}" for step in reversed(steps) if int(step[:3]) <= 5]
    assert cli("rollback", "--yes", **own_schema).stdout == "nothing to roll back\n"


def test_commands_that_change_the_schema_or_load_tell_it_as_json(cli: Cli, own_schema: dict[str, str]) -> None:
    up = json.loads(cli("migrate", "--json", **own_schema).stdout)
    assert (up["schema"], up["version"]) == ("debugloop/migrate", 1)
    assert {"version": 5, "name": "debug_state_management"}.items() <= up["applied"][1].items()
    assert json.loads(cli("migrate", "--json", **own_schema).stdout)["applied"] == []
    load = json.loads(cli("load", "--json", **own_schema).stdout)
    assert (load["schema"], load["stored"], load["waiting"], load["rejected_lines"]) == ("debugloop/load", 0, 0, 0)
    down = json.loads(cli("rollback", "--yes", "--to", "0", "--json", **own_schema).stdout)
    assert down["deleted"]["tables"]["debug_runs"] == 0
    assert [step["version"] for step in down["undone"]] == [step["version"] for step in reversed(up["applied"])]


def test_rollback_undoes_the_newest_migration_unless_a_version_is_given(cli: Cli, own_schema: dict[str, str]) -> None:
    steps = [line.removeprefix("applied ") for line in cli("migrate", **own_schema).stdout.splitlines()]
    for step in reversed(steps[-2:]):
        done = cli("rollback", "--yes", **own_schema)
        assert done.stdout == f"Undoing {step} deletes no data.\nrolled back {step}\n"


def test_rollback_says_how_much_it_deletes_and_asks(cli: Cli, own_schema: dict[str, str], any_postgres: Server) -> None:
    cli("migrate", **own_schema)
    schema = sql.Identifier(own_schema["DEBUGLOOP_SCHEMA"])
    with psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
        for n in range(3):
            row = sql.SQL(
                "INSERT INTO {}.debug_runs (id, correlation_id, project, started_at, leg, git_commit)"
                " VALUES (gen_random_uuid(), gen_random_uuid(), 'p', now(), 'py312', 'c')"
            )
            connection.execute(row.format(schema))
            connection.execute(
                sql.SQL("INSERT INTO {}.debug_commit_parents VALUES ('p', {}, 'd', TRUE)").format(schema, str(n))
            )
    refused = cli("rollback", "--to", "10", input="n\n", **own_schema)
    assert (refused.returncode, refused.stderr) == (1, "Aborted!\n")
    told, _, question = refused.stdout.partition("\n")
    assert told.endswith(
        "to 011, deletes 7 rows of 3 tables (debug_workflows: 3, debug_commit_parents: 3, debug_hash_key: 1)"
        " and 6 values of 2 columns (debug_runs.line: 3, debug_runs.leg: 3)."
    )
    assert question.startswith("Continue? [y/N]: ")
    assert cli("migrate", **own_schema).stdout == "nothing to apply\n"
    done = cli("rollback", "--to", "10", input="y\n", **own_schema)
    assert done.returncode == 0
    assert "rolled back 011 debug_lines" in done.stdout


def test_status_counts_what_is_pending(cli: Cli, own_schema: dict[str, str], any_postgres: Server) -> None:
    schema = own_schema["DEBUGLOOP_SCHEMA"]
    before = cli("status", **own_schema)
    assert (before.returncode, before.stderr) == (0, "")
    assert f": PostgreSQL {any_postgres.major}, schema {schema}, " in before.stdout
    assert not before.stdout.endswith(" 0 migrations pending\n")
    cli("migrate", **own_schema)
    assert cli("status", **own_schema).stdout.endswith(f"schema {schema}, 0 migrations pending\n")


def test_load_without_anything_to_load_says_so(cli: Cli, own_schema: dict[str, str]) -> None:
    done = cli("load", **own_schema)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 runs stored, 0 still waiting.\n", "")


def test_sql_runs_a_statement_alone(cli: Cli, own_record: dict[str, str]) -> None:
    done = cli("sql", "SELECT 6 * 7 AS answer", **own_record)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["answer", "--------", "42", "(1", "row)"]


def test_sql_asks_in_the_schema_and_ends_as_psql_does(cli: Cli, own_record: dict[str, str]) -> None:
    done = cli("sql", "-At", "-c", "SELECT current_schema, (SELECT count(*) FROM debug_workflow_steps)", **own_record)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{own_record['DEBUGLOOP_SCHEMA']}|0\n", "")
    failed = cli("sql", "-c", "SELECT nothing", **own_record)
    assert failed.returncode == 1
    assert 'column "nothing" does not exist' in failed.stderr


@pytest.mark.parametrize("command", [("load",), ("migrate",), ("rollback", "--yes"), ("status",), ("sql",)])
def test_a_server_that_is_away_is_one_sentence(cli: Cli, command: tuple[str, ...]) -> None:
    done = cli(*command, DEBUGLOOP_DSN="host=/nowhere password=hush")
    assert done.returncode == 1
    assert done.stderr.startswith("Error: PostgreSQL at host=/nowhere did not answer (")
    assert done.stderr.endswith("check the connection string.\n")
    assert done.stderr.count("\n") == 1
    assert "hush" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", [("migrate",), ("rollback", "--yes"), ("status",), ("sql",)])
def test_a_folder_without_a_record_is_one_sentence_and_stays_as_it_is(
    cli: Cli, command: tuple[str, ...], tmp_path: Path
) -> None:
    done = cli(*command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: There is no record in {tmp_path}/.debugloop: run `pytest --debugloop` there first, "
        "or name a server with --dsn.\n"
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nothing",), "No such command 'nothing'"),
        (("--dns", "x", "load"), "No such option"),
        (("rollback", "--to", "many"), "Invalid value for '--to'"),
    ],
)
def test_what_nobody_can_mean_ends_with_2(cli: Cli, arguments: tuple[str, ...], reason: str) -> None:
    done = cli(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Error: {reason}" in done.stderr


@pytest.mark.parametrize(
    ("words", "offered"), [("debugloop sh", ["show"]), ("debugloop re", ["recoveries", "report", "reproduce"])]
)
def test_a_shell_completes_commands(cli: Cli, words: str, offered: list[str]) -> None:
    done = cli(_DEBUGLOOP_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD="1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"plain,{word}" for word in offered]


def test_a_shell_completes_options(cli: Cli) -> None:
    done = cli(_DEBUGLOOP_COMPLETE="bash_complete", COMP_WORDS="debugloop show --js", COMP_CWORD="2")
    assert done.stdout.splitlines() == ["plain,--json"]


def test_where_the_record_is_may_stand_before_or_behind_the_command(cli: Cli, own_schema: dict[str, str]) -> None:
    words = ("--dsn", own_schema["DEBUGLOOP_DSN"], "--schema", own_schema["DEBUGLOOP_SCHEMA"])
    before, behind = cli(*words, "status"), cli("status", *words)
    assert (before.returncode, before.stderr) == (0, "")
    assert before.stdout == behind.stdout


def test_rows_of_a_statement_are_json(cli: Cli, own_record: dict[str, str]) -> None:
    done = cli("sql", "--json", "SELECT 1 AS one, 'x' AS two, now() AS at, '{1}'::int[] AS list", **own_record)
    row = json.loads(done.stdout)["rows"][0]
    assert (row["one"], row["two"], row["list"]) == (1, "x", [1])
    refused = cli("sql", "--json", "DELETE FROM debug_runs", **own_record)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "read-only transaction" in refused.stderr


def test_the_embedded_server_is_started_for_a_command_and_stopped_after(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "test_it.py").write_text("def test_it():\n    assert not 'red'\n")
    assert project.record().returncode == 1
    pid_file = tmp_path / ".debugloop" / "postgres" / "postmaster.pid"
    wait_until(lambda: not pid_file.exists())  # the loader has told the run before it leaves
    assert "assert not 'red'" in project.printed("show")
    assert not pid_file.exists()
    with embedded_server(tmp_path / ".debugloop"):
        assert "assert not 'red'" in project.printed("show")
        assert pid_file.exists()  # it is left to who uses it


def test_load_makes_no_record_where_nothing_waits(cli: Cli, tmp_path: Path) -> None:
    done = cli("load")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: There is no record in {tmp_path}/.debugloop")
    assert list(tmp_path.iterdir()) == []


def test_rollback_asks_nothing_where_there_is_nothing_to_lose(cli: Cli, own_schema: dict[str, str]) -> None:
    assert cli("rollback", **own_schema).stdout == "nothing to roll back\n"
    cli("migrate", **own_schema)
    assert cli("rollback", "--to", "99", **own_schema).stdout == "nothing to roll back\n"


def test_migrate_and_rollback_write_scripts_and_change_nothing(cli: Cli, own_schema: dict[str, str]) -> None:
    up = cli("migrate", "--sql", **own_schema)
    assert (up.returncode, up.stderr) == (0, "")
    assert up.stdout.startswith("-- debugloop migrate --sql: migrations 00")
    steps = [line.removeprefix("applied ") for line in cli("migrate", **own_schema).stdout.splitlines()]
    assert [line.removeprefix("\\echo applied ") for line in up.stdout.splitlines() if "\\echo" in line] == steps
    down = cli("rollback", "--sql", **own_schema).stdout
    assert [line for line in down.splitlines() if "\\echo" in line] == [f"\\echo rolled back {steps[-1]}"]
    down = cli("rollback", "--to", "0", "--sql", **own_schema).stdout
    assert down.count("COMMIT;") == len(steps)
    assert cli("migrate", **own_schema).stdout == "nothing to apply\n"


def test_a_script_of_all_migrations_needs_no_record(cli: Cli, tmp_path: Path) -> None:
    done = cli("migrate", "--sql", "--dir", str(tmp_path / "none"))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("COMMIT;") == len(available())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["migrate", "rollback"])
def test_a_script_is_no_json(cli: Cli, command: str) -> None:
    done = cli(command, "--sql", "--json")
    assert (done.returncode, done.stdout) == (2, "")
