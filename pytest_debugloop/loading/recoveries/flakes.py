"""How likely a failure was a flake: from what the test did before, and from what the failure looks like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from typing import NamedTuple

_RATE_PRIOR = (0.15, 9.85)  # as in debug_failure_rate_quantile
_MAX_ATTEMPTS = 60.0
_MAX_FAILURES = 20
_TOGETHER = 0.3
"""What each further test that failed alike leaves of the odds: flakes are independent, and seldom."""
_MAX_TOGETHER = 5
_OFTEN = 0.1

SYMPTOMS = {"external": 5.0, "chance": 3.0, "other": 1.0, "comparison": 0.8, "code": 0.3}
"""Odds of a flake by what the failure looks like."""

# By what these packages and the standard library call them.
_CHANCE = re.compile(
    r"time(d?\s?-?out|d out)|deadline|flak|random|race|retr(y|ies)|unreachable|refused|reset by peer|already in use"
    r"|temporar|not ready|too slow|deadlock",
    re.IGNORECASE,
)
# What is called in an assertion, or an attribute there, is no symptom: ``socket.getdefaulttimeout()``. Nor is what
# pytest writes below of where its values are from.
_OF_CODE = re.compile(r"\b[a-z_]\w*(?:\.\w+)+|\b\w+(?=\()|^ *\+ +(?:where|and) .*$", re.MULTILINE)
_CODE_ERRORS = frozenset(
    {
        "AttributeError",
        "ImportError",
        "IndentationError",
        "ModuleNotFoundError",
        "NameError",
        "NotImplementedError",
        "SyntaxError",
        "TypeError",
        "UnboundLocalError",
    }
)
_COMPARISON = re.compile(r"^(assert .* (==|!=|in|is|<=?|>=?) |.*!=)", re.DOTALL)


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


class Failure(NamedTuple):
    """What a failure looks like.

    Attributes:
        category: of the error event.
        code: the exception's class.
        message: what it says.
        together: how many tests failed like this in its run, and recovered in the same run as this one.
    """

    category: str = ""
    code: str = ""
    message: str = ""
    together: int = 1


def symptom_of(failure: Failure) -> str:
    """Say what kind of failure it is, of :data:`SYMPTOMS`.

    Args:
        failure: how it looks.
    """
    if failure.category == "external":
        return "external"
    message = failure.message[:2_000]
    if _CHANCE.search(_OF_CODE.sub("", message) if message.startswith("assert ") else message):
        return "chance"
    if _CHANCE.search(failure.code):
        return "chance"
    if failure.code.rpartition(".")[2] in _CODE_ERRORS:
        return "code"
    return "comparison" if _COMPARISON.match(failure.message) else "other"


def flake_odds(versions: Sequence[Version], failure: Failure) -> dict[str, float]:
    """Say how likely a flake is: 1 for a test that has no history, and failed once.

    With F failures and S passes on versions where the test passed at least once, its rate r of failures on good code
    has the posterior Beta(0.15 + F, 9.85 + S). The odds are the mean of r^k (1 - r), for k failures on the failure's
    version and a pass afterwards, as a multiple of what it is for a test without a history and k = 1. F and S together
    count as sixty attempts at most, as what was long ago says less. A version on which it passed, too, adds to F and S,
    and k is 1.

    Args:
        versions: of the test's history.
        failure: how it looks.

    Returns:
        The terms, among them ``flake``, the odds.
    """
    good = [version for version in versions if version.failures < version.attempts]
    failed = float(sum(version.failures for version in good))
    passed = float(sum(version.attempts - version.failures for version in good))
    scale = min(1.0, _MAX_ATTEMPTS / max(failed + passed, 1.0))
    of_failure = [version for version in versions if version.is_of_failure]
    passed_too = any(version.failures < version.attempts for version in of_failure)
    in_a_row = 1 if passed_too else min(max(sum(version.failures for version in of_failure), 1), _MAX_FAILURES)
    chance = _chance(failed * scale, passed * scale, in_a_row)
    symptom = symptom_of(failure)
    rate = (_RATE_PRIOR[0] + failed) / (sum(_RATE_PRIOR) + failed + passed)
    # A test that often fails by itself does so beside others, too.
    each = 1.0 if symptom == "external" else min(max(_TOGETHER, rate / _OFTEN), 1.0)
    together = each ** (min(max(failure.together, 1), _MAX_TOGETHER) - 1)
    return {
        "failure_rate": rate,
        "failures_on_version": float(in_a_row),
        "passed_on_version": float(passed_too),
        "symptom": SYMPTOMS[symptom],
        "together": float(failure.together),
        "flake": chance / _chance(0.0, 0.0, 1) * SYMPTOMS[symptom] * together,
    }


def _chance(failed: float, passed: float, in_a_row: int) -> float:
    """Give the mean of r^k (1 - r): moments of the Beta distribution, whose product formula is in every textbook."""
    failures, passes = _RATE_PRIOR[0] + failed, _RATE_PRIOR[1] + passed
    total = failures + passes
    return prod((failures + i) / (total + i) for i in range(in_a_row)) * passes / (total + in_a_row)
