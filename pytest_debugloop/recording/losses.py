"""What could not be recorded, told once for all processes of a run: nobody sees the terminal of a worker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pytest_debugloop.journal.loss import REMEDY, Loss
from pytest_debugloop.system import System

_MACHINE = os.uname().nodename


def _is_gone(path: str) -> bool:
    try:
        System.stat(path)
    except FileNotFoundError:
        return True
    except OSError:
        pass  # it cannot be told
    return False


class Losses:
    """Sums up what the processes of a run could not write, or could not make."""

    def __init__(self) -> None:
        self._of_journals: Loss | None = None
        self._faults: list[str] = []
        self._more: list[str] = []
        self._ended: list[tuple[str, int]] = []

    def add(self, told: dict[str, Any]) -> None:
        """Add what another process tells.

        Args:
            told: what :meth:`to_plain` gave in it.
        """
        self.add_journal(Loss(*told["journal"]) if told["journal"] else None)
        self.add_faults(told["faults"])
        self._more += [problem for problem in told["more"] if problem not in self._more]
        if told["machine"] == _MACHINE:
            self._ended += [(str(path), int(lines)) for path, lines in told["ended"]]

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

    def add_ended(self, path: Path, lines: int) -> None:
        """Note a journal that this process has ended while others of the run go on.

        Args:
            path: of the journal.
            lines: that are in it.
        """
        self._ended.append((str(path), lines))

    def look_back(self) -> None:
        """See that journals of processes that have ended are still there: the loader removes none before all end."""
        for path, lines in self._ended:
            if _is_gone(path):
                self.add_journal(Loss(f"{path} was removed during the run", 0, lines, REMEDY))
        self._ended = []

    def to_plain(self) -> dict[str, Any]:
        """Give all of it as basic types, which execnet can carry from a worker."""
        return {
            "journal": tuple(self._of_journals or ()),
            "faults": self._faults,
            "more": self._more,
            "ended": self._ended,
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
