"""What became of journals that could not be written as they should, and what that cost."""

from __future__ import annotations

from typing import NamedTuple

from pytest_debugloop.system import System

REMEDY = "keep such folders from what tests remove, or choose another (--debugloop-dir)"
"""What to do where a test removes journals."""


class Loss(NamedTuple):
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
        return f"{self.problem}{others}: {loss}, what was written is stored{remedy}."


class LeftFile(NamedTuple):
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
