"""Captured output that is too long for a state, as artifacts beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pytest_debugloop.journal.notes import Artifact

_STREAMS = ("stdout", "stderr")


def output_lines(outputs: Mapping[str, str], at: int, snapshot: int, next_n: Callable[[], int]) -> bytes:
    """Write outputs as lines, without appending them.

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
