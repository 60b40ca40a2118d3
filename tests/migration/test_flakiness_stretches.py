"""What the scores of tests are computed of: stretches of attempts that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.migration.simulated import NEAR, History

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.migration.conftest import Connection


@pytest.mark.parametrize(
    "tell",
    [
        lambda history: history.attempts("test_it", "PPPFxPPFPPrPPFPP"),
        lambda history: history.commits("test_it", "PPPFPPPPFFPPPPFPPPF", {"commits": ["a", "b"]}),
        lambda history: history.commits("test_it", "PPPPFFFFFPPPPPPPPP", NEAR),
        lambda history: [history.commits("test_it", o, NEAR, leg=leg) for leg, o in (("a", "PPFF"), ("b", "PPFPFPP"))],
        lambda history: history.attempts("test_it", "PFPFP", incident=True),
    ],
)
def test_one_test_is_weighed_as_all_are(history: History, tell: Callable[[History], object]) -> None:
    tell(history)
    row = history.score("test_it")
    (found,) = history.connection.execute(
        "SELECT sum(attempts), coalesce(sum(attempts) FILTER (WHERE failed), 0), debug_failure_rate_quantile("
        "0.05, round(coalesce(sum(flake * occasions), 0)::numeric, 2)::double precision,"
        " sum(occasions) FILTER (WHERE NOT failed)::double precision)"
        " FROM debug_weighed_stretches(%s, NULL)",
        (row["task_id"],),
    ).fetchall()
    assert found == (row["attempts"], row["failures"], pytest.approx(row["score"], abs=6e-5))


@pytest.mark.parametrize("view", ["debug_scored_tests", "debug_test_legs", "debug_test_stretches"])
def test_the_formula_of_stretches_is_put_into_the_statement_that_asks(migrated: Connection, view: str) -> None:
    # Called as a function, it would be planned for one test and run for each: no run would be read once for all.
    plan = "\n".join(str(line) for (line,) in migrated.execute(f"EXPLAIN SELECT * FROM {view}".encode()))
    assert "debug_success_events" in plan
    assert "Function Scan" not in plan


def test_many_stretches_that_are_alike_are_weighed_once(history: History) -> None:
    history.attempts("test_it", "PFPFPFPFPPFFPPFFP")
    task = history.score("test_it")["task_id"]
    each = history.connection.execute(
        "SELECT debug_flake_chances(ARRAY[1,1,2,2]::bigint[], ARRAY[0,0,0,0]::bigint[], ARRAY[.1,.1,.2,.2]::float8[],"
        " ARRAY[1,1,1,1]::bigint[], 9)"
    ).fetchall()
    alike = history.connection.execute(
        "SELECT debug_flake_chances(ARRAY[1,2]::bigint[], ARRAY[0,0]::bigint[], ARRAY[.1,.2]::float8[],"
        " ARRAY[2,2]::bigint[], 9)"
    ).fetchall()
    assert each[0][0] == pytest.approx([alike[0][0][place] for place in (0, 0, 1, 1)])
    found = history.connection.execute(
        "SELECT DISTINCT occasions, round(flake::numeric, 6) FROM debug_weighed_stretches(%s, NULL) WHERE failed",
        (task,),
    ).fetchall()
    assert len(found) == 2


@pytest.mark.parametrize("most", [None, 100])
def test_an_attempt_that_passed_and_failed_is_a_failure(history: History, most: int | None) -> None:
    history.attempts("test_it", "PFPF")
    # A pass of the call, and a failure of the teardown; and a pass of a program's run, which is of none here.
    history.connection.execute(
        "INSERT INTO debug_success_events (correlation_id, run_id, task_id, operation_name, occurred_at, success_type,"
        " agent_name, retry_count) SELECT e.correlation_id, run.id, e.task_id, e.operation_name, e.occurred_at,"
        " 'validation_pass', 'pytest', 0 FROM debug_error_events AS e,"
        " unnest(ARRAY[e.run_id, NULL]) AS run (id)"
    )
    found = history.connection.execute(
        "SELECT failed, attempts FROM debug_stretches_of(debug_task_id('p', 'test_it'), %s) ORDER BY first_at", (most,)
    ).fetchall()
    assert found == [(False, 1), (True, 1), (False, 1), (True, 1)]
