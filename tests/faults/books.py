"""The books of a run to which harm was done: what was recorded is stored, or told as lost or set aside, and once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Phase = tuple[str, str]
"""A test, and which phase of it."""
Steps = dict[Phase, list[str | None]]
"""The outcomes of the steps that are stored of a phase."""
Failures = dict[Phase, int]
"""How many error events are stored of a phase."""


def phases_of(seen: Iterable[Sequence[str]], *, has_ended: bool) -> dict[Phase, str]:
    """Give what was recorded for certain.

    Args:
        seen: lines of the witness (:mod:`tests.faults.harm`).
        has_ended: whether the processes came to their end: else it was not written yet what passed last in each.

    Returns:
        The outcome of each phase, empty where only its begin is certain.
    """
    phases: dict[Phase, str] = {}
    passed: dict[str, Phase] = {}
    for process, _, test, phase, outcome in seen:
        phases[test, phase] = outcome or phases.get((test, phase), "")
        passed.pop(process, None)
        if outcome not in ("", "failed"):
            passed[process] = test, phase
    if not has_ended:
        phases.update(dict.fromkeys(passed.values(), ""))
    return phases


@dataclass
class Books:
    """What runs recorded, and what became of it.

    Attributes:
        recorded: phases that were recorded for certain.
        stored: those of them that are in the record as they were seen.
        told: records that were told as lost or set aside.
        wrong: what does not hold, one sentence each.
    """

    recorded: int = 0
    stored: int = 0
    told: int = 0
    wrong: list[str] = field(default_factory=list)

    def close(self, phases: Mapping[Phase, str], steps: Steps, failures: Failures) -> None:
        """Hold what was recorded against what is stored, all that was told being noted.

        Args:
            phases: what was recorded.
            steps: that are stored.
            failures: that are stored.
        """
        self.wrong += [f"{phase} is there {len(found)} times" for phase, found in steps.items() if len(found) > 1]
        self.wrong += [f"{phase} failed {number} times" for phase, number in failures.items() if number > 1]
        missing = [
            (*phase, outcome)
            for phase, outcome in phases.items()
            if not any(outcome in ("", found) for found in steps.get(phase, ()))
            or (outcome == "failed" and not failures.get(phase))
        ]
        self.recorded += len(phases)
        self.stored += len(phases) - len(missing)
        if len(missing) > self.told:
            self.wrong.append(f"{len(missing)} missing, {self.told} told: {missing[:4]}")

    def add(self, other: Books) -> None:
        """Add the books of another run, but for what does not hold there.

        Args:
            other: of these.
        """
        self.recorded += other.recorded
        self.stored += other.stored
        self.told += other.told
