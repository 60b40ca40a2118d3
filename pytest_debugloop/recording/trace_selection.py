"""Which attempts are traced: of tests with an open failure, and those after one that failed in this run.

The state at the end of those that pass is kept, too. What does either is imported with the first of them.
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

    from pytest_debugloop.recording.pass_states import PassStates
    from pytest_debugloop.settings import Settings
    from pytest_debugloop.tracing.tracer import Tracer
    from pytest_debugloop.writing.steps import Attempt, Step
    from pytest_debugloop.writing.writer import Writer


class TraceSelection:
    """Begins and ends the traces of a process; where there is nothing to trace, no tracer is loaded.

    Args:
        config: of the run.
        settings: of the run.
        writer: of this process.
        folder: of the record.
        name: of the project.

    Attributes:
        is_active: whether an attempt is traced.
        has_met_open_failure: whether a test ran that has one, or may have.
        names: the tests with an open failure, as far as they were looked for.
    """

    def __init__(self, config: pytest.Config, settings: Settings, writer: Writer, folder: Path, name: str) -> None:
        self._config = config
        self._leg = settings.leg
        self._writer = writer
        self._folder = folder
        self._name = name
        # Not looked for before the first test: a loader may be asking. By name, with leg and branch of the failure.
        self._open: dict[str, dict[str, str]] | None = None
        self.names: frozenset[str] = frozenset()
        self._tracing: Tracer | None = None
        self._passes: PassStates | None = None
        self.is_active = False
        self._are_all_named = True
        self.has_met_open_failure = False

    def begin(self, attempt: Attempt, current_step: Callable[[], tuple[Attempt, Step]]) -> bool:
        """Begin to trace an attempt, where it is to be.

        Args:
            attempt: its first step is about to begin.
            current_step: gives the attempt and the phase that began last.

        Returns:
            Whether it is traced.
        """
        if self.is_active:  # the one before it had no teardown
            self.end()
        if self._open is None:
            self._open = self._look()
            self.names = frozenset(self._open)
        failed_on = self._open.get(attempt.task)
        if failed_on is not None or not self._are_all_named:
            self.has_met_open_failure = True
        if attempt.is_after_failure or failed_on is not None:
            if self._tracing is None or self._passes is None:
                with OwnImports():
                    from pytest_debugloop.recording.pass_states import PassStates
                    from pytest_debugloop.recording.return_capture import ReturnCapture
                    from pytest_debugloop.tracing.tracer import Tracer

                self._tracing = Tracer(self._writer, self._writer.capturer.project)
                capture = ReturnCapture(self._writer, current_step, self._tracing.on_return)
                self._passes = PassStates(self._config, self._leg, self._writer, capture)
            self.is_active = True
            self._tracing.begin(attempt)
            self._passes.begin(attempt, failed_on)
        return self.is_active

    def _look(self) -> dict[str, dict[str, str]]:
        """Name the tests with an open failure, on any branch and in any leg: a trace in vain costs little."""
        try:
            System.stat(self._folder / OPEN_FAILURES_FILE)
        except OSError:
            return {}
        with OwnImports():
            from pytest_debugloop.journal.open_failures import MAX_TESTS, read_open_failures

        tests = read_open_failures(self._folder).get(self._name, ())
        self._are_all_named = len(tests) < MAX_TESTS
        return {one["test"]: one for one in tests}

    def end(self) -> None:
        """End the trace that goes on."""
        self.is_active = False
        if self._passes is not None:
            self._passes.end()
        if self._tracing is not None:
            self._tracing.end()
