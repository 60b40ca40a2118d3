"""Databases that are away, wrong, too old or too new: the tests end as ever, and all they left waits and is loaded."""

from __future__ import annotations

import re
import shutil
import socket
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from tests.database.conftest import folder
from tests.database.test_connect import old_server
from tests.faults.support import Trouble, content, only_sentence, said, waiting
from tests.support.projects import Run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

__all__ = ["folder", "old_server"]

WAITS = "Its journals are kept for the next run or `debugloop load`."


@pytest.fixture
def closed_port() -> Iterator[str]:
    """A port that nobody listens at, and nobody can meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"host=127.0.0.1 port={held.getsockname()[1]} password=hush"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(None, "Connection refused", id="unreachable"),
        pytest.param({"user": "stranger", "password": "hush"}, "no pg_hba.conf entry", id="refused-user"),
        pytest.param({"dbname": "elsewhere", "password": "hush"}, 'database "elsewhere" does not exist', id="no-such"),
    ],
)
def test_a_database_that_does_not_answer_costs_no_record(
    trouble: Trouble, closed_port: str, change: dict[str, str] | None, reason: str
) -> None:
    dsn = make_conninfo(trouble.project.conninfo, **change) if change else closed_port
    run = trouble.run("--debugloop-dsn", dsn)
    line = only_sentence(run)
    assert re.search(rf"is not stored: PostgreSQL at \S*=.* did not answer \(.*{reason}", line)
    assert line.endswith(f"check the connection string. {WAITS}")
    assert "hush" not in run.out
    trouble.all_waits_and_is_loaded(run)


@pytest.mark.parametrize("dsn", ["what is this", "postgresql://[::", "port=many"])
def test_a_connection_string_that_is_none_costs_no_record(trouble: Trouble, dsn: str) -> None:
    run = trouble.run("--debugloop-dsn", dsn)
    assert "check the connection string" in only_sentence(run)
    trouble.all_waits_and_is_loaded(run)


def test_the_next_run_stores_what_waits(trouble: Trouble, closed_port: str) -> None:
    first = trouble.run("--debugloop-dsn", closed_port)
    second = trouble.run("--debugloop-dsn", closed_port)
    assert said(second)[1:] == ["debugloop: 1 earlier run still waiting to be stored."]
    third = trouble.run()
    assert len(said(third)) == 3
    for run in (first, second, third):
        run.record.wait_for_end()
        assert trouble.stored(run) == trouble.whole


def test_a_server_that_is_too_old_costs_no_record(trouble: Trouble, old_server: str) -> None:
    run = trouble.run("--debugloop-dsn", old_server)
    line = only_sentence(run)
    assert "PostgreSQL 15, but pytest-debugloop requires 16 or later: upgrade it" in line
    assert line.endswith(WAITS)
    trouble.all_waits_and_is_loaded(run)


def test_a_schema_newer_than_the_code_costs_no_record(trouble: Trouble, any_postgres: Server) -> None:
    with any_postgres.schema() as schema, psycopg.connect(any_postgres.conninfo, autocommit=True) as connection:
        migrate(connection, schema)
        records = sql.SQL("{}.schema_migrations").format(sql.Identifier(schema))
        connection.execute(sql.SQL("INSERT INTO {} VALUES (999, 'of tomorrow', now(), 1, 'unknown')").format(records))
        run = trouble.run("--debugloop-schema", schema)
        assert f"Schema {schema} is at version 999, but this" in only_sentence(run)
        assert only_sentence(run).endswith(f": upgrade the package. {WAITS}")
        connection.execute(sql.SQL("DELETE FROM {} WHERE version = 999").format(records))
        trouble.all_waits_and_is_loaded(run)


def test_a_damaged_line_is_set_aside_and_told(trouble: Trouble) -> None:
    trouble.project.write(
        "conftest.py",
        """
        import pathlib

        def pytest_runtest_teardown(item):
            if item.name == "test_many[7]":
                (journal,) = pathlib.Path(".debugloop/journals").glob("*/main.jsonl")
                with journal.open("ab") as file:
                    file.write(b'{"kind":"step","n":\\x00\\xff torn\\n')
        """,
    )
    run = trouble.run()
    assert said(run)[-1] == (
        "debugloop: 1 line of the journals could not be stored: see the table debug_rejected_lines for the lines "
        "and the reasons."
    )
    assert trouble.stored(run) == trouble.whole
    (kept,) = run.record.query("SELECT * FROM debug_rejected_lines WHERE correlation_id = %(id)s")
    assert "damaged" in kept["reason"]


def test_a_journal_damaged_while_it_waits_loses_only_the_damaged_line(trouble: Trouble, closed_port: str) -> None:
    run = trouble.run("--debugloop-dsn", closed_port)
    (journal,) = (path for path in waiting(trouble.folder) if path.name == "main.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    lines[len(lines) // 2 :] = [b"\xde\xad\x00\n", *lines[len(lines) // 2 :], b'{"kind":"st']
    journal.write_bytes(b"".join(lines))
    assert trouble.load() == (
        "1 run stored, 0 still waiting.\n"
        "2 lines could not be stored: see the table debug_rejected_lines for the lines and the reasons."
    )
    assert trouble.stored(run) == trouble.whole
    assert len(run.record.query("SELECT FROM debug_rejected_lines WHERE correlation_id = %(id)s")) == 2


def test_data_of_an_older_version_are_used_as_they_are(trouble: Trouble) -> None:
    with embedded_server(trouble.folder, postgres_version=16, durable=False):
        pass
    correlation_id, command = trouble.embedded("--debugloop-postgres-version", "18")
    run = trouble.run(command=command)
    assert len(said(run)) == 2
    with embedded_server(trouble.folder) as conninfo:
        with psycopg.connect(conninfo) as connection:
            assert connection.info.server_version // 10000 == 16
        assert content(conninfo, "agent_observability", correlation_id) == trouble.whole


def test_data_of_a_version_that_nobody_knows_cost_no_record(trouble: Trouble) -> None:
    data = trouble.folder / "postgres"
    data.mkdir(parents=True, mode=0o700)
    (data / "PG_VERSION").write_text("99\n")
    correlation_id, command = trouble.embedded()
    run = trouble.run(command=command)
    assert (
        f"{data} contains data of PostgreSQL 99, but the installed versions are 16, 18: move it away"
        in only_sentence(run)
    )
    shutil.rmtree(data)
    trouble.all_waits_and_is_loaded(Run(run.ret, run.out, run.err, trouble.project.left_by(correlation_id)))
