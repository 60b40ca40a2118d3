"""The records that the stories of two projects leave, and what was answered from them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.answers.projects import PROJECTS, RealProject
from tests.answers.story import LEGS, Story, play
from tests.suites.environments import build_project, default_cache, environment, skip_if_unavailable
from tests.support.servers import Server

ASKED_FOR = os.environ.get("DEBUGLOOP_TEST_SUITES")


def other_python() -> Path | None:
    """Find an interpreter of another version than this one, for the second leg."""
    own = f"3.{sys.version_info.minor}"
    for version in ("3.13", "3.12", "3.11", "3.14", "3.10"):
        in_pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        # Not pyenv's own command of that name: whether it runs is chosen elsewhere.
        found = in_pyenv[-1] if in_pyenv else shutil.which(f"python{version}")
        if version != own and found:
            return Path(found)
    return None


@pytest.fixture(scope="module", params=PROJECTS, ids=str)
def story(
    request: pytest.FixtureRequest, any_postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Story]:
    """One project's story, played."""
    project: RealProject = request.param
    if ASKED_FOR not in ("all", "answers"):
        pytest.skip("takes minutes: set DEBUGLOOP_TEST_SUITES to answers (some of each suite's tests) or all")
    other = other_python()
    if other is None:
        pytest.skip("there is no second Python for the other leg")
    pythons: dict[str, Path | None] = dict(zip(LEGS, (None, other), strict=True))
    with skip_if_unavailable():
        environments = {leg: environment(project.suite, default_cache(), python) for leg, python in pythons.items()}
        site = build_project()
    with any_postgres.schema() as schema:
        folder = tmp_path_factory.mktemp("story") / str(project)
        played = Story(project, environments, site, folder, (any_postgres.conninfo, schema), ASKED_FOR == "all")
        play(played)
        yield played
