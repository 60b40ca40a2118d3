"""Text of a record as a terminal may be given it: what would move the cursor, recolour or reorder is spelt out."""

from __future__ import annotations

import re

from pytest_debugloop.lazy import lazy_pattern

# C0 and C1 controls, DEL, line and paragraph separators, marks that reorder text (the "Trojan source" ones among them),
# invisible marks, tags, and halves of pairs, which no encoding can write.
_UNSAFE = lazy_pattern(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def printable(text: str, *, lines: bool = False) -> str:
    r"""Spell out every character that a terminal would not simply show.

    Args:
        text: any text.
        lines: whether line ends stay, and tabs become spaces, as in source code; else the result is one line.

    Returns:
        The text with ``\x1b`` and the like in place of such characters. Letters of every script stay as they are.
    """
    if lines:
        return "\n".join(printable(line.expandtabs()) for line in text.replace("\r\n", "\n").split("\n"))
    return _UNSAFE.sub(_spelt, text)


def _spelt(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SHORT:
        return _SHORT[character]
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
