"""What was found to be different between the two sides of a recovery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Findings:
    """What was found of one recovery.

    Attributes:
        evidence: all that was different.
        explained: the strategies that hold, the first one first, each with its weight.
        missing: what is not known.
    """

    evidence: dict[str, Any] = field(default_factory=dict)
    explained: dict[str, float] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
