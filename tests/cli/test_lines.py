"""A pass elsewhere is said as what it is, and a failure that nobody has looked at since is neither resolved nor red."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.made_runs import MINUTE, START, MadeRun
from tests.support.projects import Project
from tests.support.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import Server

OLD, NEW, BROKEN = "test_it.py::test_old", "test_it.py::test_new", "test_it.py::test_broken"
LEGS = "test_it.py::test_in_legs"
NOW = (time.time() * 1_000_000 - START) / MINUTE
GITHUB = {"cicd.provider": "github", "cicd.pipeline.task.name": "tests"}


@pytest.fixture(scope="module")
def made(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A record of two branches and two legs, one of which was last run two months ago."""
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        for run in (
            *(MadeRun({LEGS: True}, NOW - 200 + at, "main", f"py31{leg}") for at in range(9) for leg in (1, 2, 3)),
            *(MadeRun({LEGS: leg > 1}, NOW - 100 + at, "main", f"py31{leg}") for at in (1, 2) for leg in (1, 2)),
            MadeRun({OLD: False}, 0, "gone", "py311", ci=GITHUB),
            MadeRun({OLD: True, NEW: True}, NOW - 60, "main", "py311", ci=GITHUB),
            MadeRun({NEW: True}, NOW - 50, "feature", "py312", ci=GITHUB),
            MadeRun({NEW: False, BROKEN: False}, NOW - 40, "feature", "py311", ci=GITHUB),
        ):
            run.load(record)
        record.connection.close()
        folder: Path = tmp_path_factory.mktemp("made")
        yield Project(folder, conninfo, schema)


def shown(made: Project, *arguments: str) -> str:
    return made.printed("--project", "made", *arguments)


def groups(made: Project) -> dict[str, dict[str, Any]]:
    found = json.loads(shown(made, "failures", "--json"))["failures"]
    return {group["last_node_id"]: group for group in found}


def test_failures_says_where_they_pass_and_which_were_not_run_since(made: Project) -> None:
    out = shown(made, "failures", "--by", "fingerprint")
    (old,) = [line for line in out.splitlines() if "test_old" in line]
    (new,) = [line for line in out.splitlines() if "test_new" in line]
    assert "open, not run since 2026-09-2" in old
    assert "open, passes on main, in leg py312" in new
    assert groups(made)[OLD]["not_run"] == 1
    assert (groups(made)[NEW]["not_run"], groups(made)[NEW]["not_run_since"]) == (0, None)
    assert [(place["branch"], place["leg"]) for place in groups(made)[NEW]["passes_elsewhere"]] == [
        ("main", "py311"),
        ("feature", "py312"),
    ]
    assert groups(made)[BROKEN]["passes_elsewhere"] == []


@pytest.mark.parametrize("brief", [[], ["--brief"]])
def test_show_says_it_of_a_failure(made: Project, brief: list[str]) -> None:
    assert "open, passes on main, in leg py312" in shown(made, "show", NEW, *brief)
    assert "open, not run since 2026-09-2" in shown(made, "show", OLD, *brief)
    assert "open" not in shown(made, "show", BROKEN, *brief)


def test_show_says_it_in_json(made: Project) -> None:
    error = groups(made)[NEW]["last_error_id"]
    history = json.loads(shown(made, "show", error, "--json"))["history"]
    assert (history["is_open"], history["not_run_since"], len(history["passes_elsewhere"])) == (True, None, 2)


def test_a_test_that_is_broken_in_one_leg_is_told_so(made: Project) -> None:
    assert "broken on py311, stable elsewhere" in shown(made, "flaky", "--all")
    assert "broken on py311, stable elsewhere" in shown(made, "show", LEGS)
    (test,) = [one for one in json.loads(shown(made, "flaky", "--all", "--json"))["tests"] if one["node_id"] == LEGS]
    assert [(leg["leg"], leg["class"], leg["failures_since_pass"]) for leg in test["legs"]] == [
        ("py311", "broken", 2),
        ("py312", "stable", 0),
        ("py313", "stable", 0),
    ]


def test_the_leg_of_runs_and_attempts_is_shown_where_they_have_one(made: Project) -> None:
    assert "leg" in shown(made, "history", LEGS)
    assert "py313" in shown(made, "history", LEGS)
    assert ", leg py311," in shown(made, "show")
    assert {run["leg"] for run in json.loads(shown(made, "runs", "--json"))["runs"]} == {"py311", "py312", "py313"}
