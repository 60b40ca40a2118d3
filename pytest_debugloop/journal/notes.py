"""The lines of what a test or a program records itself: steps, checkpoints, transformations, calls, artifacts."""

from __future__ import annotations

from binascii import b2a_base64
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_debugloop.journal.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import dataclass
else:
    from pytest_debugloop.journal.records import dataclass

_STREAMS = ("stdout", "stderr")


@dataclass(frozen=True)
class Note(Record):
    """A step that a test or a program has named; with its end it is written again.

    Attributes:
        rev: higher than that of every line about it written before.
        phase: ``step`` in a test, ``execution`` in a program, ``checkpoint``, ``transformation``, ``llm_call``,
            ``artifact`` or ``record``.
        ended: when it ended, None while it goes on.
        outcome: ``passed`` or ``failed``.
        attempt: of the test.
        parent: ``n`` and start of the step that it is in, None outside of any.
        pre: ``n`` of the snapshot taken before it, None where none was.
        state: ``n`` of the snapshot taken at its end, None where none was.
        error: ``n`` and time of the error event that ended it, None where there is none.
        event: of a transformation: ``source``, ``target``, ``reason``, ``context`` and ``request``.
        call: of an LLM's call of a tool: what ``hook_events`` has as ``payload``, and the agent's ``domain``.
    """

    kind: ClassVar[str] = "note"
    n: int
    rev: int
    phase: str
    name: str
    started: int
    ended: int | None = None
    outcome: str | None = None
    attempt: int = 1
    parent: tuple[int, int] | None = None
    pre: int | None = None
    state: int | None = None
    error: tuple[int, int] | None = None
    input: dict[str, Any] | None = None
    output: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None
    event: dict[str, Any] | None = None
    call: dict[str, Any] | None = None


@dataclass(frozen=True)
class Artifact(Record):
    """Bytes that are kept whole.

    Attributes:
        origin: ``attached`` by a test, or ``stdout``, ``stderr`` or ``log``, which pytest captured.
        size: bytes.
        content: the bytes, in base64.
        step: ``n`` and start of the step that it is of.
        snapshot: ``n`` of the snapshot that it belongs to, None where it belongs to a step alone.
    """

    kind: ClassVar[str] = "artifact"
    n: int
    at: int
    origin: str
    name: str
    media_type: str
    size: int
    content: str
    step: tuple[int, int] | None = None
    snapshot: int | None = None

    @classmethod
    def of(
        cls,
        n: int,
        at: int,
        origin: str,
        name: str,
        media_type: str,
        data: bytes,
        *,
        step: tuple[int, int] | None = None,
        snapshot: int | None = None,
    ) -> Artifact:
        """Make the record of some bytes."""
        content = b2a_base64(data, newline=False).decode("ascii")
        return cls(n, at, origin, name, media_type, len(data), content, step, snapshot)


def output_lines(outputs: Mapping[str, str], at: int, snapshot: int, next_n: Callable[[], int]) -> bytes:
    """Write captured output that is too long for a state as lines, without appending them.

    Args:
        outputs: by phase and stream, as in ``call stdout``; without secrets.
        at: the moment.
        snapshot: number of the line of the state.
        next_n: numbers a record.
    """
    lines = b""
    for name, text in outputs.items():
        stream = name.rpartition(" ")[2]
        origin = stream if stream in _STREAMS else "log"
        data = text.encode("utf-8")
        lines += Artifact.of(next_n(), at, origin, name[:255], "text/plain", data, snapshot=snapshot).to_line()
    return lines
