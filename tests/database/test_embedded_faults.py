"""What was killed, broken, full or forbidden: the embedded server comes up, or one sentence says why not."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from pytest_debugloop.database.account import Account
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.origin import keep_mark
from pytest_debugloop.database.processes import is_alive
from pytest_debugloop.errors import DataDirectoryVersionError, EmbeddedServerError
from tests.support import groups
from tests.support.embedded import NOBODY, OTHER, ask, kill_server, public_programs, run_as, server_pid, user
from tests.support.environment import CHECKOUT
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.process

ENTER = """
import sys
from pathlib import Path
from pytest_debugloop.database.binaries import binaries
from pytest_debugloop.database.embedded import embedded_server
embedded_server(Path(sys.argv[1])).__enter__()
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="needs root on Linux")


def test_after_a_kill_of_the_server_the_next_gets_a_live_one_with_all_that_was_committed(directory: Path) -> None:
    with embedded_server(directory) as conninfo:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
            connection.execute("CHECKPOINT")
            connection.execute("SET synchronous_commit = on")
            connection.execute("INSERT INTO kept VALUES (1001)")
        killed = kill_server(directory)
        with embedded_server(directory) as address:
            assert ask(address, "SELECT count(*) FROM kept") == 1001
            assert server_pid(directory) not in (0, killed)
            assert ask(conninfo, "SELECT 1") == 1


@pytest.mark.parametrize("is_moved", [False, True], ids=["removed", "moved"])
def test_a_server_whose_folder_was_taken_away_ends_with_its_last_user(fresh: Path, is_moved: bool) -> None:
    with embedded_server(fresh):
        pid = server_pid(fresh)
        if is_moved:
            fresh.rename(fresh.with_name("moved"))
        else:
            shutil.rmtree(fresh, ignore_errors=True)
    wait_until(lambda: not is_alive(pid), 40)  # by itself it looks once a minute, or never


def test_who_leaves_a_removed_folder_does_not_stop_the_server_that_was_started_in_its_place(directory: Path) -> None:
    with ExitStack() as first:
        first.enter_context(embedded_server(directory))
        shutil.rmtree(directory, ignore_errors=True)
        with embedded_server(directory) as conninfo:
            pid = server_pid(directory)
            first.close()
            assert ask(conninfo, "SELECT 1") == 1
            assert server_pid(directory) == pid


def test_a_killed_server_whose_processes_still_work_is_waited_for(directory: Path) -> None:
    busy = (
        b"DO $$ BEGIN WHILE (pg_stat_file('go', true)).size IS NULL"
        b" AND clock_timestamp() < statement_timestamp() + interval '100 s' LOOP END LOOP; END $$"
    )
    refusal = b"pre-existing shared memory block"

    def let_go() -> None:
        wait_until(lambda: refusal in (directory / "postgres.log").read_bytes())
        (directory / "postgres" / "go").touch()

    with embedded_server(directory) as conninfo, psycopg.connect(conninfo, autocommit=True) as connection:

        def work() -> None:
            with suppress(psycopg.OperationalError):
                connection.execute(busy)

        worker = threading.Thread(target=work)
        worker.start()
        wait_until(lambda: ask(conninfo, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %'") == 1)
        kill_server(directory)
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(let_go)
            with embedded_server(directory) as address:
                assert ask(address, "SELECT 1") == 1
            waiting.result()
        worker.join()


def test_a_server_that_is_slow_to_answer_is_waited_for(directory: Path) -> None:
    with user(directory) as someone:
        assert someone.conninfo
        pid = server_pid(directory)
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(0.5, os.kill, (pid, signal.SIGCONT)).start()
        with embedded_server(directory) as conninfo:
            assert ask(conninfo, "SELECT 1") == 1
            assert server_pid(directory) == pid


@pytest.mark.parametrize("found", [b"%d\n/somewhere\n", b"-%d\n"])
def test_a_process_number_that_another_process_has_now_is_not_believed(directory: Path, found: bytes) -> None:
    with stranger(directory) as pid:
        leave_behind(directory, found % pid)
        with embedded_server(directory) as conninfo:
            assert ask(conninfo, "SELECT 1") == 1
        assert is_alive(pid)


@pytest.mark.parametrize("found", [b"", b"nonsense\n", b"99999999999999999999\n", b"4194304\n"])
def test_a_process_number_of_nobody_is_not_believed(directory: Path, found: bytes) -> None:
    leave_behind(directory, found)
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1


def test_a_doubtful_process_number_is_kept_while_others_use_the_server(directory: Path) -> None:
    with stranger(directory) as pid, (directory / "postgres.users").open() as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        leave_behind(directory, b"%d\n" % pid)
        with pytest.raises(EmbeddedServerError, match=r"did not answer within 0\.3 seconds"):
            join(directory, start_timeout=0.3)
        assert (directory / "postgres" / "postmaster.pid").read_bytes() == b"%d\n" % pid
        fcntl.flock(users, fcntl.LOCK_UN)
        join(directory)


def test_a_half_made_data_directory_is_never_used(fresh: Path) -> None:
    with user(fresh) as killed:
        wait_until(lambda: list(fresh.glob("postgres.making-*/base")))
        killed.kill()
    assert not (fresh / "postgres").exists()
    with embedded_server(fresh, durable=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
    # The killed one's initdb may write on for a moment; whoever comes next tidies up after it.
    wait_until(lambda: join(fresh) or not list(fresh.glob("postgres.making-*")))


def test_existing_data_win_over_the_version_that_is_asked_for(fresh: Path) -> None:
    join(fresh, postgres_version=16, durable=False)
    with embedded_server(fresh, postgres_version=18) as conninfo:
        assert str(ask(conninfo, "SHOW server_version")).startswith("16.")


@pytest.mark.parametrize("found", ["15", "99"])
def test_data_of_a_version_without_programs_are_refused(directory: Path, found: str) -> None:
    (directory / "postgres" / "PG_VERSION").write_text(f"{found}\n")
    keep_mark(directory)
    with pytest.raises(DataDirectoryVersionError, match=rf"postgres contains data of PostgreSQL {found}, .* 16, 18"):
        join(directory)


def test_something_else_in_place_of_the_data_is_left_alone(fresh: Path) -> None:
    (fresh / "postgres").mkdir(parents=True)
    (fresh / "postgres" / "diary.txt").write_text("dear")
    with pytest.raises(EmbeddedServerError, match=r"postgres does not contain a database: move it away"):
        join(fresh)
    assert (fresh / "postgres" / "diary.txt").read_text() == "dear"


def test_a_file_in_place_of_the_directory_is_told(folder: Path) -> None:
    (folder / "file").touch()
    with pytest.raises(EmbeddedServerError, match=r"file did not start: File exists"):
        join(folder / "file")


def test_a_damaged_database_is_told_in_the_words_of_the_server(directory: Path) -> None:
    (directory / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(EmbeddedServerError, match=r"could not find the database system") as caught:
        join(directory)
    assert "\n" not in str(caught.value)
    assert "/proc/" not in str(caught.value)


def test_one_who_decides_for_too_long_is_told(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_debugloop.database.embedded._PATIENCE", 0.1)
    with (directory / "postgres.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(EmbeddedServerError, match=r"another process has been starting or stopping it"):
            join(directory, start_timeout=0.1)


@groups.other_users
@needs_root
def test_a_folder_that_may_not_be_written_is_told(folder: Path) -> None:
    folder.chmod(0o755)
    ran = run_as(OTHER, f"embedded_server(Path({str(folder / 'new')!r})).__enter__()")
    assert last_line(ran.stderr) == (
        f"pytest_debugloop.errors.EmbeddedServerError: The embedded PostgreSQL in {folder}/new did not start: "
        f"Permission denied: {folder}/new."
    )


@groups.other_users
@needs_root
def test_a_directory_of_another_user_is_told(directory: Path, folder: Path) -> None:
    folder.chmod(0o755)
    ran = run_as(OTHER, f"embedded_server(Path({str(directory)!r})).__enter__()")
    assert last_line(ran.stderr).endswith(f"did not start: Permission denied: {directory}/postgres.users.")


@groups.other_users
@needs_root
def test_a_user_who_has_no_name_and_can_be_lent_none_is_told(folder: Path) -> None:
    os.chown(folder, 54321, 54321)
    no_namespace = "from pytest_debugloop.database import data_directory; data_directory.lent_name = lambda uid: {}; "
    ran = run_as((54321, 54321), f"{no_namespace}embedded_server(Path({str(folder / 'new')!r})).__enter__()")
    assert "user id 54321 has no name on this system" in last_line(ran.stderr)


@needs_root
def test_a_root_that_cannot_become_another_user_is_told(fresh: Path) -> None:
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", ENTER, str(fresh)]
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if "unshare" in ran.stderr:
        pytest.skip(f"no such root can be had: {ran.stderr.strip()}")
    assert f"as root, and root cannot switch to user id {NOBODY[0]} here: use another user" in last_line(ran.stderr)


@groups.mounts
@needs_root
def test_a_full_disk_is_told_and_leaves_nothing_behind(folder: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "none", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no small disk can be had: {mounted.stderr.decode().strip()}")
    try:
        with pytest.raises(EmbeddedServerError, match=r"No space left on device"):
            join(folder / "new")
        assert {path.name for path in (folder / "new").iterdir()} == {"postgres.lock", "postgres.users"}
        subprocess.run(["mount", "-o", "remount,size=200m", folder], check=True)
        join(folder / "new")
        filler = folder / "filler"
        with suppress(OSError), filler.open("wb") as file:
            while file.write(b"x" * 65536):
                pass
        with pytest.raises(EmbeddedServerError, match=r"No space left on device"):
            join(folder / "new")
        filler.unlink()
        join(folder / "new")
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.fixture
def killed_starts(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that says how many starts of the server are killed before one is not."""
    with tempfile.TemporaryDirectory(prefix="dl-", dir="/tmp") as folder:
        programs = Path(folder)
        programs.chmod(0o755)
        script = f"""#!/bin/sh
if [ "$1" != --version ] && [ "$(cat killed | wc -l)" -lt "$(cat kills)" ]; then echo >>killed; kill -9 $$; fi
exec {public_programs()}/postgres "$@"
"""
        (programs / "postgres").write_text(script)
        (programs / "postgres").chmod(0o755)
        monkeypatch.setattr("pytest_debugloop.database.postmaster.server_programs", lambda _: programs)
        (directory / "postgres" / "killed").touch()
        (directory / "postgres" / "killed").chmod(0o666)
        yield directory / "postgres" / "kills"


def test_a_start_that_was_killed_is_tried_again(directory: Path, killed_starts: Path) -> None:
    killed_starts.write_text("2")
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1


def test_starts_that_are_always_killed_are_given_up(directory: Path, killed_starts: Path) -> None:
    (directory / "postgres.log").unlink()
    killed_starts.write_text("9")
    with pytest.raises(EmbeddedServerError, match=r"did not start: it ended without a message\."):
        join(directory)
    assert (directory / "postgres" / "killed").read_text() == "\n" * 3


@contextmanager
def stranger(directory: Path) -> Iterator[int]:
    """Run a process that is no server, as the user that the server runs as."""
    account = Account.for_data(directory / "postgres")
    others = {} if account.is_ours else {"user": account.uid, "group": account.gid, "extra_groups": []}
    with subprocess.Popen(["sleep", "600"], **others) as process:  # type: ignore[call-overload]
        try:
            yield process.pid
        finally:
            process.kill()


def leave_behind(directory: Path, content: bytes) -> None:
    """Write the files by which a server says that it runs."""
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        path = directory / "postgres" / name
        path.write_bytes(content)
        account = Account.for_data(directory / "postgres")
        os.chown(path, account.uid, -1)


def join(directory: Path, **arguments: object) -> bool:
    """Start the server and stop it; tell whether it still runs."""
    with embedded_server(directory, **arguments):  # type: ignore[arg-type]
        pass
    return bool(server_pid(directory))


def last_line(text: str) -> str:
    return text.strip().splitlines()[-1]
