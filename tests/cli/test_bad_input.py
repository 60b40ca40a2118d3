"""What cannot be answered is one clear sentence and an exit status, and changes nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.migrate import migrate
from tests.support.commands import call_command
from tests.support.environment import as_from_a_shell, clean_environment
from tests.support.projects import Project
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from tests.cli.conftest import Cli
    from tests.support.servers import Server

READERS: tuple[tuple[str, ...], ...] = (
    ("show",),
    ("runs",),
    ("history", "test_total"),
    ("failures",),
    ("flaky",),
    ("recoveries",),
    ("recoveries", "--patterns"),
    ("diff", "test_total"),
    ("slow",),
    ("export",),
    ("debug",),
    ("reproduce", "test_total"),
)


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The error of a command that failed as it should."""
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    return done.stderr.removeprefix("Error: ").rstrip("\n")


@pytest.fixture(scope="module")
def shared(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A suite that was recorded on a server that others use too."""
    with any_postgres.schema() as name:
        project = Project.example(tmp_path_factory.mktemp("shared") / "shop", any_postgres.conninfo, name)
        assert project.record().returncode == 1
        yield project


@pytest.fixture(scope="module")
def empty_schema(any_postgres: Server) -> Iterator[dict[str, str]]:
    """The variables that name a migrated schema that nothing is added to."""
    with any_postgres.schema() as name, psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
        migrate(connection, name)
        yield {"DEBUGLOOP_DSN": any_postgres.conninfo, "DEBUGLOOP_SCHEMA": name}


@pytest.fixture(scope="module")
def newer_schema(any_postgres: Server) -> Iterator[dict[str, str]]:
    """The variables that name a schema of a newer version."""
    with any_postgres.schema() as name, psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
        migrate(connection, name)
        add = sql.SQL("INSERT INTO {}.schema_migrations VALUES (999, 'of the future', now(), 1, 'x')")
        connection.execute(add.format(sql.Identifier(name)))
        yield {"DEBUGLOOP_DSN": any_postgres.conninfo, "DEBUGLOOP_SCHEMA": name}


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_without_a_record_the_command_says_how_to_make_one(
    cli: Cli, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    expected = f"There is no record in {tmp_path}/.debugloop: run `pytest --debugloop` there first, or name a server"
    assert one_sentence(cli(*arguments)).startswith(expected)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_server_without_the_schema_says_how_to_make_it(
    cli: Cli, arguments: tuple[str, ...], own_schema: dict[str, str]
) -> None:
    sentence = one_sentence(cli(*arguments, **own_schema))
    assert sentence.startswith(f"There is no record in schema {own_schema['DEBUGLOOP_SCHEMA']} of ")


@pytest.mark.parametrize("arguments", READERS[:10], ids=" ".join)
def test_a_record_without_runs_says_so(cli: Cli, arguments: tuple[str, ...], empty_schema: dict[str, str]) -> None:
    done = cli(*arguments, **empty_schema)
    assert done.returncode in (0, 1)
    assert len((done.stdout + done.stderr).splitlines()) == 1
    assert done.stdout + done.stderr


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_database_that_is_down_is_one_sentence(cli: Cli, arguments: tuple[str, ...]) -> None:
    sentence = one_sentence(cli(*arguments, DEBUGLOOP_DSN="host=/nowhere password=hush"))
    assert sentence.startswith("PostgreSQL at host=/nowhere did not answer (")
    assert "hush" not in sentence


@pytest.mark.parametrize("arguments", READERS, ids=" ".join)
def test_a_newer_schema_asks_for_a_newer_package(
    cli: Cli, arguments: tuple[str, ...], newer_schema: dict[str, str]
) -> None:
    sentence = one_sentence(cli(*arguments, **newer_schema))
    name = newer_schema["DEBUGLOOP_SCHEMA"]
    assert sentence.startswith(f"Schema {name} is at version 999, but this pytest-debugloop only knows")


def test_an_older_schema_asks_for_its_migration(cli: Cli, own_schema: dict[str, str]) -> None:
    assert cli("migrate", **own_schema).returncode == 0
    assert cli("rollback", "--yes", "--to", "6", **own_schema).returncode == 0
    sentence = one_sentence(cli("show", **own_schema))
    assert sentence.endswith("run `debugloop migrate`.")
    assert " is at version 6 of " in sentence


@pytest.mark.parametrize("command", ["show", "history", "diff", "debug", "reproduce"])
@pytest.mark.parametrize("text", ["no_such_test", "ffffffff", "0123456789abcdef", "", "\x1b[31m", "%_\\", "a" * 5000])
def test_what_is_not_in_the_record_is_not_found(shop: Project, command: str, text: str) -> None:
    if not text and command in ("show", "debug"):
        pytest.skip("nothing is the default there")
    sentence = one_sentence(shop.debugloop(command, text))
    assert sentence.startswith("Nothing in the record matches ")
    assert "\x1b" not in sentence


@pytest.mark.parametrize("command", ["show", "history", "diff", "debug", "reproduce"])
def test_a_name_of_several_tests_names_them(shop: Project, command: str) -> None:
    refused = shop.debugloop(command, "test_orders")
    assert (refused.returncode, refused.stdout) == (1, "")
    head, *names = refused.stderr.splitlines()
    assert head == "Error: test_orders is ambiguous, it matches several:"
    assert all(" tests/test_orders.py::" in name for name in names[:5])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("runs", "--since", "yesterday-ish"), "is not a time: use 2026-11-25"),
        (("runs", "--since", "9999999d"), "is not a time"),
        (("runs", "--status", "odd"), "Invalid value for '--status'"),
        (("show", "--budget", "1", "--brief"), "Invalid value for '--budget'"),
        (("show", "--limit", "-1"), "Invalid value for '--limit'"),
        (("history",), "Missing argument"),
        (("diff",), "Missing argument"),
    ],
)
def test_what_nobody_can_mean_ends_with_2(shop: Project, arguments: tuple[str, ...], reason: str) -> None:
    done = shop.debugloop(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_another_project_is_told_from_this_one(cli: Cli, shared: Project, tmp_path: Path) -> None:
    variables = shared.variables
    assert "test_unknown_article" in shared.printed("show")
    sentence = one_sentence(cli("show", **variables))
    assert sentence == f"The record has no runs of project {tmp_path.name}, only of shop: choose one with --project."
    named = cli("show", "--project", "shop", **variables)
    assert (named.returncode, named.stderr) == (0, "")


def test_a_role_that_may_only_read_can_ask_and_change_nothing(shared: Project, any_postgres: Server) -> None:
    role = sql.Identifier(f"reader_{uuid.uuid4().hex[:8]}")
    schema = sql.Identifier(shared.schema)
    with psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {}").format(role))
        try:
            connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, role))
            connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, role))
            name = role.as_string(connection).strip('"')
            reader = {"DEBUGLOOP_DSN": make_conninfo(any_postgres.conninfo, options=f"-c role={name}")}
            for arguments in READERS[:7]:
                done = shared.debugloop(*arguments, **reader)
                assert (done.returncode, done.stderr) == (0, ""), arguments
            counted = sql.SQL("SELECT count(*) FROM {}.debug_error_events").format(schema)
            before = connection.execute(counted).fetchone()
            for changing in (("prune", "--older-than", "2099-01-01", "--yes"), ("rollback", "--yes")):
                done = shared.debugloop(*changing, **reader)
                assert done.returncode == 1, changing
                assert "Traceback" not in done.stderr
                assert done.stderr.count("\n") == 1, changing
            assert connection.execute(counted).fetchone() == before
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.parametrize("arguments", [("show", "--limit", "0"), ("show", "--json")])
def test_a_reader_that_leaves_early_is_no_error(shop: Project, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = subprocess.run(
            [sys.executable, "-m", "pytest_debugloop", *arguments],
            cwd=shop.folder,
            env=clean_environment(PYTHONDEVMODE="1"),  # reports errors at exit, as Python 3.13 always does
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writer)
    assert (process.returncode, process.stderr) == (1, "")


def test_ctrl_c_ends_a_question_at_once_with_130(shared: Project, any_postgres: Server) -> None:
    name = f"asked-{uuid.uuid4().hex}"
    variables = {**shared.variables, "DEBUGLOOP_DSN": make_conninfo(shared.conninfo, application_name=name)}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_debugloop", "sql", "--json", "SELECT pg_sleep(120)"],
        cwd=shared.folder,
        env=clean_environment(**variables),
        preexec_fn=as_from_a_shell,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    asked = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event = 'PgSleep'"
    with psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
        wait_until(lambda: connection.execute(asked, (name,)).fetchone() != (0,) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        told = json.loads(err)
        assert (process.returncode, out, told["code"], told["message"]) == (130, "", "interrupted", "Interrupted.")
        wait_until(lambda: connection.execute(asked, (name,)).fetchone() == (0,))  # the server stops with it


def test_a_snapshot_of_100_megabytes_is_one_sentence(shared: Project) -> None:
    large = str(uuid.uuid4())
    statement = (
        "INSERT INTO debug_state_snapshots (id, snapshot_type, correlation_id, agent_name, agent_state, state_hash,"
        f" state_size_bytes) VALUES ('{large}', 'checkpoint', gen_random_uuid(), 'me', jsonb_build_object('schema', 1,"
        " 'exceptions', '[]'::jsonb, 'fixtures', jsonb_build_object('big', repeat('x', 100 * 1000 * 1000))),"
        " encode(sha256('big'), 'hex'), 100000100)"
    )
    made = shared.debugloop("sql", "-qc", statement)
    assert (made.returncode, made.stderr) == (0, "")
    sentence = one_sentence(shared.debugloop("show", large))
    assert sentence == (
        f"Snapshot {large[-8:]} is too large to show (100 MB): "
        f"write it with `debugloop show {large[-8:]} --json > FILE`."
    )


def test_a_setting_that_cannot_be_used_is_one_sentence(cli: Cli) -> None:
    assert one_sentence(cli("show", DEBUGLOOP_SCHEMA="x" * 64)).startswith(
        "The setting debugloop_schema is not valid: "
    )


def test_settings_are_read_from_the_ini_file_as_the_plugin_reads_them(shared: Project, tmp_path: Path) -> None:
    variables = shared.variables
    lines = ["[pytest]", "debugloop_project = shop"]
    lines += [f"{name.lower()} = {value}" for name, value in variables.items()]
    (tmp_path / "pytest.ini").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "deep").mkdir()
    done = call_command(tmp_path / "deep", "runs")
    assert (done.returncode, done.stderr) == (0, "")
    assert "failed" in done.stdout
