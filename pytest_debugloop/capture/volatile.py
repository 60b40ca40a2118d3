"""What is different each time, and says nothing: addresses, ids, moments and temporary paths.

Each use takes out as much as it can afford. A message that loses a number is still told from others; a value that loses
one may lose the difference that is looked for; and a test whose name loses one may become another test.
"""

from __future__ import annotations

import re

_ADDRESS = (re.compile(r"0x[0-9a-fA-F]+"), "<address>")
_TMP = (re.compile(r"(/private)?(/var/folders|/tmp|/var/tmp)/[^\s'\",:;)\]}>]*"), "<tmp>")
_TIME = (re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?"), "<time>")

IN_MESSAGES = (
    _ADDRESS,
    (re.compile(r"\b[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    _TMP,
    _TIME,
    (re.compile(r"\b[0-9a-f]{12,}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?"), "<n>"),
)
"""Of failures; a change of it is another ``FINGERPRINT_VERSION``."""

IN_VALUES = (
    _ADDRESS,
    (re.compile(r"\b[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    _TMP,
    _TIME,
    (re.compile(r"\b\d\d:\d\d:\d\d(\.\d+)?\b"), "<time>"),
)
"""Of two states that are compared."""

IN_NODE_IDS = (
    (re.compile(r"0x[0-9a-fA-F]{6,16}"), "<address>"),
    (re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"), "<uuid>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"), "<time>"),
    (re.compile(r"(?<![\d.])1\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?(?![\d.])"), "<time>"),  # since 1970
    (re.compile(r"(?:/private)?(?:/var/folders|/tmp|/var/tmp)/[^\]]*"), "<tmp>"),
)
"""Of parameters, behind the bracket."""

MAYBE_IN_NODE_ID = re.compile(r"0x|\d{8}|[0-9a-fA-F]{8}-|\d:\d|/tmp|/var/")
"""A quick look: a node id without it has none of them."""


def without_volatile(text: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    """Put names in the place of what is volatile.

    Args:
        text: a message or a value.
        patterns: ``IN_MESSAGES`` or ``IN_VALUES``.
    """
    for pattern, name in patterns:
        text = pattern.sub(name, text)
    return text
