"""Lines that fit a terminal: facts are broken where they read best, and names of tests, which are copied, never cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

_LINES_OF_FACT = 4


def wrapped(name: str, facts: Sequence[str], width: int | None, indent: str) -> list[str]:
    """Write a name, which is never cut, and facts on the same line or below it.

    Args:
        name: of a test.
        facts: printable, without ends of lines.
        width: columns of the terminal, None for a single line of any length.
        indent: what each line begins with.
    """
    whole = f"{indent}{name}: {', '.join(facts)}"
    if width is None or columns(whole) <= width:
        return [whole]
    lines = [f"{indent}{name}:"]
    line = ""
    indent += "    "
    room = width - len(indent)
    parts = [fact + ("," if number < len(facts) - 1 else "") for number, fact in enumerate(facts)]
    # What is too long for a line is better broken between its halves than anywhere, and anywhere than cut.
    for part in (piece for one in parts for piece in _pieces(one, room)):
        if line and columns(line) + 1 + columns(part) > room:
            lines.append(indent + line)
            line = ""
        line = f"{line} {part}" if line else part
    return [*lines, indent + line]


def _pieces(fact: str, room: int) -> Iterator[str]:
    """Break a fact that is too long for a line; no name of a test is cut, and nothing takes more than a few lines."""
    if columns(fact) <= room:
        yield fact
        return
    first, separator, second = fact.partition("; ")
    for half in (first + ";", second) if separator else (fact,):
        line, told = "", 1
        for word in half.split(" "):
            if line and columns(line) + 1 + columns(word) > room:
                if told == _LINES_OF_FACT:
                    line += " ..."
                    break
                yield line
                line, told = "", told + 1
            line = f"{line} {word}" if line else word
            if columns(line) > room and "::" not in line:
                line = cut(line, room)
        yield line


def columns(text: str) -> int:
    """Count the columns of a terminal that a text takes.

    Args:
        text: printable, without ends of lines.
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def cut(text: str, width: int) -> str:
    """Shorten a text in its middle, where it is least told from others.

    Args:
        text: printable, without ends of lines.
        width: columns that it may take; at least 20 are given.
    """
    width = max(width, 20)
    if columns(text) <= width:
        return text
    # The end of a node id says more than its beginning.
    head, tail = "", ""
    for character in text:
        if columns(head + character) > (width - 3) // 3:
            break
        head += character
    for character in reversed(text):
        if columns(character + tail) > width - 3 - columns(head):
            break
        tail = character + tail
    return f"{head}...{tail}"
