"""Notes of one process: what its tests, or the program, record themselves, as lines of the journal."""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_debugloop.capture.snapshot import STATE_SCHEMA
from pytest_debugloop.capture.storage import type_name
from pytest_debugloop.journal.notes import Note
from pytest_debugloop.journal.records import Snapshot, clean_text
from pytest_debugloop.system import System
from pytest_debugloop.workflow.drops import Drops

if TYPE_CHECKING:
    from pytest_debugloop.writing.writer import Writer

_LONGEST_NAME = 255
_LONGEST_TEXT = 10_000
_MOST_NAMES = 2_000
_LONGEST_BITS = 1_000  # Python writes no integer of many thousand digits
_MIB_PER_MAXRSS = 1 / 1024 if sys.platform != "darwin" else 1 / 1024**2


class Notes:
    """What the calls of one process share.

    Args:
        writer: of this process.
        most: calls of one test that are recorded.
        artifact_bytes: of one artifact, at most.

    Attributes:
        is_ended: whether the run is over.
    """

    __slots__ = ("_names", "artifact_bytes", "artifacts_left", "drops", "is_ended", "most", "writer")

    def __init__(self, writer: Writer, most: int, artifact_bytes: int) -> None:
        writer.share()
        self.writer = writer
        self.most = most
        self.artifact_bytes = artifact_bytes
        self.artifacts_left = 20 * artifact_bytes
        self._names: dict[str, str] = {}
        self.drops = Drops(System.getpid())
        self.is_ended = False

    def end(self) -> tuple[dict[str, int], str]:
        """Take nothing more, and give what was dropped: see :meth:`Drops.take`."""
        self.is_ended = True
        return self.drops.take()

    def text(self, value: object, longest: int = _LONGEST_TEXT) -> str:
        """Give a text that somebody passed, without secrets; of anything else, no code of it is run.

        Args:
            value: anything.
            longest: characters that are kept.
        """
        cls = type(value)
        if cls is str:
            text: str = value  # type: ignore[assignment]
        elif issubclass(cls, str):
            text = str.__str__(value)
        elif value is None:
            return ""
        elif cls is float or cls is bool or (cls is int and value.bit_length() < _LONGEST_BITS):  # type: ignore[attr-defined]
            text = str(value)
        else:
            text = f"<{type_name(cls)}>"
        text = clean_text(self.writer.redact(text[: 2 * longest]))
        return text if len(text) <= longest else f"{text[: longest - 3]}..."

    def name(self, value: object) -> str:
        """Give a name that somebody passed.

        Args:
            value: anything.
        """
        if type(value) is not str or len(value) > _LONGEST_NAME:
            return self.text(value, _LONGEST_NAME)
        known = self._names.get(value)  # to look for secrets takes most of the time of a call
        if known is None:
            if len(self._names) >= _MOST_NAMES:
                self._names.clear()
            known = self._names[value] = self.text(value, _LONGEST_NAME)
        return known

    def values(self, given: Mapping[str, object], pointer: str = "") -> dict[str, Any] | None:
        """Give values that somebody passed, bounded and without secrets; None where there are none.

        Args:
            given: names and what they stand for.
            pointer: where they will lie.
        """
        return self.writer.capturer.capture_values(given, pointer) or None if given else None

    def snapshot(
        self, kind: str, state: object, at: int, description: str, step: tuple[int, int], depth: int, request: str
    ) -> tuple[int, bytes]:
        """Write a state as a line, without appending it.

        Args:
            kind: the type of the snapshot.
            state: anything; a dict's items are names.
            at: the moment.
            description: what was being done.
            step: number and start of the step that it is of.
            depth: how many steps that one is nested in.
            request: what the user had asked for, empty where that is not known.

        Returns:
            The line's number, and the line.
        """
        writer = self.writer
        values = writer.capturer.capture_values(state, "/state")
        usage = System.getrusage(resource.RUSAGE_SELF)
        n = writer.next_n()
        line = Snapshot(
            n=n,
            at=at,
            type=kind,
            description=description,
            state={"schema": STATE_SCHEMA, "exceptions": [], "fixtures": {}, "state": values},
            memory_mb=round(usage.ru_maxrss * _MIB_PER_MAXRSS, 2),
            cpu_ms=int((usage.ru_utime + usage.ru_stime) * 1000),
            wall_ms=writer.wall_ms(at),
            step=step,
            depth=depth,
            request=request or None,
        )
        return n, line.to_line()

    def write(self, note: Note, before: bytes = b"") -> None:
        """Append a note.

        Args:
            note: what is known.
            before: lines that it refers to.
        """
        self.writer.append(before + note.to_line())
