"""The command as a process: closed streams, full disks, signals, odd settings of the server; nothing is left behind."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.database.processes import is_server, read_pid
from tests.support.environment import CHECKOUT, as_from_a_shell, clean_environment
from tests.support.projects import Project
from tests.support.shop import LONG
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.cli.conftest import Cli
    from tests.support.servers import Server


pytestmark = pytest.mark.process

# Each row is long enough to be sent at once.
SLOW = "SELECT repeat('x', 20000), pg_sleep(1) FROM generate_series(1, 100)"


def shell(project: Project, redirected: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run ``debugloop`` from a shell that redirects its streams."""
    command = f'exec "{sys.executable}" -m pytest_debugloop {redirected}'
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=project.folder,
        env=clean_environment(**more),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A recorded suite whose server does not run."""
    project = Project.example(tmp_path_factory.mktemp("stopped") / "shop")
    assert project.record(DEBUGLOOP_WAIT=LONG).returncode == 1
    wait_until(lambda: not server_runs(project))  # its loader may be about to stop it
    return project


@pytest.fixture(scope="module")
def variables(any_postgres: Server) -> Iterator[dict[str, str]]:
    """How to reach a record without runs, to which no test adds any."""
    with any_postgres.schema() as name, psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
        migrate(connection, name)
        yield {"DEBUGLOOP_DSN": any_postgres.conninfo, "DEBUGLOOP_SCHEMA": name}


def server_runs(project: Project) -> bool:
    """Tell whether the embedded server runs."""
    data = project.folder / ".debugloop" / "postgres"
    pid = read_pid(data / "postmaster.pid")
    return bool(pid and is_server(pid, data))


CLOSED, FULL = (">&-", "[Errno 9] Bad file"), (">/dev/full", "[Errno 28] No space")


@pytest.mark.parametrize(
    ("arguments", "to", "reason"),
    [
        *((arguments, *FULL) for arguments in ("show", "export", "status", "doctor", 'sql --json "SELECT 1"')),
        *((arguments, *CLOSED) for arguments in ("runs --json", "--help")),
        *(
            pytest.param(arguments, *CLOSED, marks=pytest.mark.thorough)
            for arguments in ("show", "export", "status", "doctor", 'sql --json "SELECT 1"')
        ),
        *(pytest.param(arguments, *FULL, marks=pytest.mark.thorough) for arguments in ("runs --json", "--help")),
    ],
)
def test_an_output_that_takes_nothing_is_one_sentence(shop: Project, arguments: str, to: str, reason: str) -> None:
    done = shell(shop, f"{arguments} {to}")
    assert (done.returncode, done.stdout) == (1, "")
    told = json.loads(done.stderr)["message"] if "--json" in arguments else done.stderr.removeprefix("Error: ")
    assert told.startswith(reason)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", ["show", "debug"])
def test_closed_input_and_errors_are_no_fault(shop: Project, arguments: str) -> None:
    done = shell(shop, f"{arguments} <&- 2>&-")
    assert done.returncode == 0
    assert done.stdout


def test_a_question_that_nobody_can_answer_is_no(shop: Project) -> None:
    done = shell(shop, "prune --keep 1 <&-")
    assert (done.returncode, done.stderr) == (1, "Aborted!\n")


def test_a_reader_that_leaves_while_rows_come_ends_it(shop: Project) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_debugloop", "sql", "--json", "SELECT generate_series(1, 10000000)"],
        cwd=shop.folder,
        env=clean_environment(PYTHONDEVMODE="1"),  # reports errors at exit, as Python 3.13 always does
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith('{"schema": "debugloop/sql"')
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (1, "")


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, 130),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
    ],
)
def test_a_signal_stops_the_server_that_was_started(stopped: Project, number: signal.Signals, status: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_debugloop", "sql", "--json", "SELECT pg_sleep(300)"],
        cwd=stopped.folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_from_a_shell,
    ) as process:
        wait_until(lambda: server_runs(stopped) or process.poll() is not None)
        process.send_signal(number)  # as it starts, or just after
        try:
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    told = json.loads(err)["message"] if err else ""
    assert (process.returncode, out, told) == (status, "", "Interrupted." if status == 130 else "")
    assert not server_runs(stopped)


def test_an_export_that_is_ended_leaves_no_half_file(stopped: Project, tmp_path: Path) -> None:
    output = tmp_path / "runs.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_debugloop", "export", "--all", "-o", str(output)],
        cwd=stopped.folder,
        env=clean_environment(),
        stderr=subprocess.DEVNULL,
        preexec_fn=as_from_a_shell,
    ) as process:
        wait_until(lambda: list(tmp_path.iterdir()) or process.poll() is not None)
        process.terminate()
        process.wait(60)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["runs.jsonl"])
    assert not server_runs(stopped)


def test_a_server_that_is_killed_meanwhile_is_one_sentence_and_comes_back(stopped: Project) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "pytest_debugloop", "sql", "--json", SLOW],
        cwd=stopped.folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline()
        pid = read_pid(stopped.folder / ".debugloop" / "postgres" / "postmaster.pid")
        assert pid
        os.kill(pid, signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert json.loads(err)["code"] in ("database", "database_unreachable")
    assert err.count("\n") == 1
    assert "failed" in stopped.printed("runs")


def test_many_commands_at_once_share_a_server_and_leave_none(stopped: Project) -> None:
    commands = [
        subprocess.Popen(
            [sys.executable, "-m", "pytest_debugloop", *arguments],
            cwd=stopped.folder,
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for arguments in (["show"], ["runs", "--json"], ["failures"], ["migrate"], ["prune", "--keep", "9", "--yes"])
    ]
    assert [(command.communicate(timeout=90)[1], command.returncode) for command in commands] == [("", 0)] * 5
    assert not server_runs(stopped)


def test_ctrl_c_in_psql_stops_the_statement_and_not_psql(stopped: Project) -> None:
    controller, terminal = pty.openpty()
    seen = b""

    def until(text: bytes) -> None:
        nonlocal seen
        while text not in seen:
            seen += os.read(controller, 4096)
        seen = seen.partition(text)[2]

    with embedded_server(stopped.folder / ".debugloop") as conninfo, psycopg.connect(conninfo) as connection:
        connection.autocommit = True
        process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", sys.executable, "-m", "pytest_debugloop", "sql", "-X", "-A", "-t"],
            cwd=stopped.folder,
            env=clean_environment(PAGER="cat"),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        os.write(controller, b"SELECT pg_sleep(120);\n")
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        wait_until(lambda: connection.execute(sleeping).fetchone() != (0,) or process.poll() is not None)
        os.write(controller, b"\x03")
        until(b"canceling statement due to user request")
        os.write(controller, b"SELECT 'still ' || 'here';\n")
        until(b"still here")
        os.write(controller, b"\\q\n")
        assert process.wait(60) == 0
    os.close(controller)
    assert not server_runs(stopped)


def test_psql_gets_no_password_as_an_argument(any_postgres: Server, cli: Cli, tmp_path: Path) -> None:
    program = tmp_path / "psql"
    program.write_text('#!/bin/sh\necho "$PGPASSWORD" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    dsn = make_conninfo(any_postgres.conninfo, password="hush-hush", options="-c work_mem=5MB")
    done = cli("--schema", 'a"\\ b', "sql", DEBUGLOOP_DSN=dsn, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 0
    password, _, arguments = done.stdout.partition(" ")
    assert password == "hush-hush"
    assert "hush" not in arguments
    assert "-c work_mem=5MB -c search_path=" in arguments


@pytest.mark.parametrize("schema", ['a "quoted" One, back\\slash, tab\tin it', "ü" * 31])
def test_a_schema_of_any_name_can_be_asked_with_sql(any_postgres: Server, cli: Cli, schema: str) -> None:
    given = {"DEBUGLOOP_DSN": any_postgres.conninfo, "DEBUGLOOP_SCHEMA": schema}
    try:
        assert cli("migrate", **given).returncode == 0
        told = cli("sql", "--json", "SELECT current_schema() AS name", **given)
        assert json.loads(told.stdout)["rows"] == [{"name": schema}]
        count = cli("sql", "-Atc", "SELECT count(*) FROM debug_runs", **given)
        assert (count.returncode, count.stdout, count.stderr) == (0, "0\n", "")
    finally:
        with psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


@pytest.mark.parametrize("style", ["German", "SQL, DMY", "Postgres"])
@pytest.mark.parametrize("arguments", [("show",), ("runs",), ("prune", "--keep", "1", "--dry-run"), ("doctor",)])
def test_a_server_that_writes_times_otherwise_is_understood(
    shop: Project, arguments: tuple[str, ...], style: str
) -> None:
    done = shop.debugloop(*arguments, PGDATESTYLE=style)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "statement",
    [
        "ROLLBACK; CREATE TABLE public.pwned (x int)",
        "COMMIT",
        "COPY debug_runs TO STDOUT",
        "",
        "DELETE FROM debug_runs",
    ],
)
def test_sql_as_json_takes_one_statement_that_reads(cli: Cli, variables: dict[str, str], statement: str) -> None:
    done = cli("sql", "--json", statement, **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert json.loads(done.stderr)["exit_status"] == 1
    assert done.stderr.count("\n") == 1
    made = cli("sql", "--json", "SELECT to_regclass('public.pwned') AS made", **variables)
    assert json.loads(made.stdout)["rows"] == [{"made": None}]


def test_sql_as_json_has_every_value(cli: Cli, variables: dict[str, str]) -> None:
    statement = (
        "SELECT 'NaN'::float8 AS a, 'infinity'::timestamptz AS b, 10::numeric ^ 400 AS c, '-infinity'::date AS d,"
        " '200000-01-01'::timestamp AS e, '-Infinity'::float4 AS f"
    )
    done = cli("sql", "--json", statement, **variables)
    row = json.loads(done.stdout, parse_constant=pytest.fail)["rows"][0]
    assert str(row.pop("c")).startswith("1" + "0" * 400)
    assert row == {
        "a": "NaN",
        "b": "9999-12-31T23:59:59.999999+00:00",
        "d": "-infinity",
        "e": "200000-01-01 00:00:00",
        "f": "-Infinity",
    }


@pytest.mark.parametrize("arguments", [("show",), ("status",), ("prune", "--keep", "1", "--yes")], ids=" ".join)
def test_a_record_that_somebody_locks_is_waited_for_and_then_told(
    cli: Cli, variables: dict[str, str], arguments: tuple[str, ...]
) -> None:
    lock = sql.SQL("LOCK TABLE {0}.debug_runs, {0}.schema_migrations IN ACCESS EXCLUSIVE MODE")
    # A shorter wait that somebody asks for is theirs.
    impatient = make_conninfo(variables["DEBUGLOOP_DSN"], options="-c lock_timeout=100ms")
    with psycopg.connect(variables["DEBUGLOOP_DSN"]) as connection:
        connection.execute(lock.format(sql.Identifier(variables["DEBUGLOOP_SCHEMA"])))
        done = cli(*arguments, **{**variables, "DEBUGLOOP_DSN": impatient})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: The record has been locked")


@pytest.mark.parametrize("option", ["--branch", "--commit", "--project"])
def test_bytes_that_are_no_text_are_found_nowhere(shop: Project, option: str) -> None:
    done = subprocess.run(
        [sys.executable.encode(), b"-m", b"pytest_debugloop", b"runs", option.encode(), b"\xff"],
        cwd=shop.folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (1 if option == "--project" else 0)
    assert "Traceback" not in done.stderr
    assert done.stdout == ("" if option == "--project" else "No runs match.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs", "--limit", "99999999999999999999"),
        ("slow", "--last", "99999999999999999999"),
        ("prune", "--keep", "99999999999999999999"),
        ("rollback", "--to", "-1", "--yes"),
    ],
    ids=" ".join,
)
def test_a_number_out_of_range_ends_with_2(shop: Project, arguments: tuple[str, ...]) -> None:
    done = shop.debugloop(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not in the range" in done.stderr


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["/bin/sh", "-c", f'rmdir "{gone}" && exec "{sys.executable}" -m pytest_debugloop show'],
        cwd=gone,
        env=clean_environment(PYTHONPATH=str(CHECKOUT)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("Error: The current directory no longer exists: change to another one.\n")


@pytest.mark.parametrize(
    ("name", "told", "status"),
    [
        (".debugloop", "cannot be written: it is not a directory of this user", 0),  # another place takes the runs
        (".debugloop/postgres", "is not a directory", 1),
    ],
)
def test_doctor_tells_a_file_where_a_folder_should_be(
    cli: Cli, tmp_path: Path, name: str, told: str, status: int
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    done = cli("doctor")
    assert done.returncode == status
    assert f"{name} {told}" in done.stdout.replace("\n", "")


def test_a_long_name_of_an_export_is_no_problem(shop: Project, tmp_path: Path) -> None:
    name = "é" * 125 + ".jsn"
    done = shop.debugloop("export", "-o", str(tmp_path / name))
    assert done.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["builtins:int", "broken_debugger:Any", "..x:y"])
def test_what_is_no_debugger_is_one_sentence(shop: Project, tmp_path: Path, name: str) -> None:
    (tmp_path / "broken_debugger.py").write_text("1 / 0\n", encoding="utf-8")
    done = shop.debugloop("debug", "--pdbcls", name, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: The debugger {name} cannot be used (")
