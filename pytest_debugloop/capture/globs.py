"""Shell-style patterns for names, as settings hold them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

_SPECIAL = frozenset("*?[")
_MAX_REMEMBERED = 4096


def glob_matcher(patterns: Iterable[str], but_not: Iterable[str] = ()) -> Callable[[str], bool]:
    """Give what tells whether a name matches one of some patterns; it remembers the names it was asked.

    Args:
        patterns: shell-style, with regard to case; none of them matches nothing.
        but_not: patterns of names that do not count as matches.
    """
    wanted, unwanted = _one_of(patterns), _one_of(but_not)

    @lru_cache(_MAX_REMEMBERED)
    def matches(name: str) -> bool:
        return wanted(name) and not unwanted(name)

    return matches


def _one_of(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Most patterns are a name, or the beginning of one: of these no regular expression has to be compiled."""
    names: set[str] = set()
    beginnings: list[str] = []
    others: list[str] = []
    for pattern in patterns:
        bare = pattern.removesuffix("*")
        if _SPECIAL.isdisjoint(bare):
            names.add(pattern) if bare == pattern else beginnings.append(bare)
        else:
            others.append(pattern)
    begins, rest = tuple(beginnings), "|".join(map(fnmatch.translate, others))
    compiled = re.compile(rest).match if rest else None
    return lambda name: name in names or name.startswith(begins) or (compiled is not None and bool(compiled(name)))
