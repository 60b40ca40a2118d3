"""How sure it is that a recovery's strategy is the reason: docs/formulas.md tells where each number comes from.

Each explanation has a weight: how likely it is that the test would have passed because of it. The confidence is the
odds of the strategy's against all others, confidence = odds / (1 + odds); every term is stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

UNRECORDED = 0.05
"""Weight of a reason that nobody records."""
MISSING = 0.25
"""What is added to it for each kind of evidence that is missing."""
_BROKEN_PRIOR = (1.0, 99.0)
_RATE_PRIOR = (0.15, 9.85)  # as in debug_failure_rate_quantile

DIRECT, REACHED, PER_NAME, MODULE = 0.9, 0.7, 0.8, 0.3
DEPENDENCY = 0.4
VARIABLE_OF_TEST, VARIABLE = 0.6, 0.2
SUSPECT, ALONE, ORDER = 0.8, 0.3, 0.1
PASSED_TOO = 0.25


class Version(NamedTuple):
    """The attempts of a test on what was recorded as the same, up to the moment of the recovery.

    Attributes:
        is_of_failure: whether the failure happened on it.
        attempts: how many.
        failures: how many of them failed.
    """

    is_of_failure: bool
    attempts: int
    failures: int


def chance_of_flake(versions: Sequence[Version]) -> dict[str, float]:
    """Say how likely the test was to pass again without any difference.

    With F failures and S passes on versions where it passed at least once, the rate of failure on good code has the
    posterior Beta(0.15 + F, 9.85 + S), of which the mean is taken: before data 1.5 %, the share of flaky results that
    Google reports. A version on which it failed k times and never passed is broken with odds pi/(1-pi) : rate^k, where
    pi is the share of versions that break it, Beta(1, 99) before data. Then it passes without a change never; else with
    one minus the rate.

    Args:
        versions: of the test's history.

    Returns:
        The terms, among them ``flake``, the chance.
    """
    good = [v for v in versions if v.failures < v.attempts]
    failed = sum(v.failures for v in good)
    passed = sum(v.attempts - v.failures for v in good)
    rate = (_RATE_PRIOR[0] + failed) / (sum(_RATE_PRIOR) + failed + passed)
    broken = sum(1 for v in versions if v.failures == v.attempts and not v.is_of_failure)
    share = (_BROKEN_PRIOR[0] + broken) / (sum(_BROKEN_PRIOR) + len(versions))
    of_failure = [v for v in versions if v.is_of_failure]
    runs_failed = sum(v.failures for v in of_failure)
    if any(v.failures < v.attempts for v in of_failure):
        is_broken = 0.0
    else:
        odds = share / (1.0 - share) / max(rate ** max(runs_failed, 1), 1e-300)
        is_broken = odds / (1.0 + odds)
    return {
        "failure_rate": rate,
        "breaking_share": share,
        "failures_on_version": float(runs_failed),
        "all_flakes": rate ** max(runs_failed, 1),
        "passed_on_version": float(any(v.failures < v.attempts for v in of_failure)),
        "broken": is_broken,
        "flake": (1.0 - is_broken) * (1.0 - rate),
    }


def explanations(differences: Mapping[str, float], chance: Mapping[str, float]) -> dict[str, float]:
    """Weigh differences by how much there is for them to explain, and give them with that it was a flake.

    Failures that flakes explain need no other reason. And on what the failure ran on, code and distributions cannot
    have broken a test that passed there too.

    Args:
        differences: the weight of each by its strategy.
        chance: the terms of :func:`chance_of_flake`.
    """
    found = {"flake": chance["flake"]}
    for strategy, weight in differences.items():
        is_of_version = strategy in ("code_change", "dependency_change") and chance["passed_on_version"]
        found[strategy] = weight * (1.0 - chance["all_flakes"]) * (PASSED_TOO if is_of_version else 1.0)
    return found


def confidence(strategy: str, weights: Mapping[str, float], missing: int) -> tuple[float, dict[str, float]]:
    """Weigh a strategy against all other explanations.

    Args:
        strategy: the one that was chosen; ``rerun`` and ``unknown`` claim that it was a flake.
        weights: of the explanations that the evidence allows, ``flake`` among them.
        missing: how many kinds of evidence are missing.

    Returns:
        From 0 to 1, with four decimals, and the weights it was made of.
    """
    terms = {**weights, "unrecorded": UNRECORDED + MISSING * missing}
    own = terms.get("flake" if strategy in ("rerun", "unknown") else strategy, 0.0)
    others = sum(terms.values()) - own
    odds = own / others if others else float("inf")
    score = 1.0 if odds == float("inf") else odds / (1.0 + odds)
    return round(min(max(score, 0.0), 1.0), 4), terms
