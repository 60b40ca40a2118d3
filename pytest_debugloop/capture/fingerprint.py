"""A short name for a failure that is the same in every run that fails the same way.

It is made from the exception's type, the project's own frames (file, function and the text of the line, never its
number) and the message with addresses, ids, numbers, times and temporary paths taken out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from pytest_debugloop.capture.exceptions import DOCTEST_FAILURES, Seen
from pytest_debugloop.capture.project_code import is_generated
from pytest_debugloop.capture.secret_marks import without_numbers

FINGERPRINT_VERSION = 1
_FRAMES = 25

_NOISE = (
    (re.compile(r"0x[0-9a-fA-F]+"), "<address>"),
    (re.compile(r"\b[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"(/private)?(/var/folders|/tmp|/var/tmp)/[^\s'\",:;)\]}>]*"), "<tmp>"),
    (re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{12,}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?"), "<n>"),
)


def normalised(text: str) -> str:
    """Take out of a text what differs between two equal failures.

    Args:
        text: a message.
    """
    for pattern, name in _NOISE:
        text = pattern.sub(name, text)
    return text


def fingerprint_of(seen: Seen, behind: Iterable[Seen] = ()) -> str:
    """Name a failure.

    Args:
        seen: the exception that failed the phase, without secrets: there is to be no hash of one.
        behind: the others; of a doctest it counts which examples failed, for pytest's own exception says only how many.

    Returns:
        The version of this rule, a colon, and 16 hexadecimal digits.
    """
    parts = _parts_of(seen)
    if seen.type == DOCTEST_FAILURES:
        for one in behind:
            if one.relation == "group" and one.parent == 0:
                parts += _parts_of(one)
    return text_fingerprint("\0".join(parts))


def _parts_of(seen: Seen) -> list[str]:
    parts = [seen.type, normalised(without_numbers(seen.message)[:500].partition("\n")[0])]
    frames = seen.frames
    if len(frames) > 2 * _FRAMES:
        frames = frames[:_FRAMES] + frames[-_FRAMES:]  # however many are kept
    for frame in frames:
        if frame.is_project:
            is_numbered = is_generated(frame.identity) and not frame.identity.startswith("<doctest ")
            file = normalised(frame.identity) if is_numbered else frame.identity
            parts += [file, frame.frame.f_code.co_name, frame.source]
    return parts


def text_fingerprint(text: str) -> str:
    """Name a failure of which only a text is known.

    Args:
        text: what tells it from others, normalised.
    """
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{FINGERPRINT_VERSION}:{digest[:16]}"
