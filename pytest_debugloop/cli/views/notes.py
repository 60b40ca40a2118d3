"""Checkpoints and steps that tests and programs have recorded, as people read them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import short

if TYPE_CHECKING:
    from pytest_debugloop.queries.notes import Note

_WORDS = {"execution": "step", "llm_call": "call", "record": "record"}


def note_lines(notes: Iterable[Note], limit: int) -> Iterator[Line]:
    """Write what was recorded, test by test.

    Args:
        notes: in the order of their steps; of one more than ``limit`` where there are more.
        limit: how many are shown.
    """
    shown = 0
    for test, group in groupby(notes, key=lambda note: note.test):
        if shown >= limit:
            break
        yield Line.of(f"Recorded by {printable(test)}" if test else "Recorded", "title")
        for note in group:
            shown += 1
            if shown > limit:
                yield Line.of("  … and more: --limit 0 shows all", "faint")
                break
            yield _line(note)
        yield Line.of()


def _line(note: Note) -> Line:
    indent = "  " * (note.depth + 1)
    failed = note.status == "failed"
    line = Line.of(f"{indent}{_WORDS.get(note.step_type, note.step_type)} ", "faint", is_cut=True)
    line = line.append("" if note.step_type == "record" else printable(note.name), "fail" if failed else "")
    if note.step_type in ("step", "execution", "transformation"):
        line = line.append(" failed" if failed else " not ended" if note.status == "started" else "", "fail")
        if note.duration_ms:
            line = line.append(f" {note.duration_ms:,} ms", "faint")
    if note.snapshot_id is not None:
        line = line.append(f" {short(note.snapshot_id)}", "id")
    for values in (note.input, note.state, note.output):
        if isinstance(values, dict) and values:
            line = line.append(f"  {_values(values)}")
    return line


def _values(values: dict[str, Any]) -> str:
    return printable(", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in values.items()))
