"""Whether two groups of measurements differ, and how sure that is: Student's t test, and many of them at once.

docs/formulas.md tells the formulas with their sources.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

_TINY = 1e-300
_MAX_STEPS = 500


@dataclass(frozen=True, slots=True)
class Group:
    """Measurements of one side, summed up; a measurement counts by its weight, which is 1 where all are alike.

    Attributes:
        count: how many.
        weight: the sum of their weights.
        mean: the weighted one.
        squares: the weighted sum of the squares of their distances from that mean.
    """

    count: int
    weight: float
    mean: float
    squares: float


class Comparison(NamedTuple):
    """How the mean of a second group differs from that of a first.

    Attributes:
        difference: second minus first.
        low: the lower end of its 95 % interval.
        high: the upper end.
        degrees: degrees of freedom.
        p_value: two-sided chance of a difference as large where there is none.
    """

    difference: float
    low: float
    high: float
    degrees: int
    p_value: float


def student(first: Group, second: Group) -> Comparison | None:
    """Compare two means.

    Student's t test of two samples ("The probable error of a mean", Biometrika 6, 1908), weighted by least squares
    (Aitken, "On least squares and linear combination of observations", Proceedings of the Royal Society of Edinburgh
    55, 1935).

    Args:
        first: of at least one measurement, both together of at least three.
        second: likewise.

    Returns:
        The comparison; None where nothing varies on either side, which no clock does, and nothing can be said.
    """
    degrees = first.count + second.count - 2
    square = (first.squares + second.squares) / degrees * (1 / first.weight + 1 / second.weight)
    if square <= 0:
        return None
    error = math.sqrt(square)
    difference = second.mean - first.mean
    half = student_quantile(0.975, degrees) * error
    return Comparison(
        difference, difference - half, difference + half, degrees, student_two_sided(difference / error, degrees)
    )


def adjusted(p_values: Sequence[float], tests: int | None = None) -> list[float]:
    """Turn p-values into the shares of false discoveries at which each would be called one.

    Benjamini and Hochberg, "Controlling the false discovery rate", Journal of the Royal Statistical Society B 57, 1995.
    Where the largest of more tests are left out, a result below all of those left out is what it would be with them.

    Args:
        p_values: in any order.
        tests: how many were made; None for as many as there are p-values.

    Returns:
        One q-value for each, in the same order.
    """
    count = len(p_values) if tests is None else tests
    order = sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True)
    found = [1.0] * len(p_values)
    least = 1.0
    for place, index in enumerate(order):
        # The quotient first: it is never below 1, so that rounding brings no q-value below its p-value.
        least = min(least, p_values[index] * (count / (len(p_values) - place)))
        found[index] = least
    return found


def student_two_sided(t: float, degrees: float) -> float:
    """Give the chance that Student's t is as far from 0, or farther.

    Args:
        t: a value of it.
        degrees: degrees of freedom, which need not be whole.
    """
    return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))


@cache
def student_quantile(probability: float, degrees: float) -> float:
    """Give the value below which Student's t is with a probability.

    Args:
        probability: above one half and below 1.
        degrees: degrees of freedom, which need not be whole.
    """
    tail = 2 * (1 - probability)
    low, high = 0.0, 1.0
    while student_two_sided(high, degrees) > tail:
        low, high = high, high * 2
    for _ in range(80):
        middle = (low + high) / 2
        if student_two_sided(middle, degrees) > tail:
            low = middle
        else:
            high = middle
        if high - low <= 1e-10 * high:
            break
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Give the regularised incomplete beta function.

    The continued fraction of "Numerical Recipes" (Press et al., 3rd edition, section 6.4), by Lentz's method.

    Args:
        a: above 0.
        b: above 0.
        x: from 0 to 1.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    c, d = 1.0, 1 / _away_from_0(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MAX_STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away_from_0(1 + term * d)
            c = _away_from_0(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value


def _away_from_0(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
