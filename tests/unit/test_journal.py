"""What was appended is in the file, whatever the disk does."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.journal.lock import is_being_written
from pytest_debugloop.system import System

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = b'{"kind":"run"}\n'
_write = os.write


def fd_of(journal: Journal) -> int:
    return journal._file._fd


def test_lines_are_in_the_file_as_soon_as_they_are_appended(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "main.jsonl", HEADER)
    journal.append(b"one\n")
    assert journal.path.read_bytes() == HEADER + b"one\n"
    journal.append(b"two\nthree\n")
    assert journal.path.read_bytes() == HEADER + b"one\ntwo\nthree\n"
    journal.close()


def test_a_killed_process_leaves_all_that_it_appended(tmp_path: Path) -> None:
    path = tmp_path / "main.jsonl"
    code = (
        "import os, signal, sys; from pathlib import Path; from pytest_debugloop.journal.journal import Journal\n"
        "j = Journal(Path(sys.argv[1]), b'head\\n')\n"
        "for n in range(1000): j.append(b'%d\\n' % n)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    assert path.read_bytes() == b"head\n" + b"".join(b"%d\n" % n for n in range(1000))
    assert not is_being_written(path)


def test_an_existing_file_is_never_taken_over(tmp_path: Path) -> None:
    (tmp_path / "main.jsonl").write_bytes(b"other\n")
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "main.jsonl", HEADER)


def test_the_file_is_the_owners_alone_and_no_child_inherits_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "main.jsonl", HEADER)
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert not os.get_inheritable(fd_of(journal))
    journal.close()


def test_a_descriptor_that_a_test_closed_is_opened_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "main.jsonl", HEADER)
    os.close(fd_of(journal))
    journal.append(b"after\n")
    assert journal.path.read_bytes() == HEADER + b"after\n"
    assert journal.lost_lines == 0
    journal.close()


class Disk:
    """A disk that takes only some bytes of some writes."""

    def __init__(self, moods: list[int]) -> None:
        self.moods = moods

    def write(self, fd: int, data: bytes) -> int:
        mood = self.moods.pop() if self.moods else -1
        if mood == 0:
            raise OSError(errno.ENOSPC, "full")
        return _write(fd, data if mood < 0 else data[:mood])


@given(moods=st.lists(st.integers(-1, 30), max_size=30), count=st.integers(1, 30))
def test_what_a_failing_disk_takes_in_the_end_is_every_line_whole_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, moods: list[int], count: int
) -> None:
    path = tmp_path_factory.mktemp("disk") / "main.jsonl"
    journal = Journal(path, HEADER)
    lines = [b'{"line":%d}\n' % n for n in range(count)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(System, "write", Disk([*moods]).write)
        for line in lines:
            journal.append(line)
    journal.append(b'{"last":1}\n')  # the disk is well again
    journal.close()
    whole = [line for line in path.read_bytes().splitlines(keepends=True) if line in (*lines, b'{"last":1}\n')]
    # A line that was torn just before its end is there twice: loading it twice changes nothing.
    assert list(dict.fromkeys(whole)) == [*lines, b'{"last":1}\n']
    assert journal.lost_lines == 0


@contextmanager
def disk_full_for(full: int) -> Iterator[None]:
    """Take no byte for one descriptor."""

    def write(fd: int, data: bytes) -> int:
        if fd == full:
            raise OSError(errno.ENOSPC, "full")
        return _write(fd, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(System, "write", write)
        yield


def test_where_the_disk_stays_full_the_spare_file_takes_over(tmp_path: Path) -> None:
    fallback = tmp_path / "other" / "main-spare.jsonl"
    journal = Journal(tmp_path / "main.jsonl", HEADER, fallback)
    full = fd_of(journal)

    with disk_full_for(full):
        journal.append(b"one\n")
        journal.append(b"two\n")
    journal.close()
    assert fallback.read_bytes() == HEADER + b"one\ntwo\n"
    assert journal.lost_lines == 0
    assert journal.problem is not None
    assert "full" in journal.problem or "cannot write to" in journal.problem


@pytest.mark.parametrize("is_shortened", [True, False])
def test_a_full_file_that_is_shortened_behind_our_back_is_told(tmp_path: Path, is_shortened: bool) -> None:
    path = tmp_path / "main.jsonl"
    journal = Journal(path, HEADER, tmp_path / "other" / "main-spare.jsonl")
    journal.append(b"one\n")
    full = fd_of(journal)

    with disk_full_for(full):
        journal.append(b"two\n")
    if is_shortened:
        path.write_bytes(b"")
    journal.end(b"last\n")
    assert journal.cut_lines == (1 if is_shortened else 0)
    assert journal.problem is not None
    assert ("removed or shortened" in journal.problem) is is_shortened


def test_lines_that_fit_nowhere_are_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "main.jsonl", HEADER)

    def write(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(System, "write", write)
        for _ in range(3):
            journal.append(b"x\n")
        journal.close()
    assert journal.lost_lines == 3


def test_a_journal_tells_whether_its_writer_lives(tmp_path: Path) -> None:
    path = tmp_path / "main.jsonl"
    code = (
        "import sys; from pathlib import Path; from pytest_debugloop.journal.journal import Journal\n"
        "j = Journal(Path(sys.argv[1]), b'head\\n'); print('open', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        assert is_being_written(path)
        process.communicate()
    assert not is_being_written(path)
