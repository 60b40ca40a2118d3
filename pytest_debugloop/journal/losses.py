"""What the processes of a run could not record: what became of their journals, and what that cost."""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

from pytest_debugloop.lazy import Data, dataclass
from pytest_debugloop.system import System

_MACHINE = os.uname().nodename

REMEDY = "keep tests from removing that directory, or choose another one (--debugloop-dir)"
"""What to do where a test removes journals."""


@dataclass(frozen=True)
class Loss(Data):
    """What became of a journal, or of those of several processes.

    Attributes:
        problem: what became of the file; of the first of several.
        lines: how many lines are lost.
        cut_lines: how many more are lost where nobody had stored them before.
        remedy: what to do about it.
        journals: how many there are.
    """

    problem: str
    lines: int
    cut_lines: int
    remedy: str
    journals: int = 1

    def plus(self, other: Loss) -> Loss:
        """Sum up.

        Args:
            other: what became of more journals.
        """
        return Loss(
            self.problem,
            self.lines + other.lines,
            self.cut_lines + other.cut_lines,
            self.remedy or other.remedy,
            self.journals + other.journals,
        )

    def __str__(self) -> str:
        lost = self.lines + self.cut_lines
        loss = f"{lost:,} record{'s are' if lost > 1 else ' is'} lost" if lost else "nothing is lost"
        if self.cut_lines:
            loss = f"at most {loss}"
        more = self.journals - 1
        others = f" (and {more} more journal{'s' if more > 1 else ''})" if more else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{self.problem}{others}: {loss}, and what was written is stored{remedy}."


@dataclass(frozen=True)
class ClosedJournal(Data):
    """A journal that its process writes no more, while others of the run go on.

    Attributes:
        path: of the file.
        size: its bytes.
        lines: that are in it, without the first.
    """

    path: str
    size: int
    lines: int

    def loss(self) -> Loss | None:
        """See that it is still there, as long as it was: the loader removes none before all processes have ended."""
        try:
            size = System.stat(self.path).st_size
        except (FileNotFoundError, NotADirectoryError):
            size = 0
        except OSError:
            return None  # nobody can say
        if size >= self.size:
            return None
        return Loss(f"{self.path} was removed or shortened during the run", 0, self.lines, REMEDY)


class Losses:
    """Sums up what the processes of a run could not write, or could not make: nobody sees the terminal of a worker.

    Attributes:
        dropped: how many calls of tests were not recorded, for each reason.
        first_fault: the first error of ours in such a call.
    """

    def __init__(self) -> None:
        self.dropped: Counter[str] = Counter()
        self.first_fault = ""
        self._of_journals: Loss | None = None
        self._faults: list[str] = []
        self._problems: list[str] = []
        self._closed: list[ClosedJournal] = []

    def add(self, plain: dict[str, Any]) -> None:
        """Add what another process tells.

        Args:
            plain: what :meth:`to_plain` gave in it.
        """
        self.add_journal(Loss(*plain["journal"]) if plain["journal"] else None)
        self.add_faults(plain["faults"])
        self._problems += [problem for problem in plain["more"] if problem not in self._problems]
        self.add_dropped(*plain["dropped"])
        if plain["machine"] == _MACHINE:
            self._closed += [ClosedJournal(*journal) for journal in plain["left"]]

    def add_journal(self, loss: Loss | None) -> None:
        """Note what became of a journal.

        Args:
            loss: None where it is as it should be.
        """
        if loss is not None:
            self._of_journals = loss if self._of_journals is None else self._of_journals.plus(loss)

    def add_faults(self, faults: list[str]) -> None:
        """Note the records that could not be made.

        Args:
            faults: why, one text for each.
        """
        self._faults += faults

    def add_problem(self, problem: str) -> None:
        """Note something else that went wrong.

        Args:
            problem: one sentence.
        """
        self._problems.append(problem)

    def add_dropped(self, counts: dict[str, int], first_fault: str) -> None:
        """Note calls of tests that were not recorded.

        Args:
            counts: how many for each reason.
            first_fault: the first error of ours in one, empty for none.
        """
        self.dropped.update(counts)
        self.first_fault = self.first_fault or first_fault

    def add_closed_journal(self, journal: ClosedJournal) -> None:
        """Note a journal that this process has ended while others of the run go on."""
        self._closed.append(journal)

    def check_closed_journals(self) -> None:
        """See what became of the journals of processes that have ended."""
        for journal in self._closed:
            self.add_journal(journal.loss())
        self._closed = []

    def to_plain(self) -> dict[str, Any]:
        """Give all of it as basic types, which execnet can carry from a worker."""
        return {
            "journal": self._of_journals.to_tuple() if self._of_journals else (),
            "faults": self._faults,
            "more": self._problems,
            "dropped": (dict(self.dropped), self.first_fault),
            "left": [journal.to_tuple() for journal in self._closed],
            "machine": _MACHINE,
        }

    def sentences(self) -> list[str]:
        """Say it, one sentence for each kind."""
        sentences = list(self._problems)
        if self._faults:
            first = f"{len(self._faults)} record(s) could not be created, the first: {self._faults[0]}"
            sentences.append(f"{first}; please report this.")
        if self._of_journals is not None:
            sentences.append(str(self._of_journals))
        return sentences
