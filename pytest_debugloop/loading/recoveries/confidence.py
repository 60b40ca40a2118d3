"""Which explanation of a recovery is the likeliest, and how sure that is: docs/formulas.md tells the formula.

Each explanation has odds. The strategy is the explanation with the greatest, and the confidence is their share of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_debugloop.loading.recoveries import weights
from pytest_debugloop.text.strategies import STRATEGIES

MAX_BESIDE = 10
"""How many candidates of a strategy count beside the first."""
FLAKE, UNRECORDED = "flake", "unrecorded"


class Choice(NamedTuple):
    """The explanation that was chosen.

    Attributes:
        explanation: a strategy, :data:`FLAKE` or :data:`UNRECORDED`.
        confidence: from 0 to 1, with four decimals.
        terms: the odds of all explanations.
    """

    explanation: str
    confidence: float
    terms: dict[str, float]


def choose(
    candidates: Mapping[str, Sequence[str]],
    flake: Mapping[str, float],
    *,
    missing: int = 0,
    is_untied: bool = False,
    odds: Mapping[str, float] = weights.ODDS,
) -> Choice:
    """Choose the likeliest explanation.

    Args:
        candidates: by strategy, the situations of what differs, the candidate that is named first.
        flake: the terms of :func:`pytest_debugloop.loading.recoveries.flakes.flake_odds`.
        missing: how many kinds of evidence are missing.
        is_untied: whether something differs that could not be tied to the test.
        odds: by situation.
    """
    unrecorded = weights.UNRECORDED + weights.MISSING * missing + weights.UNTIED * is_untied
    terms = {FLAKE: flake["flake"], UNRECORDED: unrecorded}
    beside = 0.0
    for strategy, situations in candidates.items():
        is_of_version = STRATEGIES[strategy].is_of_version
        share = weights.PASSED_TOO if is_of_version and flake["passed_on_version"] else 1.0
        first, *others = (odds[situation] * share for situation in situations)
        terms[strategy] = first
        beside += weights.BESIDE * sum(others[:MAX_BESIDE])
    if beside:
        terms["beside"] = beside
    total = sum(terms.values())
    chosen = max((name for name in terms if name != "beside"), key=lambda name: terms[name])
    return Choice(chosen, round(terms[chosen] / total, 4), terms)
