"""The edge from an error to the commit that fixed it, in the history of a real repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.loading.recoveries.asked import keep_proof

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.projects import Project


@pytest.fixture
def shop(make_project: Callable[[str], Project]) -> Project:
    """A checkout whose test fails at its first commit."""
    project = make_project("fixing")
    project.git("init", "-q")
    project.write(".gitignore", "__pycache__\n.*\n")
    project.write("test_shop.py", "from shop import price\n\ndef test_price():\n    assert price() == 3\n")
    commit(project, 4)
    assert project.run("-q").ret == 1
    return project


def edges(project: Project) -> list[dict[str, Any]]:
    """Give the edges of a project; others record to the same server."""
    own = f"kind = 'error_fixed_by_commit' AND project = '{project.folder.name}'"
    return project.rows(f"SELECT * FROM debug_graph_edges WHERE {own}")


def write(project: Project, price: int) -> None:
    project.write("shop.py", f"def price():\n    return {price}\n")


def commit(project: Project, price: int) -> str:
    write(project, price)
    project.git("add", "-A")
    project.git("commit", "-qm", f"price is {price}", "--allow-empty")
    return project.git("rev-parse", "HEAD")


def test_an_error_is_fixed_by_the_commit_at_which_its_test_passes_again(shop: Project) -> None:
    fix = commit(shop, 3)
    run = shop.run("-q")
    assert run.ret == 0, run.out
    (error,) = shop.rows(
        "SELECT e.id FROM debug_error_events AS e JOIN debug_runs AS r ON r.id = e.run_id"
        f" WHERE r.project = '{shop.folder.name}'"
    )
    (edge,) = edges(shop)
    assert (edge["source_id"], edge["source_name"]) == (error["id"], "test_shop.py::test_price")
    assert (edge["target_name"], edge["target_id"], edge["first_run_id"]) == (fix, None, run.record.run["id"])
    shop.run("-q")  # another pass is no other fix
    assert edges(shop) == [edge]


def test_no_commit_is_told_that_did_not_fix_it(shop: Project) -> None:
    write(shop, 3)
    assert shop.run("-q").ret == 0  # by a change that is not committed
    assert edges(shop) == []
    commit(shop, 4)
    assert shop.run("-q").ret == 1
    shop.git("commit", "-qm", "nothing", "--allow-empty")
    write(shop, 3)
    assert shop.run("-q").ret == 0  # on another commit, but not by it
    recovered = shop.rows(
        "SELECT c.recovery_strategy FROM debug_error_success_correlation AS c JOIN debug_tasks AS t ON t.id = c.task_id"
        f" WHERE t.project = '{shop.folder.name}'"
    )
    assert [row["recovery_strategy"] for row in recovered] == ["code_change"] * 2
    assert edges(shop) == []


def test_a_reason_that_is_proved_changes_what_fixed_an_error(shop: Project) -> None:
    commit(shop, 3)
    shop.run("-q")
    (edge,) = edges(shop)
    with shop.connect() as connection:
        (link,) = connection.execute(
            "SELECT id FROM debug_error_success_correlation WHERE error_event_id = %s", (edge["source_id"],)
        ).fetchall()
        for strategy, expected in (("rerun", []), ("code_change", [edge])):
            with connection.transaction():
                keep_proof(connection, link["id"], strategy, "it was proved", {"verified": {"strategy": strategy}})
            assert edges(shop) == expected


def test_an_error_that_is_linked_with_two_passes_on_one_commit_is_fixed_by_the_first(shop: Project) -> None:
    commit(shop, 3)
    shop.run("-q")
    (edge,) = edges(shop)
    shop.run("-q")
    with shop.connect() as connection, connection.transaction():
        # As a program may link them.
        linked = connection.execute(
            "INSERT INTO debug_error_success_correlation"
            " (error_event_id, success_event_id, correlation_id, task_id, evidence, recovery_strategy,"
            " confidence_score)"
            " SELECT %(error)s, s.id, s.correlation_id, s.task_id, '{}', 'code_change', 1"
            " FROM debug_success_events AS s"
            " WHERE s.task_id = (SELECT task_id FROM debug_error_events WHERE id = %(error)s)"
            " ORDER BY s.occurred_at DESC LIMIT 1 RETURNING id",
            {"error": edge["source_id"]},
        ).fetchone()
        assert linked is not None
        keep_proof(connection, linked["id"], "code_change", "it was proved", {"verified": {"strategy": "code_change"}})
    assert edges(shop) == [edge]
