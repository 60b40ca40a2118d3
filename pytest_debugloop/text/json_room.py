"""JSON in little room: what is too long is cut, and says so as values of a snapshot do, with ``$cut``."""

from __future__ import annotations

from typing import Any

from pytest_debugloop.text.json_values import json_text

# Characters of a text, items of a list, names of an object, and levels, in turn until it fits.
_LIMITS = (
    (2_000, 100, 200, 20),
    (500, 50, 100, 12),
    (200, 20, 60, 8),
    (100, 10, 40, 6),
    (60, 5, 40, 4),
    (40, 2, 40, 3),
    (40, 1, 40, 2),
)
_LEAST = 40
"""Characters that a value has at least, such as an id, or ``{"$cut": "no room left"}``."""


def in_room(value: Any, room: int) -> Any:
    """Cut a value so that its JSON fits.

    Args:
        value: of basic types.
        room: characters that there are.

    Returns:
        The value, whole where it fits; of an object that has too many keys, those that fit.
    """
    if len(json_text(value)) <= room:
        return value
    for limits in _LIMITS:
        cut = _cut(value, *limits)
        if len(json_text(cut)) <= room:
            return cut
    return _shared(value, room) if isinstance(value, dict) else {"$cut": "no room left"}


def _shared(value: dict[str, Any], room: int) -> dict[str, Any]:
    """Give each key, the first ones first, what it needs, as far as the later ones have the least that they need."""
    sizes = {key: len(json_text(inner)) for key, inner in value.items()}
    least = {key: min(size, _LEAST) + len(json_text(key)) + 4 for key, size in sizes.items()}
    left, reserved = room - 2, sum(least.values())
    kept: dict[str, Any] = {}
    for key, inner in value.items():
        reserved -= least[key]
        share = max(left - reserved, least[key]) - len(json_text(key)) - 4
        if left < least[key]:
            continue
        kept[key] = in_room(inner, share)
        left -= len(json_text({key: kept[key]}))
    if len(kept) < len(value) and left > _LEAST:
        kept["$cut"] = "no room left"
    return kept


def _cut(value: Any, text: int, items: int, names: int, levels: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= text else f"{value[:text]}… ({len(value) - text:,} more characters)"
    if not isinstance(value, (dict, list)) or not value:
        return value
    if levels == 0:
        return {"$cut": "too deep"} if isinstance(value, dict) else [{"$cut": f"{len(value):,} items"}]
    if isinstance(value, list):
        kept = [_cut(inner, text, items, names, levels - 1) for inner in value[:items]]
        more = len(value) - len(kept)
        return [*kept, {"$cut": f"{more:,} more of {len(value):,} items"}] if more else kept
    shown = {key: _cut(inner, text, items, names, levels - 1) for key, inner in list(value.items())[:names]}
    if len(shown) < len(value):
        shown["$cut"] = f"{len(value) - len(shown):,} more of {len(value):,} names"
    return shown
