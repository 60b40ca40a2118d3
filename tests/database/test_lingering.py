"""A server stays for a while after its last use, one keeper ends it, and nothing else is left of either."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.database import embedded, lingering
from pytest_debugloop.database.embedded import embedded_server, is_in_use, stop_embedded_server
from pytest_debugloop.database.lingering import keeper_of, seconds_to_linger
from pytest_debugloop.database.processes import has_lost_its_programs
from pytest_debugloop.errors import EmbeddedServerNotStoppedError, NoInterpreterError
from tests.support.embedded import ask, kill_server, server_pid, user
from tests.support.waiting import has_ended, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.process

LONG = 600.0
SHORT = 0.2


def use(directory: Path, linger: float | None) -> int:
    """Use the server once, and give its number."""
    with embedded_server(directory, durable=False, linger=linger) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
        return server_pid(directory)


def keepers(directory: Path) -> list[int]:
    """All processes that keep the server of a directory, by their command lines."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(directory) in words and any(b"database.keeper" in word for word in words):
            found.append(int(process.name))
    return found


@pytest.fixture
def lingers(directory: Path) -> Iterator[int]:
    """A server that nobody uses any more, and that is to stay."""
    yield use(directory, LONG)
    stop_embedded_server(directory)


def test_the_next_user_meets_the_server_of_the_last(directory: Path, lingers: int) -> None:
    assert server_pid(directory) == lingers
    assert not is_in_use(directory)
    assert wait_until(lambda: keeper_of(directory))
    assert seconds_to_linger(directory) == LONG
    assert use(directory, LONG) == lingers
    assert use(directory, None) == lingers, "who has no opinion leaves it as it was"
    assert server_pid(directory) == lingers


def test_a_server_ends_some_time_after_its_last_use(directory: Path) -> None:
    pid = use(directory, SHORT)
    wait_until(lambda: has_ended(pid))
    wait_until(lambda: not keepers(directory))
    assert not server_pid(directory)
    with embedded_server(directory) as conninfo:  # it was ended in order
        assert ask(conninfo, "SELECT 1") == 1
    assert not server_pid(directory)


def test_a_server_in_use_stays_however_long_that_is(directory: Path) -> None:
    use(directory, LONG)
    keeper = wait_until(lambda: keeper_of(directory))
    with user(directory, linger=SHORT) as other:
        assert other.conninfo
        pid = server_pid(directory)
        os.utime(directory / "postgres.users", (0, 0))
        (directory / "postgres.users").write_text("0.001")  # it is time, but for those who use it
        os.kill(keeper, signal.SIGTERM)
        wait_until(lambda: has_ended(keeper))
        assert server_pid(directory) == pid
        assert ask(other.conninfo, "SELECT 1") == 1
        other.leave()
    wait_until(lambda: has_ended(pid))  # for the last user has found it without a keeper


@pytest.mark.parametrize("linger", [0, None])
def test_without_lingering_the_last_user_stops_the_server(directory: Path, linger: float | None) -> None:
    assert has_ended(use(directory, linger))
    assert not (directory / "postgres.keeper").exists()


def test_who_wants_no_server_to_linger_ends_one_that_does(directory: Path) -> None:
    pid = use(directory, LONG)
    (keeper,) = wait_until(lambda: keepers(directory))
    assert use(directory, 0) == pid
    assert has_ended(pid)
    wait_until(lambda: has_ended(keeper))


def test_users_that_leave_at_once_leave_one_keeper(directory: Path, lingers: int) -> None:
    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda _: use(directory, LONG), range(12))) == {lingers}
    wait_until(lambda: keeper_of(directory))
    assert keepers(directory) == [keeper_of(directory)]


def test_the_next_user_finds_a_new_keeper_for_a_server_that_lost_its_own(directory: Path, lingers: int) -> None:
    killed = wait_until(lambda: keeper_of(directory))
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: has_ended(killed))
    assert server_pid(directory) == lingers
    assert not keeper_of(directory)
    assert use(directory, LONG) == lingers
    assert wait_until(lambda: keeper_of(directory)) != killed


def test_a_keeper_keeps_what_was_started_after_its_server_was_killed(directory: Path) -> None:
    use(directory, LONG)
    keeper = wait_until(lambda: keeper_of(directory))
    os.kill(keeper, signal.SIGSTOP)  # so that it sees nothing of the change
    try:
        kill_server(directory)
        pid = use(directory, LONG)
    finally:
        os.kill(keeper, signal.SIGCONT)
    os.kill(keeper, signal.SIGTERM)
    wait_until(lambda: has_ended(pid))
    wait_until(lambda: has_ended(keeper))


def test_a_keeper_ends_with_its_server(directory: Path) -> None:
    use(directory, LONG)
    (keeper,) = wait_until(lambda: keepers(directory))
    kill_server(directory)
    wait_until(lambda: has_ended(keeper))


def _remove(directory: Path) -> None:
    while directory.exists():  # the server may be writing to it
        shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.parametrize(
    "harm",
    [_remove, lambda found: found.rename(found.with_name("moved")), lambda found: (found / "postgres.users").unlink()],
    ids=["removed", "moved", "its file of users removed"],
)
def test_a_server_whose_directory_is_gone_ends(directory: Path, harm: Callable[[Path], object]) -> None:
    pid = use(directory, LONG)
    (keeper,) = wait_until(lambda: keepers(directory))
    harm(directory)
    wait_until(lambda: has_ended(pid))
    wait_until(lambda: has_ended(keeper))


def files_of(pid: int) -> set[str]:
    """Name what a process has open; nothing while it opens and closes something."""
    with suppress(FileNotFoundError):
        return {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    return set()


def test_whoever_started_the_server_is_not_waited_for(directory: Path) -> None:
    # Who reads the output of a command waits until all who hold the pipe have ended.
    script = (
        "import sys; from pathlib import Path; from pytest_debugloop.database.embedded import embedded_server\n"
        "with embedded_server(Path(sys.argv[1]), durable=False, linger=600): print('used')"
    )
    done = subprocess.run([sys.executable, "-c", script, str(directory)], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("used\n", "")
    try:
        keeper = wait_until(lambda: keeper_of(directory))
        names = ("postgres.keeper", "postgres.lock", "postgres.users")
        wait_until(lambda: files_of(keeper) == {"/dev/null", *(str(directory / name) for name in names)})
        assert Path(f"/proc/{keeper}/cwd").readlink() == Path("/")
        assert os.getsid(keeper) not in (os.getsid(0), 0)
        assert not [one for one in Path(f"/proc/{keeper}/environ").read_bytes().split(b"\0") if b"DEBUGLOOP" in one]
    finally:
        assert stop_embedded_server(directory)


def test_a_server_is_stopped_when_asked_but_not_while_it_is_used(directory: Path) -> None:
    with user(directory, linger=LONG) as other:
        assert other.conninfo
        with pytest.raises(EmbeddedServerNotStoppedError, match=r"not stopped: a run or a command is using it"):
            stop_embedded_server(directory)
        assert ask(other.conninfo, "SELECT 1") == 1
        other.leave()
    wait_until(lambda: keeper_of(directory))
    assert stop_embedded_server(directory)
    assert not server_pid(directory)
    wait_until(lambda: not keepers(directory))
    assert not stop_embedded_server(directory)
    assert not stop_embedded_server(directory / "nowhere")


def test_a_server_that_can_have_no_keeper_is_stopped(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_interpreter() -> str:
        raise NoInterpreterError(found="an application")

    monkeypatch.setattr(lingering, "interpreter", no_interpreter)
    assert has_ended(use(directory, LONG))


def test_a_program_that_was_removed_is_told_from_one_that_is_there(tmp_path: Path) -> None:
    program = shutil.copy("/bin/sleep", tmp_path / "postgres")
    with subprocess.Popen([program, "600"]) as process:
        wait_until(lambda: Path(f"/proc/{process.pid}/exe").readlink() == Path(program))
        assert not has_lost_its_programs(process.pid)
        Path(program).unlink()
        assert has_lost_its_programs(process.pid)
        process.kill()
    assert not has_lost_its_programs(process.pid)


def test_a_server_whose_programs_were_replaced_is_not_joined(
    directory: Path, lingers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "has_lost_its_programs", lambda pid: pid == lingers)
    pid = use(directory, LONG)
    assert pid not in (0, lingers)
    assert has_ended(lingers)
