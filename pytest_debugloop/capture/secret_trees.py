"""Secrets in what was encoded: every text of a tree of JSON is changed, its keys and references too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_type = type
_REFERENCE = "$ref"


def redacted_tree(tree: Any, text: Callable[[str], str]) -> Any:
    """Give a tree of JSON with every string and key changed.

    Args:
        tree: not deeper than the bounds of a snapshot.
        text: changes one string.
    """
    if _type(tree) is str:
        return text(tree)
    if _type(tree) is list:
        return [redacted_tree(item, text) for item in tree]
    if _type(tree) is dict:
        out: dict[str, Any] = {}
        for key, item in tree.items():
            if key == _REFERENCE and _type(item) is str:
                out[key] = text("/".join([text(step) for step in item.split("/")]))
                continue
            name = text(key)
            while name in out:
                name += "'"
            out[name] = redacted_tree(item, text)
        return out
    return tree
