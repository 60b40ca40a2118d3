"""Text as Markdown that means only itself: on GitHub, GitLab, and in plain CommonMark."""

from __future__ import annotations

import html
import re

from pytest_debugloop.text.printable import printable

# What begins or ends a construct within a line, a mention, a reference, a link or an emoji. What means something at the
# beginning of a line only is left: no line begins with the text of others.
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#!|~$@]|:(?=//|\w))")


def escaped(text: str) -> str:
    """Write a text so that nothing in it is markup, a mention, a link or a command.

    Args:
        text: any text; becomes one line.
    """
    return html.escape(_SPECIAL.sub(r"\\\1", printable(text)), quote=False)


def code(text: str) -> str:
    """Write a text as code, as it is.

    Args:
        text: any text; becomes one line. Backticks and spaces at its ends stay.
    """
    shown = printable(text)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    room = " " if shown.startswith(("`", " ")) or shown.endswith(("`", " ")) or not shown else ""
    return f"{fence}{room}{shown}{room}{fence}"
