"""What could not be recorded, told once for all processes of a run: nobody sees the terminal of a worker."""

from __future__ import annotations

import os
from typing import Any

from pytest_debugloop.journal.loss import LeftFile, Loss

_MACHINE = os.uname().nodename


class Losses:
    """Sums up what the processes of a run could not write, or could not make."""

    def __init__(self) -> None:
        self._of_journals: Loss | None = None
        self._faults: list[str] = []
        self._more: list[str] = []
        self._left: list[LeftFile] = []

    def add(self, told: dict[str, Any]) -> None:
        """Add what another process tells.

        Args:
            told: what :meth:`to_plain` gave in it.
        """
        self.add_journal(Loss(*told["journal"]) if told["journal"] else None)
        self.add_faults(told["faults"])
        self._more += [problem for problem in told["more"] if problem not in self._more]
        if told["machine"] == _MACHINE:
            self._left += [LeftFile(*journal) for journal in told["left"]]

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
        self._more.append(problem)

    def add_left(self, journal: LeftFile) -> None:
        """Note a journal that this process has ended while others of the run go on."""
        self._left.append(journal)

    def look_back(self) -> None:
        """See what became of the journals of processes that have ended."""
        for journal in self._left:
            self.add_journal(journal.loss())
        self._left = []

    def to_plain(self) -> dict[str, Any]:
        """Give all of it as basic types, which execnet can carry from a worker."""
        return {
            "journal": tuple(self._of_journals or ()),
            "faults": self._faults,
            "more": self._more,
            "left": [tuple(journal) for journal in self._left],
            "machine": _MACHINE,
        }

    def sentences(self) -> list[str]:
        """Say it, one sentence for each kind."""
        told = list(self._more)
        if self._faults:
            first = f"{len(self._faults)} record(s) could not be made, first: {self._faults[0]}"
            told.append(f"{first}; please report this.")
        if self._of_journals is not None:
            told.append(str(self._of_journals))
        return told
