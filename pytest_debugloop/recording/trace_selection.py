"""Which attempts are traced: of tests with an open failure, and those after one that failed in this run.

Of the latter the state at their end is kept, too. What does either is imported with the first of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_debugloop.journal.shared_names import OPEN_FAILURES_FILE
from pytest_debugloop.own_imports import OwnImports
from pytest_debugloop.system import System

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from pytest_debugloop.capture.project_code import ProjectCode
    from pytest_debugloop.tracing.tracer import Tracer
    from pytest_debugloop.writing.steps import Attempt, Step
    from pytest_debugloop.writing.writer import Writer


class TraceSelection:
    """Begins and ends the traces of a process; where there is nothing to trace, no tracer is loaded.

    Args:
        writer: of this process.
        project: tells which code is its own.
        folder: of the record.
        name: of the project.
    """

    def __init__(self, writer: Writer, project: ProjectCode, folder: Path, name: str) -> None:
        self._writer = writer
        self._project = project
        self._folder = folder
        self._name = name
        self._open: frozenset[str] | None = None  # not looked for before the first test: a loader may be asking
        self._tracing: Tracer | None = None
        self.is_active = False
        self._are_all_named = True
        self.has_met_open_failure = False

    def begin(self, attempt: Attempt) -> bool:
        """Begin to trace an attempt, where it is to be.

        Args:
            attempt: its first step is about to begin.

        Returns:
            Whether it is traced.
        """
        if self.is_active:  # the one before it had no teardown
            self.end()
        if self._open is None:
            self._open = self._look()
        is_open = attempt.task in self._open
        if is_open or not self._are_all_named:
            self.has_met_open_failure = True
        if attempt.is_after_failure or is_open:
            if self._tracing is None:
                with OwnImports():
                    from pytest_debugloop.tracing.tracer import Tracer

                self._tracing = Tracer(self._writer, self._project)
            self.is_active = True
            self._tracing.begin(attempt)
        return self.is_active

    def _look(self) -> frozenset[str]:
        """Name the tests with an open failure, on any branch and in any leg: a trace in vain costs little."""
        try:
            System.stat(self._folder / OPEN_FAILURES_FILE)
        except OSError:
            return frozenset()
        with OwnImports():
            from pytest_debugloop.journal.open_failures import MAX_TESTS, read_open_failures

        tests = read_open_failures(self._folder).get(self._name, ())
        self._are_all_named = len(tests) < MAX_TESTS
        return frozenset(one["test"] for one in tests)

    @property
    def names(self) -> frozenset[str]:
        """The tests with an open failure, as far as they were looked for."""
        return self._open or frozenset()

    def end(self) -> None:
        """End the trace that goes on."""
        self.is_active = False
        if self._tracing is not None:
            self._tracing.end()


def watch_returns(
    plugins: pytest.PytestPluginManager, writer: Writer, current_step: Callable[[], tuple[Attempt, Step]]
) -> None:
    """Keep the state at the end of calls from now on, where an attempt before failed.

    Args:
        plugins: of the run.
        writer: of this process.
        current_step: gives the attempt and the phase that began last.
    """
    if not plugins.has_plugin("debugloop-returns"):
        with OwnImports():
            from pytest_debugloop.recording.return_capture import ReturnCapture

        plugins.register(ReturnCapture(writer, current_step), "debugloop-returns")
