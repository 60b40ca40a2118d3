"""A journal that several threads append to, and a signal handler in the middle of that."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.journal.locked import LockedJournal

if TYPE_CHECKING:
    from pathlib import Path


def test_lines_of_many_threads_stay_whole_and_none_is_lost(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "main.jsonl", b"head\n")
    locked = LockedJournal(journal)
    start = threading.Barrier(8)

    def work(number: int) -> None:
        start.wait()
        for i in range(300):
            locked.append(f"{number} {i}\n".encode())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    locked.end(b"end\n")
    lines = (tmp_path / "main.jsonl").read_text().splitlines()
    assert sorted(lines[1:-1]) == sorted(f"{number} {i}" for number in range(8) for i in range(300))
    assert (lines[0], lines[-1], journal.loss) == ("head", "end", None)


def test_what_is_appended_in_the_middle_of_an_append_follows_it(tmp_path: Path) -> None:
    class Interrupted(Journal):
        __slots__ = ()

        def append(self, lines: bytes) -> None:
            if lines == b"outer\n":
                locked.append(b"inner\n")
            super().append(lines)

    locked = LockedJournal(Interrupted(tmp_path / "main.jsonl", b"head\n"))
    locked.append(b"outer\n")
    locked.end(b"end\n")
    assert (tmp_path / "main.jsonl").read_text() == "head\nouter\ninner\nend\n"
