"""Shell-style patterns for names, as settings hold them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable
from functools import lru_cache

_NOTHING = r"(?!)"
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
        return wanted.match(name) is not None and unwanted.match(name) is None

    return matches


def _one_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns) or _NOTHING)
