"""Shell-style patterns for names, as settings hold them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable


def glob_matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Give what tells whether a name matches one of some patterns.

    Args:
        patterns: shell-style, with regard to case; none of them matches nothing.
    """
    found = [re.compile(fnmatch.translate(pattern)) for pattern in patterns]
    return lambda name: any(pattern.match(name) for pattern in found)
