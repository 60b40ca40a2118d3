"""How likely each explanation of a recovery is, as odds; docs/formulas.md tells what they mean.

One is what a flake has: a test that never failed before, and failed once. An explanation with the odds 8 is eight
times as likely.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

OF_TEST = "code of the test"
NAMES_AWAY = tuple(f"code, {count} names away" for count in range(1, 8))
OF_MODULE = "code of the test's module"
IMPORTS = "imports"
DISTRIBUTION = "distribution"
VARIABLE_OF_CODE = "variable that the code names"
VARIABLE = "variable"
INTERPRETER = "interpreter"
SUSPECT = "order, a suspect"
PROVEN = "order, a suspect in three failures"
ALONE = "order, alone"
ORDER = "order"

ODDS: Mapping[str, float] = MappingProxyType(
    {
        OF_TEST: 12.0,
        **{situation: 8.0 * 0.8**place for place, situation in enumerate(NAMES_AWAY)},
        OF_MODULE: 0.5,
        IMPORTS: 0.2,
        DISTRIBUTION: 3.0,
        VARIABLE_OF_CODE: 8.0,
        VARIABLE: 3.0,
        INTERPRETER: 4.0,
        SUSPECT: 10.0,
        PROVEN: 30.0,
        ALONE: 1.5,
        ORDER: 0.3,
    }
)
"""By situation: what a candidate is to the test."""

UNRECORDED = 0.05
"""A reason that nobody records."""
MISSING = 0.5
"""What is added to it for each kind of evidence that is missing."""
UNTIED = 0.2
"""What is added to it where something differs that could not be tied to the test."""
BESIDE = 0.3
"""How much of its odds a further candidate of one strategy has against the first: often both are one change."""
PASSED_TOO = 0.25
"""What is left to code, data and distributions where the test passed on what the failure ran on."""
OF_VERSION = frozenset({"code_change", "data_change", "dependency_change"})
"""The strategies that are of the version that a test ran on, and the same in each run on it."""


def names_away(distance: int) -> str:
    """Name the situation of code that is some names away from a test.

    Args:
        distance: how many, from 1.
    """
    return NAMES_AWAY[min(distance, len(NAMES_AWAY)) - 1]
