"""Regular expressions for secrets that users add.

Such an expression may ask for the whole of a text, by anchors (``^...$``), by what stands around (``(?<![^,])``), or by
what it takes without giving back. So it is never tried on several texts at once, nor on a text that was encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from pytest_debugloop.capture.secret_marks import Marks

_any, _map = any, map


class GivenPatterns:
    """The expressions of one run; false where there are none.

    Args:
        patterns: as the user wrote them.

    Raises:
        re.error: one of them is none.
    """

    __slots__ = ("_patterns",)

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def are_in(self, texts: Iterable[str]) -> bool:
        """Tell whether one of the expressions finds something in one of several texts, each looked at by itself.

        Args:
            texts: as they are written, to be read as often as there are expressions.
        """
        for pattern in self._patterns:  # noqa: SIM110 - a generator would cost more where there are none
            if _any(_map(pattern.search, texts)):
                return True
        return False

    def without(self, text: str, marks: Marks) -> str:
        """Take out of a text what the expressions find.

        Args:
            text: any text.
            marks: gives what stands in its place.
        """
        for pattern in self._patterns:
            text = pattern.sub(partial(_marked, marks), text)
        return text

    def without_in_lines(self, text: str, marks: Marks) -> str:
        """Take out of each line what the expressions find in it: lines of source are recorded one by one.

        Args:
            text: the lines.
            marks: gives what stands in its place.
        """
        if not self._patterns:
            return text
        # An expression may take a whole line, but not the break after it.
        return "\n".join([self.without(line, marks) for line in text.split("\n")])


def _marked(marks: Marks, match: re.Match[str]) -> str:
    return marks.mark("pattern", match[0]) if match[0] else ""
