"""A short name for a failure that is the same in every run that fails the same way.

It is made from the exception's type, the project's own frames (file, function and the text of the line, never its
number) and the message with addresses, ids, numbers, times and temporary paths taken out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pytest_debugloop.capture.exceptions import DOCTEST_FAILURES, CapturedException
from pytest_debugloop.capture.project_code import is_generated
from pytest_debugloop.capture.secret_marks import without_numbers
from pytest_debugloop.capture.volatile import IN_MESSAGES, without_volatile

FINGERPRINT_VERSION = 1
_FRAMES = 25


def normalised(text: str) -> str:
    """Take out of a text what differs between two equal failures.

    Args:
        text: a message.
    """
    return without_volatile(text, IN_MESSAGES)


def fingerprint_of(seen: CapturedException, behind: Iterable[CapturedException] = ()) -> str:
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


def _parts_of(seen: CapturedException) -> list[str]:
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
