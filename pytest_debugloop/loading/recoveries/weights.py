"""How likely each explanation of a recovery is, as odds; docs/formulas.md tells what they mean.

One is what a flake has: a test that never failed before, and failed once. An explanation with the odds 8 is eight
times as likely. ``python -m benchmarks.truth fit`` fits them to causes that are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from pytest_debugloop.text.strategies import INTERPRETER, LANGUAGE, PROCESS, PROCESS_FAR, PROCESS_FOLDER

LINES_RUN = "code, changed lines were run"
ENTERED = "code, entered"
ENTERED_UNSEEN = "code, entered, its lines not seen"
OF_TEST = "code of the test"
NAMES_AWAY = tuple(f"code, {count} names away" for count in range(1, 8))
OF_TEST_BEFORE = "code of a test that ran before"
OF_TEST_BEFORE_SHARING = "code that ran before, on what the test names"
OF_MODULE = "code of the test's module"
IMPORTS = "imports"
IMPORTED_FROM_ELSEWHERE = "name that is imported from elsewhere"
DATA_OPENED = "file that the test opened"
DATA_OF_TEST = "file called like the test, or its module"
DATA_NAMED = tuple(f"file, named {count} names away" for count in range(8))
DATA_IN_PART = tuple(f"file, named in part {count} names away" for count in range(8))
DATA_FOLDER = tuple(f"file, its folder or kind named {count} names away" for count in range(8))
DATA_ELSEWHERE = "file that other code names"
DATA_NEAR = "file beside the test"
DISTRIBUTION = "distribution"
DISTRIBUTION_NAMED = tuple(f"distribution, {count} names away" for count in range(10))
DISTRIBUTION_OF_PLUGIN = "distribution of a plugin"
DISTRIBUTION_ELSEWHERE = "distribution that other code imports"
VARIABLE_NAMED = tuple(f"variable, {count} names away" for count in range(10))
VARIABLE_ELSEWHERE = "variable that other code names"
VARIABLE_OF_NOBODY = "variable that no code names"
VARIABLE = "variable"
OPTION = "option"
OPTION_OF_FAILURE = "option that the failure speaks of"
OPTION_ASIDE = "option that seldom matters"
PLUGIN = "plugin"
SUSPECT = "order, a suspect"
PROVEN = "order, a suspect in three failures"
SUSPECTS_OF_CHANCE = tuple(f"order, a suspect that chance names in {tenths}0 %" for tenths in range(10))
ALONE = "order, alone"
LEFT_OUT = "order, some tests were left out"
MORE_BEFORE = "order, some tests more"
ORDER = "order"

ODDS: Mapping[str, float] = MappingProxyType(
    {
        LINES_RUN: 19.0,
        ENTERED: 4.0,
        ENTERED_UNSEEN: 14.0,
        OF_TEST: 14.0,
        **{situation: 9.5 * 0.8**place for place, situation in enumerate(NAMES_AWAY)},
        OF_TEST_BEFORE: 0.6,
        OF_TEST_BEFORE_SHARING: 3.0,
        OF_MODULE: 0.5,
        IMPORTS: 0.2,
        IMPORTED_FROM_ELSEWHERE: 2.0,
        DATA_OPENED: 20.0,
        DATA_OF_TEST: 11.0,
        **{situation: 11.0 * 0.85**place for place, situation in enumerate(DATA_NAMED)},
        **{situation: 5.0 * 0.85**place for place, situation in enumerate(DATA_IN_PART)},
        **{situation: 2.5 * 0.85**place for place, situation in enumerate(DATA_FOLDER)},
        DATA_ELSEWHERE: 0.7,
        DATA_NEAR: 0.5,
        DISTRIBUTION: 3.0,
        **{situation: 5.0 * 0.85**place for place, situation in enumerate(DISTRIBUTION_NAMED)},
        DISTRIBUTION_OF_PLUGIN: 1.5,
        DISTRIBUTION_ELSEWHERE: 0.6,
        **{situation: 10.0 * 0.8**place for place, situation in enumerate(VARIABLE_NAMED)},
        VARIABLE_ELSEWHERE: 2.5,
        VARIABLE_OF_NOBODY: 1.2,
        VARIABLE: 4.0,
        INTERPRETER: 3.0,
        LANGUAGE: 18.0,
        PROCESS: 8.0,
        PROCESS_FAR: 3.0,
        PROCESS_FOLDER: 1.5,
        OPTION: 7.0,
        OPTION_OF_FAILURE: 40.0,
        OPTION_ASIDE: 0.5,
        PLUGIN: 2.0,
        SUSPECT: 10.0,
        PROVEN: 30.0,
        # Those of an order, divided by how likely it is that chance names a suspect.
        **{situation: min(0.3 / (0.1 * place + 0.05), 10.0) for place, situation in enumerate(SUSPECTS_OF_CHANCE)},
        ALONE: 1.5,
        LEFT_OUT: 1.5,
        MORE_BEFORE: 0.5,
        ORDER: 0.3,
    }
)
"""By situation: what a candidate is to the test."""

UNRECORDED = 0.05
"""A reason that nobody records."""
MISSING = 0.5
"""What is added to it for each kind of evidence that is missing."""
UNTIED = 0.4
"""What is added to it where something differs that could not be tied to the test."""
LIKELY = 0.51
"""Of the odds of the first candidate: what has less is listed apart."""
BESIDE = 0.2
"""How much of its odds a further candidate of one strategy has against the first: often both are one change."""
PASSED_TOO = 0.25
"""What is left to code, data and distributions where the test passed on what the failure ran on."""


def at(situations: Sequence[str], distance: int) -> str:
    """Name the situation at a distance.

    Args:
        situations: the nearest first.
        distance: in names.
    """
    return situations[min(distance, len(situations) - 1)]


def names_away(distance: int) -> str:
    """Name the situation of code that is some names away from a test.

    Args:
        distance: how many, from 1.
    """
    return at(NAMES_AWAY, distance - 1)
