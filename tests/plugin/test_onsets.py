"""Where a test begins to fail, the record says what was different from its last pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project, Run

SHOP = """
    def price(article):
        return {price}


    def unrelated():
        return {unrelated}
"""
TEST = """
    from pathlib import Path

    from shop import price


    def test_price():
        assert price("pear") == 2
        assert not Path(__file__).parents[1].joinpath("away").exists()
"""

# Other tests record there too.
OF_PROJECT = "r.project = (SELECT project FROM debug_runs WHERE correlation_id = %(id)s)"


def run(project: Project, price: int, unrelated: int) -> Run:
    """Run the suite on other code, without caches of byte code: files change faster than their times tell."""
    project.write("shop.py", SHOP.format(price=price, unrelated=unrelated))
    return project.run("-p", "no:cacheprovider", env={"PYTHONDONTWRITEBYTECODE": "1"})


def onsets(of: Run) -> list[dict[str, Any]]:
    return of.record.query(
        "SELECT o.run_id, o.passed_run_id, o.evidence FROM debug_failure_onsets AS o JOIN debug_runs AS r"
        f" ON r.id = o.run_id WHERE {OF_PROJECT} ORDER BY r.started_at"
    )


def test_where_a_test_begins_to_fail_the_change_that_it_reaches_is_kept(project: Project) -> None:
    project.write("test_shop.py", TEST)
    passed, failed, again = (run(project, price, 1) for price in (2, 3, 30))
    mended = run(project, 2, 1)
    # Something else fails, and what changed has nothing to do with it.
    project.folder.with_name("away").touch()
    flaked = run(project, 2, 100)
    assert [one.ret for one in (passed, failed, again, mended, flaked)] == [0, 1, 1, 0, 1]
    broke, other = onsets(flaked)
    ids = [one.record.run["id"] for one in (passed, failed, mended, flaked)]
    assert [broke["passed_run_id"], broke["run_id"], other["passed_run_id"], other["run_id"]] == ids
    (change,) = broke["evidence"]["code"]
    assert (change["file"], change["function"], change["distance"]) == ("shop.py", "price", 1)
    assert "code" not in other["evidence"]
    assert other["evidence"]["other_functions_changed"] == 1
    (ratios,) = flaked.record.query(
        "SELECT array_agg(debug_change_ratio('unknown', NULL, o.evidence) ORDER BY r.started_at) AS found"
        f" FROM debug_failure_onsets AS o JOIN debug_runs AS r ON r.id = o.run_id WHERE {OF_PROJECT}"
    )
    assert ratios["found"][0] > 10 > 0.2 > ratios["found"][1]


def test_flakes_on_commits_of_their_own_make_the_next_one_likelier_a_flake(project: Project) -> None:
    project.write("test_shop.py", TEST)
    away = project.folder.with_name("away")
    away.unlink(missing_ok=True)
    for commit in range(7):
        if commit in {1, 3, 5}:
            away.touch()
        last = run(project, 2, commit)
        away.unlink(missing_ok=True)
        assert last.ret == (commit in {1, 3, 5})
    found = last.record.query(
        "SELECT c.evidence -> 'terms' ->> 'failure_rate' AS rate FROM debug_error_success_correlation AS c"
        f" JOIN debug_error_events AS e ON e.id = c.error_event_id JOIN debug_runs AS r ON r.id = e.run_id"
        f" WHERE {OF_PROJECT} ORDER BY e.occurred_at"
    )
    odds = [float(row["rate"]) for row in found]
    # Of those before, one more each time: 0.15, 1.15 and 2.15 failures.
    assert odds == [pytest.approx((0.15 + n) / (11 + 2 * n), abs=1e-5) for n in range(3)]
