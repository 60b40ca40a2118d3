"""Secrets of which a text has only the begin and the end, as pytest's explanations cut long values: ``'ab...yz'``."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping

from pytest_debugloop.capture.secret_marks import Marks, is_odd
from pytest_debugloop.lazy import lazy_pattern

_CUT = lazy_pattern(r"(?P<head>[^\s.]{0,80})\.\.\.(?P<tail>[^\s.]{0,80})")
_LEAST = 4


class CollectingMarks(Marks):
    """Keeps in mind which secrets a text has whole.

    Attributes:
        found: as the text has them, and what tells each from others.
    """

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[str, Hashable] = {}

    def mark(self, kind: str, secret: Hashable) -> str:
        """Give what stands in place of a secret."""
        if type(secret) is str and "..." not in secret and is_odd(secret):
            self.found[secret] = secret
        return super().mark(kind, secret)


def without_cut(text: str, known: Mapping[str, Hashable], marks: Marks) -> str:
    """Take out of a text what it has of secrets that it has not whole.

    Args:
        text: any text.
        known: secrets, and what tells each from others.
        marks: gives what stands in their place.
    """
    if not known or "..." not in text:
        return text

    def replaced(match: re.Match[str]) -> str:
        head, tail = match["head"], match["tail"]
        for secret, identity in known.items():
            begun = next((n for n in range(min(len(head), len(secret)), 0, -1) if head.endswith(secret[:n])), 0)
            ended = next((n for n in range(min(len(tail), len(secret)), 0, -1) if tail.startswith(secret[-n:])), 0)
            if begun + ended < len(secret) and max(begun, ended) >= _LEAST:
                return f"{head[: len(head) - begun]}{marks.mark('key', identity)}{tail[ended:]}"
        return match[0]

    return _CUT.sub(replaced, text)
