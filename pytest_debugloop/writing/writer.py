"""The one way from the test process into its journal."""

from __future__ import annotations

import os
import resource
import sys
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from types import FrameType
from typing import Any

from pytest_debugloop.capture.exceptions import CapturedException, project_places, stack_text
from pytest_debugloop.capture.fingerprint import fingerprint_of, normalised, text_fingerprint
from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.capture.secret_marks import Marks, NumberedMarks
from pytest_debugloop.capture.snapshot import Capturer
from pytest_debugloop.capture.storage import type_name
from pytest_debugloop.clock import Clock
from pytest_debugloop.journal.journal import Journal
from pytest_debugloop.journal.locked import LockedJournal
from pytest_debugloop.journal.notes import output_lines
from pytest_debugloop.journal.records import ErrorEvent, Snapshot, clean_text, plain_text
from pytest_debugloop.system import System
from pytest_debugloop.writing.collected import collection_difference
from pytest_debugloop.writing.failure_context import Failure, FailureContext, Kind

_LONGEST_MESSAGE = 10_000
_LONGEST_HALF = 200_000  # of a text that is all there is of a failure: the beginning, and the end
_MIB_PER_MAXRSS = 1 / 1024 if sys.platform != "darwin" else 1 / 1024**2


def _tell_forks(writer: weakref.ref[Writer]) -> None:
    """Let a fork know that it is one: to ask for the process's number is a system call for each line."""

    def tell() -> None:
        if (found := writer()) is not None:
            found.be_fork()

    os.register_at_fork(after_in_child=tell)


class Writer:
    """Numbers records, writes failures with their snapshots, and keeps our own faults away from the tests.

    Args:
        journal: of this process.
        clock: of this process.
        capturer: takes the state at failures.

    Attributes:
        capturer: the one it was given.
        faults: what went wrong in our own code.
        is_fork: whether this is a fork of the process that records.
        next_n: numbers a record of this journal; several threads may ask at once.
        now: gives the time.
        write_soon: appends so many lines, given as ASCII, a moment after others; a fork has no descriptor.
    """

    __slots__ = (
        "__weakref__",
        "_is_interrupted",
        "_journal",
        "_started",
        "capturer",
        "failures",
        "faults",
        "is_fork",
        "next_n",
        "now",
        "write_soon",
    )

    def __init__(self, journal: Journal, clock: Clock, capturer: Capturer) -> None:
        self._journal: Journal | LockedJournal = journal
        self.write_soon = journal.append_soon
        self.capturer = capturer
        self.next_n = count(1).__next__
        self.is_fork = self._is_interrupted = False
        _tell_forks(weakref.ref(self))
        self.now = clock.now
        self._started = clock.now()
        self.faults: list[str] = []
        self.failures = 0

    def be_fork(self) -> None:
        """Append nothing any more: this is a fork of the process that records, and its reports come from there."""
        self.is_fork = True
        self._journal.close_descriptor()

    def write(self, text: str) -> None:
        """Append lines, given as ASCII; a fork of this process appends nothing."""
        self.append(text.encode("ascii"))

    def append(self, lines: bytes) -> None:
        """Append lines; a fork of this process appends nothing."""
        if not self.is_fork:
            self._journal.append(lines)

    def share(self) -> None:
        """Let several threads write from now on: a run whose tests write nothing themselves needs no lock."""
        if not isinstance(self._journal, LockedJournal):
            self._journal = LockedJournal(self._journal)
            self.write_soon = self._journal.append_soon

    def wall_ms(self, at: int) -> int:
        """Give the milliseconds since this process began to record.

        Args:
            at: the moment.
        """
        return (at - self._started) // 1000

    def end(self, line: bytes) -> None:
        """Append the last line, and close the journal."""
        if not self.is_fork:
            self._journal.end(line)

    def write_failure(self, failure: Failure, text: str = "") -> None:
        """Append a failure, and the text of more lines after it."""
        self.failures += 1
        self.append(failure.lines + text.encode("ascii"))

    def redact(self, text: str) -> str:
        """Take secrets, and colours, out of a text."""
        return self.capturer.redactor.text(plain_text(text))

    def short(self, text: str) -> str:
        """Take secrets, and colours, out of a reason or a name that somebody wrote, and cut it if it is very long."""
        text = self.redact(text[: 2 * _LONGEST_MESSAGE])
        return text if len(text) <= _LONGEST_MESSAGE else f"{text[: _LONGEST_MESSAGE - 3]}..."

    def pass_on_interrupt(self) -> None:
        """Go on with the interrupt that came while a snapshot was taken.

        Raises:
            KeyboardInterrupt: there was one.
        """
        if self._is_interrupted:
            self._is_interrupted = False
            raise KeyboardInterrupt

    def fault(self, fault: BaseException) -> None:
        """Note a fault of our own; the summary tells the first."""
        self.faults.append(f"{type(fault).__name__}: {fault}"[:500])

    def guarded(self, write: Callable[[], None]) -> None:
        """Write something; a fault of our own in it is noted, and costs nothing else."""
        try:
            write()
        except Exception as fault:
            self.fault(fault)

    def failure_of_exception(
        self,
        error: BaseException,
        kind: Kind,
        context: FailureContext,
        facts: ItemFacts,
        others: Sequence[BaseException] = (),
    ) -> Failure:
        """Write an exception and the state at it as lines, without appending them.

        Args:
            error: the exception, its frames still alive.
            kind: how it is filed.
            context: where and when it was raised.
            facts: what pytest knows of the test.
            others: what else failed in the phase.
        """
        marks = NumberedMarks()
        seen = self._capture_exception_chain(error, marks, others)
        seen, (snapshot, line) = self._snapshot(seen, facts, context, marks)
        fingerprint = fingerprint_of(seen[0], seen[1:])
        metadata = {
            "exception": seen[0].type,
            "chain": [f"{one.relation}: {one.type}" for one in seen[1:]],
            "code": [*project_places(seen), *facts.code],
        }
        message, code = seen[0].message or seen[0].type, seen[0].type.rpartition(".")[2]
        event = self._event(kind, context, fingerprint, message, code, stack_text(seen), metadata, snapshot)
        return Failure.of(event, line)

    def failure_of_text(
        self, text: str, kind: Kind, context: FailureContext, code: Sequence[tuple[str, int, str]] = ()
    ) -> Failure:
        """Write a failure of which there is only a text as a line, without appending it.

        Args:
            text: pytest's report of it.
            kind: how it is filed.
            context: where and when it happened.
            code: see :attr:`ItemFacts.code`.
        """
        difference = collection_difference(text) if context.phase == "collect" else None
        if len(text) > 2 * _LONGEST_HALF:
            text = f"{text[:_LONGEST_HALF]}\n...\n{text[-_LONGEST_HALF:]}"
        text = self.redact(text)
        message = text
        if context.phase == "collect":  # the last line of a traceback
            message = self.redact(difference) if difference else text.strip().rpartition("\n")[2]
        name = kind.error_type
        fingerprint = text_fingerprint("\0".join((name, context.node_id, normalised(message[:500]))))
        message = message[:_LONGEST_MESSAGE] or name
        return Failure.of(self._event(kind, context, fingerprint, message, name, text, {"code": list(code)}), b"")

    def _event(
        self,
        kind: Kind,
        context: FailureContext,
        fingerprint: str,
        message: str,
        code: str,
        stack: str,
        metadata: dict[str, Any],
        snapshot: int | None = None,
    ) -> ErrorEvent:
        return ErrorEvent(
            n=self.next_n(),
            step=context.step,
            at=context.at,
            node_id=context.node_id,
            type=kind.error_type,
            category=kind.category,
            severity=kind.severity,
            message=message,
            code=code,
            stack=stack,
            snapshot=snapshot,
            metadata={
                "fingerprint": fingerprint,
                **metadata,
                "phase": context.phase,
                "attempt": context.attempt,
                "subtest": None if context.subtest is None else clean_text(self.short(context.subtest)),
            },
            once=fingerprint if context.phase == "collect" else None,
            worker=context.worker,
            task=None if context.task == context.node_id else context.task,
        )

    def _capture_exception_chain(
        self, error: BaseException, marks: Marks, others: Sequence[BaseException]
    ) -> list[CapturedException]:
        # What we cannot make of an exception must not cost the error event.
        try:
            return self.capturer.capture_exception_chain(error, marks, others)
        except Exception as fault:
            self.fault(fault)
            return [CapturedException("raised", type_name(type(error)), "", [], [])]

    def snapshot_of_return(
        self, frame: FrameType, facts: ItemFacts, node_id: str, step: tuple[int, int]
    ) -> tuple[int | None, bytes]:
        """Write the state at the end of a test's function as a line, without appending it.

        Args:
            frame: of the function, still alive.
            facts: what pytest knows of the test.
            node_id: of the test.
            step: number and start of its call.

        Returns:
            The line's number, and the line; None and nothing where it could not be made.
        """
        context = FailureContext(self.now(), node_id, step=step)
        return self._snapshot([], facts, context, NumberedMarks(), frame)[1]

    def _snapshot(
        self,
        seen: list[CapturedException],
        facts: ItemFacts,
        context: FailureContext,
        marks: Marks,
        returning: FrameType | None = None,
    ) -> tuple[list[CapturedException], tuple[int | None, bytes]]:
        try:
            outputs: dict[str, str] = {}
            found, state = self.capturer.capture_state(seen, facts, marks, returning, outputs)
            usage = System.getrusage(resource.RUSAGE_SELF)
            n, at = self.next_n(), context.at
            line = Snapshot(
                n=n,
                at=at,
                type="error" if returning is None else "success",
                description=self.short(facts.description) or context.node_id,
                state=state,
                memory_mb=round(usage.ru_maxrss * _MIB_PER_MAXRSS, 2),
                cpu_ms=int((usage.ru_utime + usage.ru_stime) * 1000),
                wall_ms=self.wall_ms(at),
                step=context.step,
                depth=context.depth,
            ).to_line()
        except KeyboardInterrupt:
            # A real one, in the middle of our work: the failure is written first.
            self._is_interrupted = True
            return seen, (None, b"")
        except Exception as fault:
            self.fault(fault)
            return seen, (None, b"")
        return found, (n, output_lines(outputs, at, n, self.next_n) + line if outputs else line)
