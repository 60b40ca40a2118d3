"""What was not kept, or not whole: usable as far as it goes, and its ``repr`` says what is missing."""

from __future__ import annotations

from collections import deque
from reprlib import recursive_repr
from typing import Any

from pytest_debugloop.replay.marks import spelt
from pytest_debugloop.text.printable import printable


class NotRecorded:
    """What was not kept, and why."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        """Say why.

        Args:
            reason: in words.
        """
        self.reason = printable(reason)

    def __repr__(self) -> str:
        return f"<not recorded: {self.reason}>"


class Withheld(str):
    """The text that stands for a secret, or for what the user does not want to be kept."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{printable(self).strip('[]')}>"


class RecordedDict(dict[str, Any]):
    """A dict whose keys were not all texts: they are recorded as texts, and are found by what they were, too."""

    def __missing__(self, key: object) -> Any:
        text = spelt(key)
        if text in self:
            return self[text]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key if type(key) is str else spelt(key))

    def get(self, key: Any, default: Any = None) -> Any:
        """Give the value of a key, or a default."""
        try:
            return self[key]
        except KeyError:
            return default


class _Cut:
    """A part of what there was; ``cut`` says how much is missing."""

    cut: str
    _shows: Any

    @recursive_repr()
    def __repr__(self) -> str:
        return f"<{self._shows(self)!r} and {printable(self.cut)}>"


class CutText(_Cut, str):
    """The beginning of a text."""

    _shows = str


class CutBytes(_Cut, bytes):
    """The beginning of bytes."""

    _shows = bytes


class CutList(_Cut, list[Any]):
    """The first items of a list."""

    _shows = list


class CutTuple(_Cut, tuple[Any, ...]):
    """The first items of a tuple."""

    _shows = tuple


class CutSet(_Cut, set[Any]):
    """Some items of a set."""

    _shows = set


class CutFrozenSet(_Cut, frozenset[Any]):
    """Some items of a frozen set."""

    _shows = frozenset


class CutDeque(_Cut, deque[Any]):
    """The first items of a deque."""

    _shows = deque


class CutDict(_Cut, RecordedDict):
    """Some items of a dict."""

    _shows = dict


CUT: dict[type, Any] = {
    str: CutText, bytes: CutBytes, list: CutList, tuple: CutTuple, set: CutSet, frozenset: CutFrozenSet,
    deque: CutDeque, dict: CutDict,
}  # fmt: skip
"""The class of what is left of a value of each type."""
