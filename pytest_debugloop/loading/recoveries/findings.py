"""What was found to be different between the two sides of a recovery."""

from __future__ import annotations

from collections.abc import Mapping
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


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Give what two sides say otherwise: before and after, by name.

    Args:
        before: of the failure.
        after: of the success.
    """
    return {
        name: [before.get(name), after.get(name)]
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    }
