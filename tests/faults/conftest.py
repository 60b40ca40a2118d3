"""A suite for each test, how it ends without us, and what it leaves where nothing goes wrong."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.support import HOLD, SUITE, Trouble, content
from tests.loading.conftest import any_loading_schema, any_record, kept_records
from tests.plugin.conftest import record_schema
from tests.support.places import fast_place
from tests.support.projects import Project, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.servers import Server

__all__ = ["any_loading_schema", "any_record", "kept_records", "record_schema"]

Whole = tuple[Run, dict[str, Any]]


@pytest.fixture(scope="session")
def new_project(any_postgres: Server, record_schema: str) -> Iterator[Callable[[], Project]]:
    """Make a suite in a folder that every user may enter, with places of its own for what cannot stay there."""
    folders = []

    def make() -> Project:
        folder = Path(tempfile.mkdtemp(prefix="dl-", dir=fast_place()))
        folders.append(folder)
        folder.chmod(0o755)
        environment = {"XDG_STATE_HOME": str(folder / "state"), "TMPDIR": str(folder / "tmp"), "HOME": str(folder)}
        project = Project(folder / "suite", any_postgres.conninfo, record_schema, environment)
        (folder / "tmp").mkdir()
        project.write("pytest.ini", "[pytest]")
        project.write("test_suite.py", SUITE)
        return project

    yield make
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(project: Project) -> Whole:
    plain = project.run(recorded=False)
    run = project.run()
    assert (run.ret, run.outcomes, run.err) == (plain.ret, plain.outcomes, ""), run.out
    return plain, content(project.conninfo, project.schema, run.record.correlation_id)


@pytest.fixture(scope="session")
def of_suite(new_project: Callable[[], Project]) -> Whole:
    """How the suite ends without us, and what it leaves."""
    return _measure(new_project())


@pytest.fixture(scope="session")
def of_held_suite(new_project: Callable[[], Project]) -> Whole:
    """The same of the suite with a test that waits."""
    project = new_project()
    project.write("test_a_hold.py", HOLD)
    (project.folder / "go").touch()
    return _measure(project)


def _with_key_of(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Let this process open the embedded record of a suite, too, also where the user has no key for all of them."""
    monkeypatch.setenv("XDG_STATE_HOME", project.environment["XDG_STATE_HOME"])
    return project


@pytest.fixture
def trouble(new_project: Callable[[], Project], of_suite: Whole, monkeypatch: pytest.MonkeyPatch) -> Trouble:
    """A suite about to be run in trouble."""
    return Trouble(_with_key_of(new_project(), monkeypatch), *of_suite)


@pytest.fixture
def held_trouble(new_project: Callable[[], Project], of_held_suite: Whole, monkeypatch: pytest.MonkeyPatch) -> Trouble:
    """A suite about to get into trouble in the middle of a test."""
    project = _with_key_of(new_project(), monkeypatch)
    project.write("test_a_hold.py", HOLD)
    return Trouble(project, *of_held_suite)
