"""How pytest itself ends: its exit status, and an exception that nobody in it catches."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.writing.failure import INTERNAL_ERROR
from pytest_debugloop.writing.failure_context import FailureContext

if TYPE_CHECKING:
    from pytest_debugloop.recording.trace_selection import TraceSelection
    from pytest_debugloop.writing.writer import Writer

_MAX_CONTEXTS = 50
_STATUSES_WITHOUT_FAILURE = (0, 5)  # 5: no tests were run
_KEY = "has_news"
_exc_info = sys.exc_info


def exception_leaving_pytest() -> BaseException | None:
    """Give the exception that pytest is leaving with, None where there is none.

    To be asked in ``pytest_unconfigure``, which pytest calls on its way out: what another plugin raised in
    ``pytest_sessionfinish``, say, is reported by no hook. An exception that the caller of pytest handles is not it.
    """
    error = _exc_info()[1]
    if error is None or error.__traceback__ is None:
        return None
    handles = str(error.__traceback__.tb_frame.f_globals.get("__name__", ""))
    return error if handles.partition(".")[0] == "_pytest" else None


class PytestExit:
    """What is known of the end of a run, in one of its processes.

    Attributes:
        exit_status: what pytest returns; None while that is not known.
        is_interrupted: whether somebody, or ``-x``, ended it before its time.
    """

    __slots__ = ("_recorded", "_session", "exit_status", "is_interrupted")

    def __init__(self) -> None:
        self.exit_status: int | None = None
        self.is_interrupted = False
        self._session: pytest.Session | None = None
        self._recorded: set[tuple[int, type]] = set()

    def session_started(self, session: pytest.Session) -> None:
        """Keep the session: it knows the exit status."""
        self._session = session

    def session_finished(self, session: pytest.Session, exit_status: int) -> None:
        """Note what pytest says at the end of the session."""
        self._session = session
        self.exit_status = int(exit_status)
        self.is_interrupted = self.is_interrupted or bool(session.shouldfail or session.shouldstop)

    def look_again(self) -> None:
        """Note the exit status that other plugins have left in the session: they may have changed it after us."""
        if self.exit_status is not None and (status := self._status_of_session()) is not None:
            self.exit_status = status

    def _status_of_session(self) -> int | None:
        status = getattr(self._session, "exitstatus", None)
        return int(status) if isinstance(status, int) else None  # a plugin may have put anything there

    def unconfigured(self, writer: Writer) -> None:
        """Note how pytest is left, and record the exception that it is left with.

        Args:
            writer: of this process.
        """
        error = exception_leaving_pytest()
        if isinstance(error, pytest.UsageError) or error is None:  # pytest makes an exit status of it
            self.exit_status = self._status_of_session()
            return
        self.exit_status = None
        if isinstance(error, KeyboardInterrupt):
            self.is_interrupted = True
        else:
            self.record(writer, error)

    def record(self, writer: Writer, error: BaseException) -> None:
        """Record an error of pytest or of a plugin, unless it follows from one that was recorded.

        Args:
            writer: of this process.
            error: with its frames.
        """
        try:
            inner: BaseException | None = error
            for _ in range(_MAX_CONTEXTS):
                if inner is None:
                    break
                if (id(inner), type(inner)) in self._recorded:
                    return
                inner = inner.__context__
            self._recorded.add((id(error), type(error)))
            context = FailureContext(writer.now())
            writer.write_failure(writer.failure_of_exception(error, INTERNAL_ERROR, context, ItemFacts()))
        except Exception as fault:
            writer.fault(fault)


class News:
    """Whether the record may have something to say of a run: something failed, or a test ran that had failed before.

    Known of one process, and of those that report to it.
    """

    def __init__(self) -> None:
        self.writer: Writer | None = None
        self.selection: TraceSelection | None = None
        self._is_told = False

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        has_met = self.selection is not None and self.selection.has_met_open_failure
        return self._is_told or has_met or self.writer is None or self.writer.failures > 0

    def to_plain(self) -> dict[str, Any]:
        """Give it as basic types, which execnet can carry from a worker."""
        return {_KEY: bool(self)}

    def add(self, plain: dict[str, Any]) -> None:
        """Add what another process tells.

        Args:
            plain: what :meth:`to_plain` gave in it, and more.
        """
        self._is_told = self._is_told or bool(plain.get(_KEY, True))

    def is_none(self, ending: PytestExit) -> bool:
        """Tell whether the run ended without any.

        Args:
            ending: how pytest ended.
        """
        return not self and not ending.is_interrupted and ending.exit_status in _STATUSES_WITHOUT_FAILURE
