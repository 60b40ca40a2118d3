"""What is different each time, and says nothing: addresses, ids, moments and temporary paths.

Each use takes out as much as it can afford. A message that loses a number still differs from others; a value that loses
one may lose the difference that is looked for; and a test whose name loses one may become another test.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pytest_debugloop.lazy import lazy_pattern

_MESSAGE, _VALUE, _NODE_ID = "message", "value", "node id"


_CLOCK = r"\d\d?:\d\d(?::\d\d(?:\.\d+)?)?"
_DAY = r"(?:\d\d?([-/.])\d\d?\1\d{4}|\d{4}([/.])\d\d?\2\d\d?)"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_TEMPORARY = r"(/private)?(/var/folders|/tmp|/var/tmp)/[^\s'\",:;)\]}>]*"
# In the order in which they are looked for: the pattern, what takes its place, the uses, and flags.
_TABLE: tuple[tuple[str, str, tuple[str, ...], int], ...] = (
    (_TEMPORARY, "<tmp>", (_VALUE,), 0),  # first, for it may have an address or a UUID inside
    (r"0x[0-9a-fA-F]+", "<address>", (_MESSAGE,), 0),
    (r"(?<![0-9A-Za-z])0x[0-9a-fA-F]+", "<address>", (_VALUE,), 0),  # not inside of a word, such as 100x200
    (r"0x[0-9a-fA-F]{6,16}", "<address>", (_NODE_ID,), 0),
    (r"\b[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b", "<uuid>", (_MESSAGE,), re.IGNORECASE),
    (r"\b[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\b", "<uuid>", (_VALUE,), re.IGNORECASE),
    (r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}", "<uuid>", (_NODE_ID,), 0),
    (_TEMPORARY, "<tmp>", (_MESSAGE,), 0),
    (r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", "<time>", (_MESSAGE, _VALUE), 0),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "<time>", (_NODE_ID,), 0),
    # As people write them: each order has a name, for a test may be given the same moment in several.
    (rf"{_CLOCK}[T ,]+(?:\d{{4}}-\d\d-\d\d|{_DAY})", "<time date>", (_NODE_ID,), 0),
    (rf"{_DAY}[T ,]+{_CLOCK}", "<date time>", (_NODE_ID,), 0),
    (rf"(?:{_WEEKDAY},? )?{_MONTH} +\d\d?,? {_CLOCK}(?: [A-Z]{{3,4}})? \d{{4}}", "<c time>", (_NODE_ID,), 0),
    (
        rf"(?:{_WEEKDAY}, )?\d\d? {_MONTH} \d{{4}} {_CLOCK}(?: (?:[A-Z]{{3,4}}|[+-]\d{{4}}))?",
        "<mail time>",
        (_NODE_ID,),
        0,
    ),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "<time>", (_VALUE,), 0),
    # Seconds since 1970, and thousandths, millionths or billionths of them.
    (r"(?<![\d.])1\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?(?![\d.])", "<time>", (_NODE_ID,), 0),
    (r"(?:/private)?(?:/var/folders|/tmp|/var/tmp)/[^\]]*", "<tmp>", (_NODE_ID,), 0),
    (r"\b[0-9a-f]{12,}\b", "<hex>", (_MESSAGE,), re.IGNORECASE),
    (r"-?\d+(\.\d+)?([eE][+-]?\d+)?", "<n>", (_MESSAGE,), 0),
)


def _patterns(use: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((lazy_pattern(pattern, flags), name) for pattern, name, uses, flags in _TABLE if use in uses)


IN_MESSAGES = _patterns(_MESSAGE)
"""Of failures; a change of it is another ``FINGERPRINT_VERSION``."""
IN_VALUES = _patterns(_VALUE)
"""Of two states that are compared."""
IN_NODE_IDS = _patterns(_NODE_ID)
"""Of parameters, after the bracket."""
MAYBE_IN_NODE_ID = lazy_pattern(r"0x|\d{8}|[0-9a-fA-F]{8}-|\d:\d|/tmp|/var/")
"""A quick look: a node id without it has none of them."""


def without_volatile(text: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    """Put names in place of what is volatile.

    Args:
        text: a message or a value.
        patterns: ``IN_MESSAGES`` or ``IN_VALUES``.
    """
    for pattern, name in patterns:
        text = pattern.sub(name, text)
    return text


_MOMENTS = tuple((pattern, name) for pattern, name in IN_NODE_IDS if "time" in name)


def without_moments(node_id: str) -> str:
    """Put a name in place of moments in a parameters' id: a test that names when it was collected has them.

    Args:
        node_id: of a test.
    """
    head, bracket, identifier = node_id.partition("[")
    if not bracket or not MAYBE_IN_NODE_ID.search(identifier):
        return node_id
    return f"{head}[{without_volatile(identifier, _MOMENTS)}"


def unpaired(names: Iterable[str], others: Iterable[str]) -> list[str]:
    """Leave out the tests that are among others, but for moments in their parameters' ids.

    Args:
        names: of tests.
        others: likewise.
    """
    known = {bare for other in others if (bare := without_moments(other)) != other}
    return [name for name in names if without_moments(name) not in known]
