"""Regular expressions that are compiled when they are first used: a run in which nothing fails needs few of them."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _LazyPattern:
    """Becomes the compiled expression, method by method, as each is first asked for."""

    def __init__(self, pattern: Any, flags: int) -> None:
        self._source = (pattern, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._source), name)
        setattr(self, name, found)
        return found


def lazy_pattern(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Give a regular expression as ``re.compile`` does, but for a fault in it, which is found when it is used.

    Args:
        pattern: the expression.
        flags: of ``re``.
    """
    return cast("re.Pattern[AnyStr]", _LazyPattern(pattern, flags))
