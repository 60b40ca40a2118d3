"""Lines of journals as bytes: which of them PostgreSQL can be given at all, and how a batch of them is divided."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pytest_debugloop.loading.heads import JournalHead

Chunk = tuple[JournalHead, bytes]
"""Lines, and who wrote them."""
Refused = tuple[JournalHead, bytes, str]
"""A line, who wrote it, and why it cannot be stored."""

DAMAGED = "it is damaged: not a line of JSON in UTF-8 without control characters"
TOO_DEEP = "it is nested too deeply"

# What COPY would trip over: its own marks, an end of data, and what is no text or would end a line. All other control
# characters are refused with their line, as JSON.
_NOT_FOR_COPY = (b"\x00", b"\x01", b"\x02", b"\r", b"\n\n")
_END_OF_COPY = b"\\."
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# PostgreSQL's stack lets it read some six thousand levels. No record comes near.
_DEEPEST = 2_000
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(rb"[][{}]")
_SNAPSHOT = b'{"kind":"snapshot"'


def separate(data: bytes) -> tuple[bytes, list[bytes]]:
    """Take out the lines that COPY would trip over.

    Args:
        data: lines.

    Returns:
        Lines that can be copied, each with its newline, and those that cannot.
    """
    if (
        data.endswith(b"\n")
        and not data.startswith((_END_OF_COPY, _BYTE_ORDER_MARK, b"\n"))
        and b"\n" + _END_OF_COPY not in data
        and _is_text(data)
    ):
        return data, []
    good, bad = [], []
    for line in data.removeprefix(_BYTE_ORDER_MARK).split(b"\n"):
        line = line.rstrip(b"\r")
        if line.startswith(b"{") and line.endswith(b"}") and _is_text(line):
            good.append(line)
        elif line.strip():
            bad.append(line)
    return b"".join(line + b"\n" for line in good), bad


def _is_text(data: bytes) -> bool:
    if any(mark in data for mark in _NOT_FOR_COPY):
        return False
    if data.isascii():
        return True
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def is_too_deep(line: bytes) -> bool:
    """Tell whether PostgreSQL's stack would not do for a line.

    Args:
        line: of JSON.
    """
    if line.count(b"[") + line.count(b"{") <= _DEEPEST:
        return False
    depth = 0
    for bracket in _BRACKET.findall(_TEXT.sub(b"", line)):
        depth += 1 if bracket in b"[{" else -1
        if depth > _DEEPEST:
            return True
    return False


def leave_out(chunks: Sequence[Chunk], refused: Sequence[Refused]) -> list[Chunk]:
    """Leave lines out.

    Args:
        chunks: lines of journals, each with its newline.
        refused: those to leave out.
    """
    if not refused:
        return list(chunks)
    unwanted: dict[JournalHead, set[bytes]] = {}
    for head, line, _ in refused:
        unwanted.setdefault(head, set()).add(line)
    left = [(head, _without(data, unwanted[head]) if head in unwanted else data) for head, data in chunks]
    return [(head, data) for head, data in left if data]


def _without(data: bytes, unwanted: set[bytes]) -> bytes:
    return b"".join(line for line in data.splitlines(keepends=True) if line.rstrip(b"\n") not in unwanted)


def units(data: bytes) -> list[bytes]:
    """Divide into what is loaded together: a line, or a snapshot with the error after it.

    Args:
        data: lines.
    """
    found: list[bytes] = []
    snapshot = b""
    for line in data.split(b"\n"):
        if not line:
            continue
        if line.startswith(_SNAPSHOT):
            snapshot += line + b"\n"
            continue
        found.append(snapshot + line + b"\n")
        snapshot = b""
    if snapshot:
        found.append(snapshot)
    return found


def joined(parts: Iterable[Chunk]) -> list[Chunk]:
    """Put what follows each other in one journal together.

    Args:
        parts: lines of journals.
    """
    chunks: list[tuple[JournalHead, list[bytes]]] = []
    for head, part in parts:
        if chunks and chunks[-1][0] is head:
            chunks[-1][1].append(part)
        else:
            chunks.append((head, [part]))
    return [(head, b"".join(found)) for head, found in chunks]
