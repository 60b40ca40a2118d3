"""Templates, and what they call: recorded text is escaped wherever it stands, and cannot reorder or hide others."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup, escape

from pytest_debugloop.answers.runs import code_of, duration_of, verdict_of
from pytest_debugloop.snapshots.evidence import recorded_evidence
from pytest_debugloop.text.changed import changed_words, reason_words
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, error_line, local, percent, short, span
from pytest_debugloop.web import charts
from pytest_debugloop.web.highlighting import highlighted_lines


@cache
def templates() -> jinja2.Environment:
    """Give the templates."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("pytest_debugloop.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=_written,
    )
    found.filters.update(
        ago=ago,
        local=local,
        short=short,
        percent=percent,
        span=span,
        lines=lambda text: printable(str(text), lines=True),
        quoted=lambda text: quote(str(text), safe=""),
        words=changed_words,
        reason=lambda one: reason_words(one.recovery_strategy, recorded_evidence(one.evidence)),
        breakable=breakable,
        indented=indented,
        day=lambda moment: local(moment)[:10] if isinstance(moment, datetime) else "",
    )
    found.globals.update(
        counted=counted,
        error_line=error_line,
        verdict_of=verdict_of,
        duration_of=duration_of,
        code_of=code_of,
        highlighted=highlighted_lines,
        charts=charts,
        reason_words=reason_words,
        encoded=lambda **parameters: urlencode({name: value for name, value in parameters.items() if value}),
    )
    return found


def breakable(name: object) -> Markup:
    """Let a node id break where a reader expects it.

    Args:
        name: such as ``tests/test_a.py::TestB::test_c[1]``.
    """
    text = escape(printable(str(name), lines=True))
    for place in ("::", "/", "["):
        text = text.replace(place, Markup("<wbr>") + place if place != "/" else place + Markup("<wbr>"))
    return text


def indented(line: str) -> str:
    """Keep the indentation of a line where blanks are not kept.

    Args:
        line: any.
    """
    bare = line.lstrip(" ")
    return "\N{NO-BREAK SPACE}" * (len(line) - len(bare)) + bare


def _written(value: Any) -> Any:
    """Spell out control characters of each text that a template writes."""
    if value is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value, lines=True)
    return value


def rendered(template: str, values: dict[str, Any]) -> str:
    """Write a page.

    Args:
        template: its file.
        values: that it names.
    """
    return templates().get_template(template).render(values)
