"""How much of a state is kept: each bound is a setting, and what goes beyond it is cut and said to be cut."""

from __future__ import annotations

from typing import NamedTuple


class Bounds(NamedTuple):
    """The bounds of one snapshot.

    Attributes:
        depth: levels of containers and attributes that are followed, below a name.
        items: of a container, or attributes of an object.
        characters: of a text, or bytes of bytes.
        frames: of one exception.
        size: bytes of the snapshot in the journal.
        milliseconds: of one snapshot; the rest is cut, never the failure itself.
        names: locals of one frame.
    """

    depth: int = 6
    items: int = 50
    characters: int = 2_000
    frames: int = 50
    size: int = 256 * 1024
    milliseconds: float = 50.0
    names: int = 200


def cut_text(size: int, limit: int, unit: str) -> str:
    """Say what was cut.

    Args:
        size: how much there was.
        limit: how much is kept.
        unit: of what.
    """
    return f"{size - limit:,} more of {size:,} {unit}"
