"""Source code as lines of HTML, coloured by Pygments on the server."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import DiffLexer, PythonLexer

from pytest_debugloop.text.printable import printable

_LEXERS = {"python": PythonLexer(stripnl=False), "diff": DiffLexer(stripnl=False)}
_FORMATTER = HtmlFormatter(nowrap=True)
_LONGEST = 200_000


@lru_cache(maxsize=512)
def _highlighted(text: str, language: str) -> tuple[str, ...]:
    return tuple(highlight(text, _LEXERS[language], _FORMATTER).removesuffix("\n").split("\n"))


def highlighted_lines(text: str, language: str = "python") -> list[Markup]:
    """Colour source code.

    Args:
        text: any; what is too long stays plain.
        language: ``python`` or ``diff``.

    Returns:
        The HTML of each line. Pygments escapes what it is given, and closes each span in its line.
    """
    shown = printable(text, lines=True)
    if len(shown) > _LONGEST:
        return [Markup.escape(line) for line in shown.split("\n")]
    return [Markup(line) for line in _highlighted(shown, language)]  # noqa: S704 - escaped by Pygments
