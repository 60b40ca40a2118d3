"""A record that somebody hands out, or a checkout brings along, runs nothing on the machine of who opens it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.configuration import READER
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.origin import is_ours, keep_mark
from pytest_debugloop.database.postmaster import Postmaster
from pytest_debugloop.errors import EmbeddedServerError, ForeignRecordError
from tests.support.embedded import ask, tell

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.process

# Each of these settings names a command, or code to load.
HOSTILE = """
include_if_exists = '{folder}/more.conf'
restore_command = 'touch {ran}; false'
archive_mode = on
archive_command = 'touch {ran}; false'
archive_cleanup_command = 'touch {ran}'
recovery_end_command = 'touch {ran}'
ssl_passphrase_command = 'touch {ran}'
shared_preload_libraries = '{folder}/no_such_library'
session_preload_libraries = '{folder}/no_such_library'
local_preload_libraries = 'no_such_library'
hba_file = '{folder}/open_hba.conf'
ident_file = '{folder}/open_ident.conf'
data_directory = '/nowhere'
external_pid_file = '{ran}'
listen_addresses = '127.0.0.1'
event_triggers = on
"""


@pytest.fixture
def place(folder: Path) -> Path:
    """A folder that the server can write to."""
    place = folder / "place"
    place.mkdir()
    place.chmod(0o777)
    folder.chmod(0o711)
    return place


def plant(directory: Path, name: str, text: str) -> None:
    file = directory / "postgres" / name
    file.write_text(text)
    owner = (directory / "postgres").stat()
    os.chown(file, owner.st_uid, owner.st_gid)


@pytest.mark.parametrize("name", ["postgresql.conf", "postgresql.auto.conf"])
@pytest.mark.parametrize("signal", ["recovery.signal", "standby.signal"])
def test_no_file_in_it_tells_the_server_anything(directory: Path, place: Path, name: str, signal: str) -> None:
    ran = place / "ran"
    plant(directory, name, HOSTILE.format(folder=place, ran=ran))
    plant(directory, signal, "")
    plant(directory, "pg_hba.conf", "local all all trust\n")
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SELECT pg_is_in_recovery()") is False
        assert ask(conninfo, "SELECT count(*) FROM pg_hba_file_rules") == 1
        assert ask(conninfo, "SELECT pg_switch_wal() IS NOT NULL")
        assert ask(conninfo, "SHOW archive_mode") == "off"
    assert not ran.exists()


@pytest.mark.parametrize("name", ["base/5/16384", "pg_wal", "pg_tblspc/16385", "more"])
def test_a_link_in_it_leads_the_server_nowhere(directory: Path, place: Path, name: str) -> None:
    link = directory / "postgres" / name
    if link.is_dir():
        shutil.move(link, place / "moved")
    link.symlink_to(place)
    with pytest.raises(EmbeddedServerError, match=rf"/{name} is a symbolic link"), embedded_server(directory):
        pass


# A superuser of whoever made the record can leave all of this; each of it runs a command where it is not kept from it.
LEFT_BEHIND = """
    CREATE FUNCTION public.run() RETURNS text LANGUAGE plpgsql AS $$
        BEGIN COPY (SELECT 1) TO PROGRAM 'cat > {ran}'; RETURN 'ran'; END $$;
    CREATE FUNCTION public.run_for_event() RETURNS event_trigger LANGUAGE plpgsql AS $$
        BEGIN COPY (SELECT 1) TO PROGRAM 'cat > {ran}'; END $$;
    CREATE VIEW public.innocent AS SELECT public.run();
    SELECT * FROM public.innocent;
    DROP OWNED BY debugloop_reader;
    ALTER ROLE debugloop_reader SUPERUSER NOLOGIN CREATEROLE;
    GRANT pg_execute_server_program, pg_write_server_files TO debugloop_reader;
    REVOKE pg_read_all_data FROM debugloop_reader;
    ALTER ROLE ALL SET session_preload_libraries = '{folder}/no_such_library';
    ALTER DATABASE debugloop SET session_preload_libraries = '{folder}/no_such_library';
    ALTER ROLE debugloop_reader SET local_preload_libraries = 'no_such_library';
    ALTER ROLE debugloop IN DATABASE debugloop SET session_preload_libraries = '{folder}/no_such_library';
    ALTER DATABASE debugloop SET work_mem = '5MB';
    CREATE EVENT TRIGGER on_change ON ddl_command_start EXECUTE FUNCTION public.run_for_event();
    ALTER EVENT TRIGGER on_change ENABLE ALWAYS;
"""
ON_LOGIN = """
    CREATE EVENT TRIGGER on_login ON login EXECUTE FUNCTION public.run_for_event();
    ALTER EVENT TRIGGER on_login ENABLE ALWAYS;
    ALTER DATABASE debugloop SET event_triggers = on;
"""


@pytest.mark.parametrize("version", [16, 18])
def test_nothing_that_its_maker_left_in_the_database_runs(fresh: Path, place: Path, version: int) -> None:
    ran = place / "ran"
    statements = LEFT_BEHIND + (ON_LOGIN if version > 16 else "")
    with embedded_server(fresh, postgres_version=version, durable=False) as conninfo:
        tell(conninfo, statements.format(folder=place, ran=ran))
    ran.unlink()  # it would be there
    with embedded_server(fresh, durable=False) as conninfo:
        tell(conninfo, "CREATE TABLE public.fine AS SELECT 1 AS one")  # no event trigger, no library
        reader = make_conninfo(conninfo, user=READER)
        assert ask(reader, "SELECT one FROM public.fine") == 1
        assert ask(reader, "SHOW work_mem") == "5MB"
        assert ask(reader, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user") is False
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            ask(reader, "SELECT * FROM public.innocent")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            tell(reader, "DELETE FROM public.fine")
    assert not ran.exists()


COPIES: dict[str, Callable[[Path, Path], object]] = {
    "copied": lambda source, target: subprocess.run(["cp", "-a", source, target], check=True),
    "unpacked": lambda source, target: subprocess.run(
        f'mkdir "{target}" && tar -C "{source}" -cf - . | tar -C "{target}" -xpf -', shell=True, check=True
    ),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_is_opened_only_where_somebody_trusts_it(directory: Path, folder: Path, way: str) -> None:
    with embedded_server(directory):
        pass
    copy = folder / "copy"
    COPIES[way](directory, copy)
    for _ in range(2):
        with pytest.raises(ForeignRecordError, match=r"debugloop status --trust"), embedded_server(copy):
            pass
        assert not (copy / "postgres" / "postmaster.pid").exists()
    with embedded_server(copy, trusted=True):
        pass
    with embedded_server(copy) as conninfo, embedded_server(directory):  # once and for all, and the other is still ours
        assert ask(conninfo, "SELECT 1") == 1


def test_a_mark_of_somebody_else_says_nothing(directory: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    homes = [[folder / "mine"], [folder / "theirs"]]
    monkeypatch.setattr("pytest_debugloop.database.origin._places", lambda: homes[0])
    assert not is_ours(directory)
    keep_mark(directory)
    assert is_ours(directory)
    assert (folder / "mine" / "key").stat().st_mode & 0o777 == 0o600
    homes.reverse()
    assert not is_ours(directory)


def test_where_no_key_can_be_kept_new_data_are_used_and_not_marked(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_debugloop.database.origin._places", lambda: [Path("/proc/nowhere")])
    with embedded_server(fresh, durable=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
    assert not is_ours(fresh)


def test_it_is_ours_when_its_folder_has_moved(directory: Path, folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    directory.rename(elsewhere)
    assert is_ours(elsewhere)


@pytest.mark.parametrize("broken", [KeyboardInterrupt(), EmbeddedServerError(directory="", reason="it does not start")])
def test_data_that_were_just_made_are_ours_also_where_the_start_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch, broken: BaseException
) -> None:
    def refuse(*_: object) -> None:
        raise broken

    directory = folder / ".debugloop"
    with monkeypatch.context() as patch:
        patch.setattr(Postmaster, "run", refuse)
        with pytest.raises(type(broken)), embedded_server(directory, durable=False):
            pass
    assert (directory / "postgres" / "PG_VERSION").exists()
    with embedded_server(directory, durable=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
