"""What a run has fixed, in words: the lines of the terminal summary below what it left failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_debugloop.text.strategies import RERUN, STRATEGIES, UNKNOWN
from pytest_debugloop.text.words import counted

FIXED_LINES = 3
"""How many lines the summary of a run has for them at most."""


class FixedTests(NamedTuple):
    """Tests that passed in a run after they had failed in earlier ones, all by the same.

    Attributes:
        tests: how many.
        strategy: by which they passed again.
        by: what was changed, in words; empty for nothing that is known.
        is_sure: whether that is more likely the reason than anything else.
    """

    tests: int
    strategy: str
    by: str
    is_sure: bool

    @property
    def is_fixed(self) -> bool:
        """Whether something fixed them, and no chance."""
        return self.strategy in STRATEGIES and self.strategy not in (RERUN, UNKNOWN)


def fixed_of(status: Mapping[str, Any] | None) -> list[FixedTests]:
    """Read what the loader wrote.

    Args:
        status: of the run, None where there is none.

    Raises:
        TypeError: the loader is of another version.
    """
    return [FixedTests(**one) for one in (status or {}).get("fixed", ())]


def fixed_lines(found: Sequence[FixedTests], most: int = FIXED_LINES) -> Iterator[str]:
    """Write what was fixed by what, and what passes again with no change that explains it.

    Args:
        found: the most first.
        most: lines at most.
    """
    fixed = [one for one in found if one.is_fixed]
    others = sum(one.tests for one in found if not one.is_fixed)
    most -= bool(others)
    listed = fixed if len(fixed) <= most else fixed[: most - 1]
    for one in listed:
        yield f"  fixed: {counted(one.tests, 'test')}, {_by(one)}"
    if rest := sum(one.tests for one in fixed[len(listed) :]):
        yield f"  fixed: {counted(rest, 'more test')}"
    if others:
        yield f"  passed again: {counted(others, 'test')}, with no change that explains it"


def _by(one: FixedTests) -> str:
    by = f"by {one.by}" if one.by else STRATEGIES[one.strategy].in_summary
    return by if one.is_sure else f"perhaps {by}"
