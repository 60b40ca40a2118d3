"""What stands in place of a secret: its kind, and in a snapshot a number, so that two of them can be distinguished.

Numbers are given in the order in which secrets are met, which is the same in each run that fails the same way; they say
which secrets of one snapshot are equal, and nothing else. What is compared across snapshots is compared without them.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from itertools import islice
from typing import Any

from pytest_debugloop.lazy import lazy_pattern

REDACTED = "[redacted: key]"

_NUMBER = lazy_pattern(r"(?<=\[redacted: )([\w ]{1,40}) #\d{1,6}(?=\])")
_MAX_PARTS, _LONGEST = 500, 10_000
_type = type


class Marks:
    """Says only of what kind a secret was; the base of what says more."""

    __slots__ = ()

    def mark(self, kind: str, secret: Hashable) -> str:
        """Give what stands in place of a secret.

        Args:
            kind: of it, or why it is one.
            secret: what tells it from others: a text, or what :func:`identity_of` gives of another value.
        """
        return f"[redacted: {kind}]"

    def learn(self, secret: str) -> None:
        """Keep a secret in mind that a text revealed, to be looked for in others.

        Args:
            secret: such as the password of a URL.
        """

    def known(self) -> Iterable[str]:
        """Give the secrets that were kept in mind."""
        return ()

    def copy(self) -> Marks:
        """Give another that goes on from here."""
        return self


class NumberedMarks(Marks):
    """Numbers the secrets of one snapshot, and knows those that its texts revealed."""

    __slots__ = ("_kept_alive", "_learnt", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._kept_alive: list[object] = []
        self._learnt: set[str] = set()

    def mark(self, kind: str, secret: Hashable) -> str:
        """Give what stands in place of a secret: the same for one that is equal."""
        if _type(secret) is _Unhashable:
            self._kept_alive.append(secret.value)  # so that no other object takes its id
            secret = secret.number
        return f"[redacted: {kind} #{self._numbers.setdefault(secret, len(self._numbers) + 1)}]"

    def learn(self, secret: str) -> None:
        """Keep a secret in mind, where it is long and odd enough to be looked for."""
        if is_odd(secret):
            self._learnt.add(secret)

    def known(self) -> Iterable[str]:
        """Give the secrets that were kept in mind."""
        return self._learnt

    def copy(self) -> NumberedMarks:
        """Give another that goes on from here."""
        other = NumberedMarks()
        other._numbers, other._kept_alive, other._learnt = (
            dict(self._numbers),
            list(self._kept_alive),
            set(self._learnt),
        )
        return other


class _Unhashable:
    """An object that is only equal to itself."""

    __slots__ = ("number", "value")

    def __init__(self, value: object) -> None:
        self.number = ("id", id(value))
        self.value = value


PLAIN = Marks()
"""For texts that are of no snapshot: a command line, a node id, a source file."""


def without_numbers(text: str) -> str:
    """Take out of a text what tells its secrets apart, which says nothing outside of its snapshot.

    Args:
        text: any text.
    """
    return _NUMBER.sub(r"\1", text) if "[redacted: " in text else text


def is_odd(text: str) -> bool:
    """Tell whether a secret is long and odd enough to be looked for in other texts.

    Args:
        text: the secret.
    """
    return len(text) >= 8 or (len(text) >= 5 and not text.isalpha() and not text.isdigit())


def identity_of(value: Any) -> Hashable:
    """Give what is equal for equal values of plain types; an object of another type is equal to itself alone.

    Args:
        value: anything; no code of it is run.
    """
    left = [_MAX_PARTS]
    try:
        found = _identity(value, left)
    except (RuntimeError, RecursionError):  # it is changed meanwhile, or deeper than there is room on the stack
        left[0] = -1
    return _Unhashable(value) if left[0] < 0 else found


def text_identity(text: str, *, is_bytes: bool = False) -> Hashable:
    """Give the identity of a secret as a text tells it.

    Args:
        text: of the secret, as Python or a connection string writes it between quotes.
        is_bytes: whether it is of bytes.
    """
    if is_bytes:
        return "bytes", text
    if "\\" in text and len(text) <= _LONGEST:
        return re.sub(r"\\+(['\"\\])", r"\1", text)
    return text


def _identity(value: Any, left: list[int]) -> Hashable:
    cls = _type(value)
    left[0] -= 1
    if cls is str:
        return text_identity(value)
    if cls is bytes:
        return "bytes", repr(value)[2:-1] if len(value) <= _LONGEST else value
    if cls is int or cls is float:
        return "number", repr(value) if cls is float or value.bit_length() < 1_000 else value
    if value is None or cls is bool:
        return "constant", value
    if left[0] < 0:
        return None
    if cls is list or cls is tuple:
        return cls.__name__, tuple(_identity(item, left) for item in value[: left[0] + 1])
    if cls is set or cls is frozenset:
        return "set", frozenset(_identity(item, left) for item in tuple(islice(value, left[0] + 1)))
    if cls is dict:
        pairs = tuple(islice(value.items(), left[0] + 1))
        return "dict", frozenset((_identity(key, left), _identity(item, left)) for key, item in pairs)
    left[0] = -1
    return None
