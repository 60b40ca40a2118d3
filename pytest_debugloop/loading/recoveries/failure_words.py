"""Which changes have words of the failure in their changed lines: an exception that was expected, a missing name."""

from __future__ import annotations

import builtins
import re
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import TypeVar

from pytest_debugloop.loading.recoveries.changed_lines import changed_lines
from pytest_debugloop.loading.recoveries.flakes import Failure

K = TypeVar("K", bound=Hashable)
_MAX_SAID = 2_000
_QUOTED = re.compile(r"'([^'\n]{1,80})'|`([^`\n]{1,80})`|\"([^\"\n]{1,80})\"|<class '([^']+)'>")
_EXCEPTION = re.compile(r"\b[A-Z]\w*(?:Error|Exception|Warning|Exit|Interrupt)\b")
_CALLED = re.compile(r"\b(\w+)\(\)")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_TYPES = frozenset(
    {name for name, value in vars(builtins).items() if isinstance(value, type) and name.islower()}
    | {"AssertionError", "Failed", "None", "True", "False", "NoneType", "object", "class", "self", "not", "and"}
)


def words_of(failure: Failure) -> frozenset[str]:
    """Give the words by which a failure says what it is about: quoted ones, exceptions, and what was called.

    Args:
        failure: how it looks.
    """
    message = failure.message[:_MAX_SAID]
    quoted = [part for found in _QUOTED.findall(message) for part in found]
    texts = [*quoted, *_EXCEPTION.findall(message), *_CALLED.findall(message), failure.code]
    return frozenset(word for text in texts for word in _WORD.findall(text)) - _TYPES


def share_of_words(words: frozenset[str], changes: Mapping[K, tuple[str, str]]) -> dict[K, float]:
    """Say how much of a failure's words changes have to themselves.

    Args:
        words: of the failure.
        changes: the source before and after of each change.

    Returns:
        Of each change 1 where a word stands in its changed lines alone, 1/n where it stands in those of n changes, 0
        where none does. What stands in them before and after alike does not count.
    """
    found = {key: words & _changed_words(*sides) for key, sides in changes.items()} if words else {}
    counts = Counter(word for of_one in found.values() for word in of_one)
    return {key: max((1 / counts[word] for word in found.get(key, ())), default=0.0) for key in changes}


def _changed_words(before: str, after: str) -> frozenset[str]:
    sides = []
    for text, changed in zip((before, after), changed_lines(before, after), strict=True):
        lines = text.split("\n")
        sides.append({word for n in changed.lines if n <= len(lines) for word in _WORD.findall(lines[n - 1])})
    return frozenset(sides[0] ^ sides[1])
