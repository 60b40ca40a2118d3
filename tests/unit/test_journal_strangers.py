"""Tests close descriptors, open their own, and clean folders: a line goes into the journal, or is counted as lost."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.journal.lock import is_being_written
from pytest_debugloop.system import System
from tests.unit.test_journal import HEADER, fd_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINES = [b'{"line":%d}\n' % n for n in range(4)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of a run."""
    folder = tmp_path / ".debugloop" / "journals" / "run"
    folder.mkdir(parents=True)
    for made in (folder, *folder.parents[:2]):
        made.chmod(0o700)
    return folder


@pytest.fixture
def journal(place: Path, tmp_path: Path) -> Iterator[Journal]:
    """A journal of two lines behind its header, with a place to go on in."""
    made = Journal(place / "main.jsonl", HEADER, spare_in(tmp_path))
    for line in LINES[:2]:
        made.append(line)
    yield made
    made.close()


def spare_in(folder: Path) -> Path:
    return folder / "spare" / "journals" / "run" / "main-spare.jsonl"


def whole(*lines: bytes) -> bytes:
    return HEADER + b"".join(lines)


@contextlib.contextmanager
def file(folder: Path) -> Iterator[tuple[int, Callable[[], bytes]]]:
    with (folder / "of a test").open("w+b") as opened:
        yield opened.fileno(), (folder / "of a test").read_bytes


@contextlib.contextmanager
def pipe(folder: Path) -> Iterator[tuple[int, Callable[[], bytes]]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield writing, lambda: os.read(reading, 1000) if has_something(reading) else b""
    os.close(reading)
    os.close(writing)


@contextlib.contextmanager
def connection(folder: Path) -> Iterator[tuple[int, Callable[[], bytes]]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours.fileno(), lambda: theirs.recv(1000) if has_something(theirs.fileno()) else b""


def has_something(fd: int) -> bool:
    import select

    return bool(select.select([fd], [], [], 0)[0])


@pytest.mark.parametrize("stranger", [file, pipe, connection])
def test_what_a_test_opens_under_our_number_gets_no_line_and_stays_open(
    journal: Journal,
    place: Path,
    tmp_path: Path,
    stranger: Callable[[Path], contextlib.AbstractContextManager[tuple[int, Callable[[], bytes]]]],
) -> None:
    number = fd_of(journal)
    with stranger(tmp_path) as (fd, received):
        os.dup2(fd, number)
        journal.append(LINES[2])
        journal.end(LINES[3])
        assert received() == b""
        os.write(number, b"its own")
        assert received() == b"its own"
        os.close(number)
    assert (place / "main.jsonl").read_bytes() == whole(*LINES)
    assert journal.loss is None


def test_a_stranger_at_the_end_is_not_closed(journal: Journal, tmp_path: Path) -> None:
    number = fd_of(journal)
    with file(tmp_path) as (fd, _):
        os.dup2(fd, number)
        journal.close_descriptor()
        os.close(number)


def test_lines_wait_for_a_descriptor_where_none_can_be_had(journal: Journal, place: Path) -> None:
    os.close(fd_of(journal))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(System, "open", none_left)
        journal.append(LINES[2])
        journal.append(LINES[3])
    journal.end(b'{"last":1}\n')
    assert (place / "main.jsonl").read_bytes() == whole(*LINES, b'{"last":1}\n')
    assert journal.loss is None


def test_what_no_descriptor_could_be_had_for_is_told(journal: Journal) -> None:
    os.close(fd_of(journal))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(System, "open", none_left)
        journal.append(LINES[2])
        journal.end(LINES[3])
    assert journal.loss is not None
    assert "was closed by a test, and could not be opened again (Too many open files): 2 records are lost" in (
        str(journal.loss)
    )
    assert "free some space" not in str(journal.loss)


def none_left(*args: object, **kwargs: object) -> int:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


# -- files that are removed, moved and rewritten ----------------------------------------------------------------------


def remove_file(place: Path) -> None:
    (place / "main.jsonl").unlink()


def remove_record(place: Path) -> None:
    shutil.rmtree(place.parents[1])


def replace_file(place: Path) -> None:
    (place / "other").write_bytes(b"of another\n")
    (place / "other").replace(place / "main.jsonl")


@pytest.mark.parametrize("harm", [remove_file, remove_record, replace_file])
def test_a_removed_journal_is_begun_again_with_all_that_it_held(
    journal: Journal, place: Path, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    harm(place)
    journal.append(LINES[2])
    assert spare_in(tmp_path).read_bytes() == whole(*LINES[:3])
    assert is_being_written(spare_in(tmp_path))
    journal.end(LINES[3])
    assert spare_in(tmp_path).read_bytes() == whole(*LINES)
    assert journal.loss is not None
    assert f"was removed during the run, and recording continued in {spare_in(tmp_path)}: nothing is lost" in str(
        journal.loss
    )


def test_a_removed_journal_whose_descriptor_was_closed_is_counted_as_lost(
    journal: Journal, place: Path, tmp_path: Path
) -> None:
    remove_record(place)
    os.close(fd_of(journal))
    journal.append(LINES[2])
    journal.end(LINES[3])
    assert spare_in(tmp_path).read_bytes() == whole(*LINES[2:])
    assert journal.cut_lines == 2
    assert journal.loss is not None
    assert ": at most 2 records are lost, and what was written is stored; " in str(journal.loss)


@pytest.mark.parametrize(("left", "lost"), [(0, 2), (5, 2), (len(HEADER), 2), (len(whole(LINES[0])) + 3, 1)])
def test_a_shortened_journal_is_left_and_what_was_cut_off_is_counted(
    journal: Journal, place: Path, tmp_path: Path, left: int, lost: int
) -> None:
    os.truncate(place / "main.jsonl", left)
    journal.append(LINES[2])
    journal.end(LINES[3])
    assert (place / "main.jsonl").read_bytes() == whole(*LINES[:2])[:left]
    assert spare_in(tmp_path).read_bytes() == whole(*LINES[2:])
    assert journal.cut_lines == lost
    assert journal.loss is not None
    assert "was shortened during the run" in str(journal.loss)


@pytest.mark.parametrize(("text", "between"), [(b"a word", b"a word\n"), (b"a line\n", b"a line\n")])
def test_what_somebody_else_appends_costs_no_line(journal: Journal, place: Path, text: bytes, between: bytes) -> None:
    with (place / "main.jsonl").open("ab") as file:
        file.write(text)
    journal.append(LINES[2])
    journal.end(LINES[3])
    assert (place / "main.jsonl").read_bytes() == whole(*LINES[:2]) + between + b"".join(LINES[2:])
    assert journal.loss is None


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_moved_journal_is_made_again_at_the_end(
    journal: Journal, place: Path, tmp_path: Path, is_closed: bool
) -> None:
    place.parents[1].rename(tmp_path / "elsewhere")
    journal.append(LINES[2])
    if is_closed:
        os.close(fd_of(journal))
    journal.end(LINES[3])
    assert spare_in(tmp_path).read_bytes() == (whole(LINES[3]) if is_closed else whole(*LINES))
    assert journal.loss is not None
    assert journal.cut_lines == (3 if is_closed else 0)


def test_a_spare_that_is_removed_too_is_followed_by_another(journal: Journal, place: Path, tmp_path: Path) -> None:
    remove_record(place)
    journal.append(LINES[2])
    shutil.rmtree(tmp_path / "spare")
    journal.end(LINES[3])
    assert spare_in(tmp_path).with_stem("main-spare-spare").read_bytes() == whole(*LINES)
    assert journal.lost_lines + journal.cut_lines == 0


def test_where_no_other_file_can_be_made_the_removed_one_is_written_and_told_as_lost(place: Path) -> None:
    journal = Journal(place / "main.jsonl", HEADER)
    journal.append(LINES[0])
    remove_file(place)
    journal.append(LINES[1])
    journal.end(LINES[2])
    assert journal.loss is not None
    assert "was removed during the run, and no other journal could be created" in str(journal.loss)
    assert "at most 3 records are lost" in str(journal.loss)


def test_whatever_umask_a_test_has_set_the_spare_file_can_be_read(
    journal: Journal, place: Path, tmp_path: Path
) -> None:
    remove_record(place)
    before = os.umask(0o777)
    try:
        journal.append(LINES[2])
    finally:
        os.umask(before)
    modes = [path.stat().st_mode & 0o777 for path in (spare_in(tmp_path), *spare_in(tmp_path).parents[:3])]
    assert modes == [0o600, 0o700, 0o700, 0o700]


# -- what a test replaces ---------------------------------------------------------------------------------------------


@contextlib.contextmanager
def monkeypatched() -> Iterator[None]:
    def never(*args: object, **kwargs: object) -> None:
        raise OSError(errno.EIO, "never")

    with pytest.MonkeyPatch.context() as patch:
        names = (
            "open close write read fstat stat lstat mkdir unlink rename replace link rmdir listdir pread access "
            "getpid geteuid"
        )
        for name in names.split():
            patch.setattr(os, name, never)
        patch.setattr(Path, "mkdir", never)
        for module, name in [(fcntl, "flock"), (fcntl, "fcntl"), (io, "open"), (json, "dumps"), (time, "sleep")]:
            patch.setattr(module, name, never)
        patch.setattr("builtins.open", never)
        yield


@contextlib.contextmanager
def faked() -> Iterator[None]:
    patcher = pytest.importorskip("pyfakefs.fake_filesystem_unittest").Patcher()
    with patcher:
        assert not Path(__file__).exists()
        yield


@pytest.mark.parametrize("replaced", [monkeypatched, faked])
def test_functions_that_a_test_replaces_are_not_asked(
    journal: Journal,
    place: Path,
    tmp_path: Path,
    replaced: Callable[[], contextlib.AbstractContextManager[None]],
) -> None:
    close = os.close
    with replaced():
        journal.append(LINES[2])
        close(fd_of(journal))
        journal.append(LINES[3])
    assert (place / "main.jsonl").read_bytes() == whole(*LINES)
    remove_record(place)
    with replaced():
        journal.end(LINES[0])
    assert spare_in(tmp_path).read_bytes() == whole(*LINES, LINES[0])


# -- what it costs, and who holds it ----------------------------------------------------------------------------------


def test_a_line_costs_one_write_and_one_look_at_the_file(journal: Journal) -> None:
    calls: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in vars(System) if not name.startswith("_")]:
            patch.setattr(System, name, counted(name, getattr(System, name), calls))
        journal.append(LINES[2])
    assert calls == ["fstat", "write"]


def test_lines_between_phases_cost_no_status_of_the_file(journal: Journal) -> None:
    calls: list[str] = []
    journal.append_soon(LINES[1].decode(), 1)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in vars(System) if not name.startswith("_")]:
            patch.setattr(System, name, counted(name, getattr(System, name), calls))
        journal.append_soon(LINES[2].decode(), 1)
    assert calls == ["pread", "access", "write"]


@pytest.mark.parametrize("harm", ["removed", "shortened", "lengthened", "closed", "another file"])
def test_lines_between_phases_are_written_whatever_became_of_the_file(
    journal: Journal, place: Path, tmp_path: Path, harm: str
) -> None:
    journal.append_soon(LINES[1].decode(), 1)
    path, other = place / "main.jsonl", tmp_path / "other"
    if harm == "removed":
        path.unlink()
    elif harm == "shortened":
        os.truncate(path, len(whole(LINES[0])) // 2)
    elif harm == "lengthened":
        path.write_bytes(path.read_bytes() + b"x")
    else:
        fd = fd_of(journal)
        os.close(fd)
        if harm == "another file":
            other.write_bytes(path.read_bytes()[::-1])
            taken = os.open(other, os.O_RDWR)
            os.dup2(taken, fd)
            os.close(taken)
    before = other.read_bytes() if other.exists() else b""
    journal.append_soon(LINES[2].decode(), 1)
    journal.append_soon(LINES[3].decode(), 1)
    assert journal.path.read_bytes().endswith(LINES[2] + LINES[3])
    assert (other.read_bytes() if other.exists() else b"") == before


def test_a_file_made_again_from_a_copy_is_met_after_some_lines(journal: Journal, place: Path, tmp_path: Path) -> None:
    path = place / "main.jsonl"
    journal.append_soon(LINES[1].decode(), 1)
    held = path.read_bytes()
    path.unlink()
    path.write_bytes(held)
    for _ in range(64):
        journal.append_soon(LINES[2].decode(), 1)
    assert journal.path != path
    assert journal.path.read_bytes().count(LINES[2]) == 64


def counted(name: str, function: Callable[..., object], calls: list[str]) -> Callable[..., object]:
    def call(*args: object, **kwargs: object) -> object:
        calls.append(name)
        return function(*args, **kwargs)

    return call


def test_a_test_that_reads_or_copies_the_journal_does_not_unlock_it(
    journal: Journal, place: Path, tmp_path: Path
) -> None:
    (place / "main.jsonl").read_bytes()
    shutil.copytree(place.parents[1], tmp_path / "copy")
    assert is_being_written(place / "main.jsonl")


def test_two_that_ask_at_once_do_not_take_each_other_for_the_writer(place: Path) -> None:
    Journal(place / "main.jsonl", HEADER).close()
    with (place / "main.jsonl").open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not is_being_written(place / "main.jsonl")


def test_a_file_system_without_locks_says_of_no_journal_that_it_is_written(journal: Journal, place: Path) -> None:
    def none(*args: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(System, "flock", none)
        assert not is_being_written(place / "main.jsonl")


def test_nobody_sees_a_journal_without_its_lock_and_its_first_line(place: Path) -> None:
    seen: list[list[str]] = []
    write = System.write

    def look(fd: int, data: bytes) -> int:
        seen.append(sorted(path.name for path in place.glob("*.jsonl")))
        return write(fd, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(System, "write", look)
        journal = Journal(place / "main.jsonl", HEADER)
    assert seen == [[]]
    assert [path.name for path in place.iterdir()] == ["main.jsonl"]
    assert is_being_written(place / "main.jsonl")
    journal.close()


def test_a_fork_that_lives_on_does_not_keep_the_lock(place: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from pytest_debugloop.journal.journal import Journal\n"
        "j = Journal(Path(sys.argv[1]), b'head\\n')\n"
        "if os.fork():\n"
        "    os._exit(0)\n"
        "j.close_descriptor()\n"
        "print('free', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(place / "main.jsonl")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"free\n"
        process.wait()
        assert not is_being_written(place / "main.jsonl")
        process.communicate()


def test_a_process_may_open_files_at_its_end_whatever_limit_a_test_has_left() -> None:
    code = (
        "import resource; from pytest_debugloop.system import open_files_allowed\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (3, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))\n"
        "with open_files_allowed():\n"
        "    open('/dev/null').close()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] != 3
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"3\n"
