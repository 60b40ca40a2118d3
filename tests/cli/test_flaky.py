"""What ``flaky`` says convinces: how often first, the bound by which it ranks, the failure, and what goes with it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.made_runs import MINUTE, START, MadeRun
from tests.support.projects import Project
from tests.support.records import Record
from tests.support.terminal import called_in_terminal, width_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.servers import Server

NOW = (time.time() * 1_000_000 - START) / MINUTE
IN_A_LEG, BY_CHANCE = "test_it.py::test_fails_in_one_leg", "test_it.py::test_fails_by_chance"
SEEDED, POLLUTED = "test_it.py::test_needs_a_seed", f"test_{'very_' * 20}long.py::test_polluted"
POLLUTER, OTHER = "test_it.py::test_polluter", "test_it.py::test_other"


def history() -> Iterator[MadeRun]:
    """Twenty-four runs in two legs, with two hash seeds, and the polluter now before the polluted and now after it."""
    for n in range(24):
        order = [POLLUTER, OTHER, POLLUTED] if n % 3 == 0 else [OTHER, POLLUTED, POLLUTER]
        fails = {
            IN_A_LEG: n % 2 == 1 and n % 6 != 5,
            BY_CHANCE: n in (3, 8, 13, 22),
            SEEDED: n in (12, 13, 14, 15, 18, 19, 20, 21),
            POLLUTED: n % 3 == 0,
        }
        tests = [IN_A_LEG, BY_CHANCE, SEEDED, *order]
        yield MadeRun(
            {test: not fails.get(test, False) for test in tests},
            NOW - 3000 + n * 60,
            leg=f"py31{n % 2}",
            facts={"environment": {"PYTHONHASHSEED": "1" if n >= 12 else "0"}},
        )


@pytest.fixture(scope="module")
def made(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        for run in history():
            run.load(record)
        record.connection.close()
        folder: Path = tmp_path_factory.mktemp("made")
        yield Project(folder, conninfo, schema)


@pytest.fixture(scope="module")
def tests(made: Project) -> dict[str, dict[str, Any]]:
    found = json.loads(made.printed("--project", "made", "flaky", "--all", "--json"))["tests"]
    return {test["node_id"]: test for test in found}


def factors(test: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["factor"]: found for found in test["correlations"]}


def test_how_often_it_failed_comes_first_and_then_the_bound_by_which_it_ranks(made: Project) -> None:
    out = made.printed("--project", "made", "flaky")
    (line,) = [line for line in out.splitlines() if POLLUTED in line]
    assert " ".join(line.split()).startswith("failed 8 of 24 (33%) 13% flaky ")
    assert "Ranked by the lower bound" in out
    rows = [line for line in out.splitlines() if "of 24 (" in line]
    bounds = [float(row.partition(")")[2].split()[0].rstrip("%")) for row in rows]
    assert bounds == sorted(bounds, reverse=True)


def test_its_most_frequent_failure_is_told_with_the_id_of_the_last(
    made: Project, tests: dict[str, dict[str, Any]]
) -> None:
    failure = tests[IN_A_LEG]["most_frequent_failure"]
    assert (failure["times"], failure["failures"], failure["error_code"]) == (8, 8, "AssertionError")
    last = failure["last_error_id"][-8:]
    assert f"AssertionError: assert 1 == 2  {last}" in made.printed("--project", "made", "flaky")
    assert IN_A_LEG in made.printed("--project", "made", "show", last)


def test_what_it_goes_together_with_is_told_where_that_is_significant(
    made: Project, tests: dict[str, dict[str, Any]]
) -> None:
    assert {test: list(factors(tests[test])) for test in (IN_A_LEG, SEEDED, POLLUTED, BY_CHANCE)} == {
        IN_A_LEG: ["leg"],
        SEEDED: ["hash_seed"],
        POLLUTED: ["earlier_test"],
        BY_CHANCE: [],
    }
    found = factors(tests[POLLUTED])["earlier_test"]
    assert (found["value"], found["failures"], found["attempts"]) == (POLLUTER, 8, 8)
    assert (found["other_failures"], found["other_attempts"]) == (0, 16)
    assert 0 < found["p_value"] <= found["q_value"] < 0.05
    out = made.printed("--project", "made", "flaky")
    assert "fails more often in leg py311: 8 of 12, otherwise 0 of 12 (q = " in out
    assert "fails more often with PYTHONHASHSEED=1: 8 of 12, otherwise 0 of 12" in out
    assert f"fails more often if {POLLUTER} ran before it: 8 of 8, otherwise 0 of 16" in out


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_columns_fold_and_node_ids_stay_whole(made: Project, columns: int) -> None:
    arguments = ("--no-pager", "--project", "made", "flaky", "--all")
    lines = called_in_terminal(made.folder, *arguments, columns=columns, **made.variables).text.splitlines()
    assert [line for line in lines if width_of(line) > columns and POLLUTED not in line] == []
    for test in (IN_A_LEG, BY_CHANCE, SEEDED, POLLUTED):
        assert any(test in line for line in lines), test
    assert sum("failed" in line and "of 24 (" in line for line in lines) == 4
    assert any("13%" in line for line in lines)
