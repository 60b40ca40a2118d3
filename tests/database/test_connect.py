"""Connections to every kind of server, and what is said where there is none to be had."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pytest_debugloop.database.account import Account, own_folder
from pytest_debugloop.database.connect import connect, describe
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.errors import DatabaseUnreachableError, ServerTooOldError
from tests.support.embedded import tell
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

SECRET = "s3cr3t"
OLD_PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.server_matrix
def test_every_server_answers(postgres: Server, fresh_database: str, schema: str) -> None:
    with connect(fresh_database) as connection:
        assert connection.autocommit
        assert connection.prepare_threshold is None
        assert connection.info.server_version // 10000 == postgres.major
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        connection.execute("CREATE TABLE words (word text)")
        connection.execute("INSERT INTO words VALUES (%s)", ["grün 試験"])
        assert connection.execute("SELECT word FROM words").fetchall() == [("grün 試験",)]


def test_the_server_sees_our_name_unless_told_otherwise(any_postgres: Server) -> None:
    query = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
    with connect(any_postgres.conninfo) as connection:
        assert connection.execute(query).fetchone() == ("pytest-debugloop",)
    with connect(any_postgres.conninfo, application_name="loader") as connection:
        assert connection.execute(query).fetchone() == ("loader",)
    with connect(f"{any_postgres.conninfo} application_name=theirs", application_name="loader") as connection:
        assert connection.execute(query).fetchone() == ("theirs",)


def test_text_is_utf8_whatever_the_environment_says(any_postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with connect(any_postgres.conninfo) as connection:
        assert connection.execute("SELECT %s::text", ["試験"]).fetchone() == ("試験",)


def test_the_first_of_several_hosts_that_answers_is_taken(any_postgres: Server) -> None:
    host = conninfo_to_dict(any_postgres.conninfo)["host"]
    several = make_conninfo(
        any_postgres.conninfo, host=f"/nowhere,{host}", hostaddr=None, target_session_attrs="read-write"
    )
    several = several.replace("hostaddr=''", "")
    with connect(several) as connection:
        assert connection.info.host == host


def test_a_service_works(any_postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = conninfo_to_dict(any_postgres.conninfo)
    lines = [f"{name}={value}" for name, value in given.items() if value != ""]
    (tmp_path / "services").write_text("\n".join(["[ours]", *lines]))
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    with connect("service=ours") as connection:
        assert connection.info.user == given["user"]


@pytest.mark.parametrize(
    ("conninfo", "variable", "seconds"),
    [("", None, 5), ("connect_timeout=2", None, 2), ("", "3", 3), ("connect_timeout=2", "3", 2)],
)
def test_how_long_to_wait(conninfo: str, variable: str | None, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if variable:
        monkeypatch.setenv("PGCONNECT_TIMEOUT", variable)
    tried = []

    def refuse(conninfo: str, **_: object) -> None:
        tried.append(conninfo_to_dict(conninfo))
        raise psycopg.OperationalError("refused")

    monkeypatch.setattr("psycopg.connect", refuse)
    with pytest.raises(DatabaseUnreachableError, match=r"\(refused\)"):
        connect(conninfo)
    assert int(tried[0].get("connect_timeout") or variable or 0) == seconds


def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        conninfo = f"host=127.0.0.1 port={silent.getsockname()[1]}"
        with pytest.raises(DatabaseUnreachableError, match=r"port=\d+ did not answer \(connection timeout expired"):
            connect(conninfo, connect_timeout=2)


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(DatabaseUnreachableError) as caught:
        connect(f"postgresql://ann:{SECRET}@127.0.0.1:{port}/ci")
    said = str(caught.value)
    assert said.startswith(f"PostgreSQL at host=127.0.0.1 port={port} dbname=ci user=ann did not answer (")
    assert "Connection refused" in said
    assert "\n" not in said


def test_a_wrong_password_is_told_without_it(directory: Path) -> None:
    with embedded_server(directory) as conninfo:
        tell(conninfo, "CREATE ROLE ann LOGIN PASSWORD 'right'")
        (directory / "postgres" / "pg_hba.conf").write_text(
            "local all ann scram-sha-256\nlocal all all peer map=debugloop\n"
        )
        tell(conninfo, "SELECT pg_reload_conf()")
        right = make_conninfo(conninfo, user="ann", password="right")
        wait_until(lambda: connects(right))
        with pytest.raises(DatabaseUnreachableError, match=r'authentication failed for user "ann"') as caught:
            connect(make_conninfo(conninfo, user="ann", password=SECRET))
        assert SECRET not in everything_said(caught.value)


def connects(conninfo: str) -> bool:
    try:
        connect(conninfo).close()
    except DatabaseUnreachableError:
        return False
    return True


@pytest.mark.parametrize(
    "conninfo",
    [
        f"postgresql://ann:{SECRET}@localhost:1/ci",
        f"postgresql://ann:x@{SECRET}@localhost:1/ci",
        f"postgresql://ann:x{SECRET}#@localhost:1/ci",
        f"postgresql://ann:{SECRET} @localhost:1/ci",
        f"postgresql://ann:{SECRET}%zz@localhost:1/ci",
        f"postgresql://localhost:1/ci?password={SECRET}",
        f"postgresql://ann@localhost:{SECRET}",
        f"postgresql://localhost:{SECRET}",
        f"host=localhost port=1 user=ann password={SECRET}",
        f"host=localhost port=1 user=ann password='{SECRET}",
        f"host=localhost port=1 user=ann password=x {SECRET}",
        f"host=localhost port=1 user=ann pasword={SECRET}",
        f"host=localhost port=1 dbname=postgresql://ann:{SECRET}@localhost/ci",
        f"host=localhost port=1 user=ann password={SECRET}\0",
        f"host=localhost port=1 user=ann password={SECRET}\udcff",
        f"postgresql://ann:{SECRET}",
        f"postgresql://ann:x/{SECRET}@localhost:1/ci",
        f"postgresql://ann:x?{SECRET}@localhost:1/ci",
        f"postgresql://localhost:1,localhost:{SECRET}/ci",
        f"host=localhost,localhost port=1,{SECRET}",
        f"postgresql+psycopg://ann:{SECRET}@localhost:1/ci",
        f"ann:{SECRET}@localhost",
        f"host=ann:{SECRET}@localhost port=1",
    ],
)
def test_no_password_is_shown(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", SECRET)
    with pytest.raises(DatabaseUnreachableError) as caught:
        connect(conninfo, connect_timeout=2)
    assert SECRET not in everything_said(caught.value)
    assert SECRET not in describe(conninfo)


def everything_said(error: BaseException) -> str:
    """Return what a traceback of this error shows, without the lines of this test."""
    told = traceback.TracebackException.from_exception(error)
    return " ".join(told.format()) + repr(error)


@pytest.mark.parametrize(
    ("conninfo", "description"),
    [
        ("host=db port=5433 dbname=ci user=ann password=x", "host=db port=5433 dbname=ci user=ann"),
        ("postgresql://ann:x@db,spare:5433/ci?sslmode=require", "host=db,spare port=,5433 dbname=ci user=ann"),
        ("postgresql://ann@/ci?host=/a/b%20c", "host='/a/b c' dbname=ci user=ann"),
        ("service=ours password=x", "service=ours"),
        ("", "libpq's default address"),
        ("what is this", "an unknown address"),
        ("postgresql://ann:secret", "an unknown address"),
        ("host=/a=b/c@d:e port=1", "host=/a=b/c@d:e port=1"),
    ],
)
def test_a_description_tells_where_and_who(conninfo: str, description: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    assert describe(conninfo) == description


def test_a_description_knows_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db")
    monkeypatch.setenv("PGUSER", "ann")
    monkeypatch.setenv("PGPASSWORD", SECRET)
    assert describe("dbname=ci") == "host=db dbname=ci user=ann"
    monkeypatch.setenv("PGSERVICE", "ours")
    assert describe("dbname=ci") == "service=ours dbname=ci"


@pytest.fixture
def old_server(folder: Path) -> Iterator[str]:
    """A server of PostgreSQL 15."""
    if not (OLD_PROGRAMS / "postgres").is_file():
        pytest.skip(f"needs PostgreSQL 15 in {OLD_PROGRAMS}, such as Debian's package postgresql-15")
    folder.chmod(0o755)  # these programs want to come back to where they started by its name
    data = folder / "old"
    data.mkdir(mode=0o700)
    account = Account.for_data(data).maker()
    if not account.is_ours:
        subprocess.run(["chown", str(account.uid), data], check=True)
    options = account.process_options(data)
    initdb = [str(OLD_PROGRAMS / "initdb"), "-D", own_folder(data), "-U", "ann", "--auth=trust", "--no-sync"]
    subprocess.run(initdb, check=True, capture_output=True, **options)
    postgres = [str(OLD_PROGRAMS / "postgres"), "-D", own_folder(data), "-k", ".", "-c", "listen_addresses="]
    with subprocess.Popen(postgres, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options) as server:
        try:
            wait_until((data / ".s.PGSQL.5432").exists)
            yield f"host={data} user=ann dbname=postgres"
        finally:
            server.send_signal(signal.SIGINT)


def test_a_server_that_is_too_old_is_refused(old_server: str) -> None:
    wait_until(lambda: "starting up" not in refusal(old_server))
    said = refusal(old_server)
    assert re.fullmatch(
        r"The server at host=.* is PostgreSQL 15, but pytest-debugloop requires 16 or later: upgrade it\.", said
    )


def refusal(conninfo: str) -> str:
    with pytest.raises((ServerTooOldError, DatabaseUnreachableError)) as caught:
        connect(conninfo)
    return str(caught.value)
