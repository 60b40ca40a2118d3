"""What is different since a test last passed, in a few words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pytest_debugloop.text.printable import printable

_NAMED = 2
_PAIRS = {"distributions": "version of", "options": "option", "environment": "variable", "interpreter": "interpreter"}


def changed_words(evidence: Any) -> str:
    """Say what was different, the likeliest first.

    Args:
        evidence: as a recovery and the beginning of a failure have it.

    Returns:
        As in ``get_value in src/utils.py, and 3 more``; empty where nothing is known to be different.
    """
    if not isinstance(evidence, Mapping):
        return ""
    names = list(_names(evidence))
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _names(evidence: Mapping[str, Any]) -> Iterator[str]:
    for code in _objects(evidence.get("code")):
        yield printable(f"{code.get('function') or 'code'} in {code.get('file')}")
    for data in _objects(evidence.get("data")):
        yield printable(str(data.get("file")))
    for key, words in _PAIRS.items():
        pairs = evidence.get(key)
        for name in pairs if isinstance(pairs, Mapping) else ():
            yield printable(f"{words} {name}")


def _objects(found: Any) -> list[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
