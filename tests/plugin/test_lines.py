"""Real runs in a real repository: what passes on another branch, or in another leg, recovers nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.projects import Project, Run

TEST = """
    from shop import price


    def test_price():
        assert price() == 2
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """A repository whose only test fails."""
    project.write(".gitignore", "__pycache__/\n.debugloop/\n.pytest_cache/\n")
    project.write("test_shop.py", TEST)
    project.git("init", "-q")
    sell(project, 3)
    return project


def sell(project: Project, price: int) -> None:
    project.write("shop.py", f"def price():\n    return {price}\n")
    project.git("add", "-A")
    project.git("commit", "-qm", f"price is {price}")


def run(project: Project, **env: str) -> Run:
    return project.run("-p", "no:cacheprovider", env={"PYTHONDONTWRITEBYTECODE": "1", **env})


def recovered_in(failed: Run) -> list[Any]:
    """The branches of the runs that recovered what failed."""
    rows = failed.record.query(
        "SELECT r.git_branch, c.recovery_strategy FROM debug_error_events AS e"
        " JOIN debug_error_success_correlation AS c ON c.error_event_id = e.id"
        " JOIN debug_success_events AS s ON s.id = c.success_event_id JOIN debug_runs AS r ON r.id = s.run_id"
        " WHERE e.correlation_id = %(id)s"
    )
    return [tuple(row.values()) for row in rows]


def test_a_branch_recovers_what_failed_on_it_and_main_once_it_is_merged(shop: Project) -> None:
    shop.git("checkout", "-qb", "other")
    sell(shop, 2)
    shop.git("checkout", "-qb", "feature", "main")
    sell(shop, 4)
    on_feature = run(shop)
    shop.git("checkout", "-q", "other")
    assert run(shop).ret == 0
    assert recovered_in(on_feature) == []
    shop.git("checkout", "-q", "main")
    on_main = run(shop)
    shop.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
    sell(shop, 2)
    assert run(shop).ret == 0
    assert recovered_in(on_feature) == recovered_in(on_main) == [("main", "code_change")]


def test_a_leg_recovers_what_failed_in_it_and_no_other(shop: Project) -> None:
    failed = run(shop, TOX_ENV_NAME="py311")
    sell(shop, 2)
    assert run(shop, TOX_ENV_NAME="py312").ret == 0
    assert run(shop, DEBUGLOOP_LEG="py311, django 5", TOX_ENV_NAME="py311").ret == 0
    assert recovered_in(failed) == []
    assert run(shop, TOX_ENV_NAME="py311").ret == 0
    assert recovered_in(failed) == [("main", "code_change")]
