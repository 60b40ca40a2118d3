"""A recorded value by its path, whole, in pages of as many characters as are wanted."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_debugloop.errors import NeverFailedError, NoStateError
from pytest_debugloop.queries import failures
from pytest_debugloop.queries.question import Steps, first, one
from pytest_debugloop.snapshots.paths import found_at, list_folder
from pytest_debugloop.snapshots.states import recorded_state
from pytest_debugloop.snapshots.values import Values
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import short

if TYPE_CHECKING:
    from pytest_debugloop.queries.lookup import Found

_LINE = 200
_MAX_PARTS = 100_000
_LEVELS = 12


@dataclass(frozen=True, slots=True)
class RecordedValue:
    """A value that a snapshot holds.

    Attributes:
        of: the id of the failure, or of the snapshot.
        path: where it is, such as ``frames[-1].locals.self.path``.
        value: as in the snapshot, a reference followed; null if it is longer than a page.
        text: the page of it that was asked for, as Python writes it.
        page: its number, of ``pages``.
        parts: what can be added to the path, the first hundred.
    """

    of: uuid.UUID
    path: str
    value: Any
    text: str
    page: int
    pages: int
    parts: list[str]


def value_of(found: Found, path: str, page: int, budget: int) -> Steps[RecordedValue]:
    """Give a recorded value.

    Args:
        found: a failure, a test, of which the last failure is taken, or a snapshot.
        path: of the value, or ``message``.
        page: which one, from 1; after the last one comes nothing.
        budget: characters of a page.

    Raises:
        NeverFailedError: the test never failed.
        NoStateError: the failure has no snapshot of this package.
        NotAPathError: the path is not written like one.
        NoValueError: nothing is recorded there.
    """
    if found.kind == "snapshot":
        state, of, message = recorded_state((yield from one(failures.snapshot_of(found.id))).state), found.id, None
    else:
        asked = failures.failures_of_test(found.id, 1) if found.kind == "test" else failures.failure_of(found.id)
        known = yield from first(asked)
        if known is None:
            raise NeverFailedError(text=printable(found.test.node_id if found.test else short(found.id)))
        state, of, message = known.state, known.failure.id, known.failure.error_message
    if path == "message" and message is not None:
        value: Any = message
        lines: Iterable[str] = printable(message, lines=True).split("\n")
    elif state is None:
        raise NoStateError(error=short(of))
    else:
        value, pointer = found_at(state, path)
        lines = _lines(Values(state), value, pointer)
    texts = _pages(lines, budget)
    is_whole = len(texts) == 1
    text = texts[page - 1] if page <= len(texts) else ""
    return RecordedValue(of, path, value if is_whole else None, text, page, len(texts), list_folder(value)[:100])


def _lines(values: Values, value: object, pointer: str) -> Iterator[str]:
    if isinstance(value, str):
        yield from printable(value, lines=True).split("\n")
        return
    if isinstance(value, dict) and value.get("$type") == "str" and "head" in value:
        yield from printable(str(value["head"]), lines=True).split("\n")
        yield f"… {printable(str(value.get('$cut', '')))} were not recorded"
        return
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        yield from (f"[{place}] = {printable(item)!r}" for place, item in enumerate(value))
        return
    for line in values.tree("", value, _LINE, pointer=pointer, most=_MAX_PARTS, levels=_LEVELS):
        name = f"{line.name} = " if line.name else ""
        yield f"{'  ' * line.depth}{name}{line.text}"


def _pages(lines: Iterable[str], budget: int) -> list[str]:
    """Fill pages with whole lines, and with parts of those that are longer than a page."""
    pages: list[list[str]] = [[]]
    room = budget
    for line in lines:
        for begin in range(0, max(len(line), 1), budget):
            part = line[begin : begin + budget]
            if len(part) + 1 > room and pages[-1]:
                pages.append([])
                room = budget
            pages[-1].append(part)
            room -= len(part) + 1
    return ["\n".join(page) for page in pages]
