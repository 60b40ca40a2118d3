"""How often something fails, how sure that is, and whether it fails more often than something else."""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z_95 = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of runs, with the interval that holds the true one.

    Attributes:
        count: how many did.
        runs: out of how many.
        rate: ``count / runs``.
        low: the lower end of the 95 % interval.
        high: its upper end.
    """

    count: int
    runs: int
    rate: float
    low: float
    high: float


def failure_rate(count: int, runs: int) -> Rate:
    """Measure a rate with the score interval of 95 %.

    The interval is Wilson's ("Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22, 1927): it is right also where none or all failed, and with few runs.

    Args:
        count: runs that failed.
        runs: all runs.

    Raises:
        ValueError: there was no run, or more failed than ran.
    """
    if not 0 <= count <= runs or runs == 0:
        raise ValueError(f"{count} of {runs} is no share")
    share, z2 = count / runs, _Z_95**2
    middle = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    half = _Z_95 / (1 + z2 / runs) * math.sqrt(share * (1 - share) / runs + z2 / (4 * runs**2))
    # At the ends the bounds are exact; what is in between is kept from crossing the share by rounding.
    low = 0.0 if count == 0 else min(middle - half, share)
    high = 1.0 if count == runs else max(middle + half, share)
    return Rate(count, runs, share, low, high)


def difference_by_chance(first: int, of_first: int, second: int, of_second: int) -> float:
    """Give the chance that two shares differ as much or more where the true ones are equal, either way.

    Fisher's exact test ("On the interpretation of chi-squared from contingency tables, and the calculation of P",
    Journal of the Royal Statistical Society 85, 1922); two-sided: all tables that are no more likely are added up.

    Args:
        first: how many did, of one group.
        of_first: the size of the group, above 0.
        second: of another group.
        of_second: its size, above 0.

    Raises:
        ValueError: there was no run, or more did than ran.
    """
    if not (0 <= first <= of_first and 0 <= second <= of_second and of_first and of_second):
        raise ValueError(f"{first} of {of_first} and {second} of {of_second} are no shares")
    total = first + second
    least = max(total - of_second, 0)
    ways = [math.comb(of_first, least) * math.comb(of_second, total - least)]
    for count in range(least, min(total, of_first)):  # each from the one before, which is exact
        more, fewer = (of_first - count) * (total - count), (count + 1) * (of_second - total + count + 1)
        ways.append(ways[-1] * more // fewer)
    own = ways[first - least]
    return sum(way for way in ways if way <= own) / sum(ways)
