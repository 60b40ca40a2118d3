"""What was found to be different between the two sides of a recovery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Findings:
    """What was found of one recovery.

    Attributes:
        evidence: all that was different.
        candidates: by strategy, what each thing that differs is to the test (a situation of ``weights``), the likeliest
            first, and in the order of the evidence.
        missing: what is not known.
        is_untied: whether something differs that could not be tied to the test.
    """

    evidence: dict[str, Any] = field(default_factory=dict)
    candidates: dict[str, list[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    is_untied: bool = False

    def explain(self, strategy: str, *situations: str) -> None:
        """Add candidates.

        Args:
            strategy: that they are of.
            *situations: what each is to the test.
        """
        self.candidates.setdefault(strategy, []).extend(situations)
