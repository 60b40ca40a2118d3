"""Source without its secrets: one way to read, hash and compare it, for whoever records it and whoever looks again."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterable
from io import BytesIO
from typing import NamedTuple

from pytest_debugloop.capture.redact import Redactor
from pytest_debugloop.journal.records import clean_text
from pytest_debugloop.sources.tree import file_hash
from pytest_debugloop.sources.units import units_of

LONGEST_UNIT = 20_000
"""Characters of a function that are recorded."""
_MARK = re.compile(r"\[redacted: [^\]\n]*\]")


class ReadFile(NamedTuple):
    """What is in a file.

    Attributes:
        hash: as git makes it, of the text without secrets.
        text: with them.
        has_secrets: whether any were taken out for the hash.
    """

    hash: str
    text: str
    has_secrets: bool


def read_data(path: str, data: bytes, redactor: Redactor) -> ReadFile:
    """Read what is in a file, and hash it: no hash is of a secret, for it could be guessed and the guess be checked.

    Args:
        path: of the file.
        data: what is in it.
        redactor: takes secrets out.
    """
    text = decoded(data)
    redacted = redactor.text(text, is_source=path.endswith(".py"))
    if redacted == text:
        return ReadFile(file_hash(data), text, has_secrets=False)
    return ReadFile(file_hash(redacted.encode("utf-8", "backslashreplace")), text, has_secrets=True)


def decoded(data: bytes) -> str:
    """Read source in the encoding that it says it has.

    Args:
        data: what is in a file.
    """
    try:
        encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
        return data.decode(encoding, "replace")
    except (SyntaxError, LookupError):
        return data.decode("utf-8", "replace")


def is_as_recorded(text: str, recorded: Iterable[tuple[str, str]]) -> bool:
    """Tell whether source has the functions that were recorded, where their hash cannot be made again.

    Secrets were taken out by rules of which some are known to the run alone, those of its plugins.

    Args:
        text: of the file now.
        recorded: qualified name and text of each of its functions, in their order.

    Returns:
        False also where no secret was taken out: then the hash tells.
    """
    then = list(recorded)
    if not any(_MARK.search(unit) for _, unit in then):
        return False
    now = [(clean_text(unit.function), clean_text(unit.text)) for unit in units_of(text)[0]]
    return [name for name, _ in then] == [name for name, _ in now] and all(
        matches(ours[:LONGEST_UNIT] if len(theirs) >= LONGEST_UNIT else ours, theirs)
        for (_, ours), (_, theirs) in zip(now, then, strict=True)
    )


def matches(text: str, recorded: str) -> bool:
    """Hold a text against one that secrets may have been taken out of.

    Args:
        text: as it is.
        recorded: with a mark in place of each secret.
    """
    first, *others = _MARK.split(recorded)
    if not others:
        return text == recorded
    if not text.startswith(first):
        return False
    at = len(first)
    for part in others[:-1]:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - len(others[-1]) >= at and text.endswith(others[-1])
