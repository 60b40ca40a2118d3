"""Flaky tests page by page: the order holds over all pages, and only what a page shows is scored whole."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from pytest_debugloop.answers.flaky import RankedTest, ranked_tests
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.flaky import failed_tests, likely_tests, tests_by_score
from pytest_debugloop.queries.question import Steps, fetch

MOST_ORDERED = 200
"""How many tests are ordered by their score: those that are likely to be flaky."""

_ATTEMPTS = 7_500
_FEWEST = 50


@dataclass(frozen=True, slots=True)
class FlakyPage:
    """A page of tests that failed.

    Attributes:
        rows: its tests, in the order of all pages.
        is_last: whether no test comes after it.
        latest: by how many attempts of each test, its latest, they are ordered; None where these are all attempts.
        is_by_recoveries: whether it comes after the tests that are ordered by their score.
    """

    rows: list[RankedTest]
    is_last: bool
    latest: int | None
    is_by_recoveries: bool


def flaky_tests_of_page(project: str | None, skipped: int, shown: int, *, only_flaky: bool) -> Steps[FlakyPage]:
    """Give a page of tests that failed, the surest flake first.

    Args:
        project: only of this one; None for all.
        skipped: how many tests are on the pages before.
        shown: how many are on this one.
        only_flaky: without those that are stable, broken or fixed; they leave their place on the page empty.
    """
    ids = [one.task_id for one in (yield from fetch(failed_tests(project)))]
    total = len(ids)
    if total > MOST_ORDERED:
        ids = [one.task_id for one in (yield from fetch(likely_tests(ids)))]
    latest = max(_ATTEMPTS // min(total, MOST_ORDERED), _FEWEST) if total else _FEWEST
    is_by_recoveries = skipped >= MOST_ORDERED
    if not is_by_recoveries:
        first = yield from fetch(tests_by_score(ids[:MOST_ORDERED], latest, only_flaky=only_flaky))
        ids[:MOST_ORDERED] = [one.task_id for one in first]
    chosen = ids[skipped : skipped + shown]
    rows = yield from _scored(chosen, only_flaky=only_flaky)
    is_cut = any(row.test.attempts > latest for row in rows)
    return FlakyPage(rows, total <= skipped + shown, latest if is_cut else None, is_by_recoveries)


def _scored(chosen: list[uuid.UUID], *, only_flaky: bool) -> Steps[list[RankedTest]]:
    if not chosen:
        return []
    rows = yield from ranked_tests(None, only_flaky=only_flaky, filters=Filters(task_ids=tuple(chosen)))
    return sorted(rows, key=lambda row: chosen.index(row.test.task_id))
