"""What ``debugloop why`` says before it has found anything: which runs it holds against each other, how far it is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_debugloop.cli.output import make_console, show
from pytest_debugloop.rerunning.outcome import Ending
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, one_line, short

if TYPE_CHECKING:
    from pytest_debugloop.answers.proving import Case
    from pytest_debugloop.rerunning.outcome import Outcome
    from pytest_debugloop.rerunning.plan import Plan
    from pytest_debugloop.rerunning.runner import Progress


class TwoRuns:
    """Tells which two runs are compared with each other, and how far the reruns are.

    Args:
        case: the failure and the pass.
        plan: of the reruns.
        as_json: whether to write JSON, and nothing before all is known.
        assumed: what is said before each note of the plan; empty to say none.
    """

    def __init__(self, case: Case, plan: Plan, *, as_json: bool, assumed: str = "") -> None:
        self._case = case
        self._plan = plan
        self._as_json = as_json
        self._is_open = case.recovery is None
        if not as_json:
            show(self._head(assumed), paging=False)

    def _head(self, assumed: str) -> Iterator[Line]:
        failure, case = self._case.failure, self._case
        message = one_line(f"{failure.error_code or failure.error_type}: {failure.error_message}")
        yield Line.of(printable(failure.test), "title")
        failed = f"failed {ago(failure.occurred_at)} in run {short(failure.run_id)}: {message}"
        passed = f"passed {ago(case.passed_at)} in run {short(case.passing.run_id)}"
        yield from (Line.of(one, "faint") for one in ((passed, failed) if self._is_open else (failed, passed)))
        for note in self._plan.notes if assumed else ():
            yield Line.of(f"{assumed}: {printable(note)}", "warn")

    @contextmanager
    def working(self) -> Iterator[Callable[[], Progress]]:
        """Show on standard error how far it is, where somebody watches.

        Yields:
            What is called as each run begins, and gives what is reported of its progress.
        """
        if not sys.stderr.isatty():
            yield lambda: lambda _seconds, _begun: None
            return
        runs = 0
        with make_console(stderr=True).status("running ...") as status:

            def begins() -> Progress:
                nonlocal runs
                runs += 1
                number = f"run {runs}"
                status.update(f"{number} ...")
                return lambda seconds, _begun: status.update(f"{number}: {seconds:.0f} s ...")

            yield begins

    def _facts(self) -> dict[str, Any]:
        """Give what JSON begins with."""
        case, recovery = self._case, self._case.recovery
        return {
            "test": case.failure.test,
            "error": case.failure.id,
            "failing_run": case.failing.run_id,
            "passing_run": case.passing.run_id,
            "recovery": recovery and recovery.id,
            "is_open": self._is_open,
            "notes": self._plan.notes,
        }


def how_it_ended(text: Line, outcome: Outcome | None, problem: str) -> Line:
    """Add to a line how a rerun ended.

    Args:
        text: the line.
        outcome: of the rerun; None where it did not get as far as the test.
        problem: why not.
    """
    if outcome is None:
        return text.append(one_line(problem), "warn")
    said = ""
    if outcome.error and outcome.ending is not Ending.SAME:
        said = f": {one_line(f'{outcome.error}: {outcome.message}')}"
    style = "pass" if outcome.ending is Ending.PASSED else "fail"
    return text.append(f"{outcome.ending.value}{said}", style).append(f" ({outcome.seconds:.1f} s)")
