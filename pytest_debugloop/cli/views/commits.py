"""What ``debugloop why --bisect`` says, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pytest_debugloop.cli.output import show, write_json
from pytest_debugloop.cli.views.two_runs import TwoRuns, how_it_ended
from pytest_debugloop.text.json_values import plain
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import counted

if TYPE_CHECKING:
    from pytest_debugloop.rerunning.commits import Bisected, Commit, Step

_TOLD = 12


class BisectPrinter(TwoRuns):
    """Tells how a test went at each commit, and which made the difference."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self._steps: list[Step] = []

    def print_step(self, step: Step) -> None:
        """Say how the test went at a commit.

        Args:
            step: of the search.
        """
        self._steps.append(step)
        if not self._as_json:
            show(iter([how_it_ended(Line.of(f"  {_named(step.commit)}: "), step.outcome, step.problem)]), paging=False)

    def print_result(self, found: Bisected) -> None:
        """Say what was found.

        Args:
            found: by the search.
        """
        if not self._as_json:
            show(self._lines(found), paging=False)
            return
        facts = {"first": plain(found.first), "possible": plain(found.possible), "runs": found.runs}
        write_json("why", self._facts() | {"bisect": facts}, trials=map(_plain, self._steps))

    def _lines(self, found: Bisected) -> Iterator[Line]:
        gone = "failed" if self._is_open else "passed"
        runs = counted(found.runs, "run")
        if found.first is not None:
            one = found.first
            yield Line.of(f"it has {gone} since {_named(one)}, by {printable(one.author)} at {one.at} ({runs})", "pass")
            return
        yield Line.of(f"it has {gone} since one of these commits, some of which could not be tested ({runs}):", "warn")
        for one in found.possible:
            yield Line.of(f"  {_named(one)}")


def _named(commit: Commit) -> str:
    return f"{commit.id[:_TOLD]} {printable(commit.subject)}"


def _plain(step: Step) -> dict[str, Any]:
    outcome = step.outcome
    return {
        "commit": step.commit.id,
        "subject": step.commit.subject,
        "answer": step.word,
        "ending": outcome and outcome.ending.name.lower(),
        "error": outcome and outcome.error,
        "message": outcome.message if outcome is not None else step.problem,
        "seconds": outcome and outcome.seconds,
    }
