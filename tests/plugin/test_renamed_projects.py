"""A project keeps its history when a git remote gives it another name, and takes nothing of others called alike."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from pytest_debugloop.answers.lookup import find_test
from pytest_debugloop.answers.record import Record
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.errors import AmbiguousError
from tests.support.projects import Project
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.projects import Run

PROJECT = "SELECT project FROM debug_runs WHERE correlation_id = %(id)s"
SUITE = """
    import os

    import pytest


    def test_price():
        size = 3
        assert os.environ.get("PRICE") == "right"


    @pytest.mark.skip
    def test_left_out():
        pass
"""


@pytest.fixture
def shop(project: Project) -> Project:
    """A folder of an uncommon name, with a git that has no remote."""
    return named_alike(project, "one")


def named_alike(project: Project, place: str) -> Project:
    """Make a checkout in a folder of the same name in another place."""
    name = f"shop-{project.folder.name}"
    found = replace(project, folder=project.folder / place / name)
    found.write("pytest.ini", "[pytest]\n")
    found.write("test_shop.py", SUITE)
    found.write(".gitignore", "__pycache__/\n.debugloop/\n.pytest_cache/\n")
    found.git("init", "-q")
    found.git("add", "-A")
    found.git("commit", "-qm", "x")
    return found


def add_remote(project: Project, name: str = "shop") -> str:
    project.git("remote", "add", "origin", f"https://example.org/{project.folder.name}/{name}.git")
    return f"example.org/{project.folder.name}/{name}"


def right(project: Project, *arguments: str) -> Run:
    return project.run(*arguments, env={"PRICE": "right"})


def history(run: Run, project: str) -> list[bool]:
    """Whether each attempt of the test has failed, as the views have it."""
    rows = run.record.query(
        "SELECT a.failed FROM debug_test_attempts AS a JOIN debug_tasks AS t ON t.id = a.task_id"
        f" WHERE t.project = '{project}' AND t.node_id = 'test_shop.py::test_price' ORDER BY a.ended_at"
    )
    return [row["failed"] for row in rows]


def test_a_remote_that_is_added_does_not_split_the_history(shop: Project) -> None:
    right(shop)
    failed = shop.run()
    name = add_remote(shop)
    passed = right(shop)
    assert (failed.record.run["project"], passed.record.run["project"]) == (name, name)
    assert history(passed, name) == [False, True, False]
    begun = "SELECT FROM debug_failure_onsets AS o JOIN debug_tasks AS t ON t.id = o.task_id"
    assert len(passed.record.query(f"{begun} WHERE t.project = '{name}'")) == 1
    (recovery,) = failed.record.query(
        "SELECT c.task_id FROM debug_error_success_correlation AS c JOIN debug_error_events AS e"
        " ON e.id = c.error_event_id WHERE e.correlation_id = %(id)s"
    )
    assert recovery["task_id"] is not None
    assert passed.record.query(f"SELECT FROM debug_tasks WHERE project = '{shop.folder.name}'") == []
    skipped = f"SELECT FROM debug_tasks WHERE project = '{name}' AND node_id = 'test_shop.py::test_left_out'"
    assert len(passed.record.query(skipped)) == 1
    # Who asks by the name of before is told of the project that has it no more.
    asked = shop.printed("--project", shop.folder.name, "history", "test_price", "--json")
    assert json.loads(asked)["test"]["project"] == name


def test_what_another_checkout_of_the_same_name_has_recorded_stays_where_it_is(shop: Project, project: Project) -> None:
    other = named_alike(project, "two")
    test = f"test_{project.folder.name}.py::test_it"
    for one in (shop, other):
        one.write(test.partition("::")[0], "def test_it():\n    pass\n")
    theirs, ours = other.run(), shop.run()
    name = add_remote(shop)
    right(shop)
    assert (ours.record.run["project"], theirs.record.run["project"]) == (name, other.folder.name)
    assert history(theirs, other.folder.name) == [True]
    assert history(ours, name) == [True, False]
    assert history(right(other), other.folder.name) == [True, False]
    with shop.connect() as connection, pytest.raises(AmbiguousError) as raised:
        Record(connection).answer(find_test(test))
    for project_name in (name, other.folder.name):
        assert f"{test} of project {project_name}" in str(raised.value)


def test_what_is_loaded_late_has_the_name_of_now(shop: Project) -> None:
    late = shop.run("--no-debugloop-load")
    name = add_remote(shop)
    right(shop)  # its loader stores the other one too
    late.record.wait_for_end()
    wait_until(lambda: [row["project"] for row in late.record.query(PROJECT)] == [name])  # a moment after its end
    shop.git("remote", "remove", "origin")
    assert right(shop).record.run["project"] == name
    assert history(late, name) == [True, False, False]


def test_a_name_that_the_user_has_given_stays(shop: Project) -> None:
    given = shop.run("--debugloop-project", "mine")
    add_remote(shop)
    right(shop)
    assert given.record.run["project"] == "mine"


def test_an_embedded_record_takes_the_newest_name_for_all_that_its_checkout_has(tmp_path: Path) -> None:
    project = named_alike(Project.new(tmp_path), "one")
    assert project.record().returncode == 1
    with embedded_server(project.folder / ".debugloop") as conninfo, psycopg.connect(conninfo) as connection:
        # As it was recorded before checkouts were told apart.
        table = sql.SQL("UPDATE {}.debug_runs SET checkout_id = NULL, project_source = NULL").format(
            sql.Identifier("agent_observability")
        )
        connection.execute(table)
        connection.commit()
        add_remote(project, "old")
        assert project.record().returncode == 1
        project.git("remote", "remove", "origin")
        name = add_remote(project, "new")
        assert project.record(PRICE="right").returncode == 0
        runs: list[dict[str, Any]] = json.loads(project.printed("runs", "--json"))["runs"]
        assert [run["project"] for run in runs] == [name] * 3
        attempts = json.loads(project.printed("history", "test_price", "--json"))["attempts"]
        assert [attempt["failed"] for attempt in attempts] == [False, True, True]
