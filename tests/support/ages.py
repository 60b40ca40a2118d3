"""How long ago something was: said in whole minutes, so that the same thing is told otherwise a moment later."""

from __future__ import annotations

import re

_AGES = re.compile(r"just now|\d+ (?:minute|hour|day|week|month|year)s? ago")


def without_ages(text: str) -> str:
    """Put a name in place of each such time, for texts that were written one after the other.

    Args:
        text: of a command, a page or a report.
    """
    return _AGES.sub("<ago>", text)
