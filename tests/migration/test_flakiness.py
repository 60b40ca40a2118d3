"""The scores of tests, held against what can be worked out by hand."""

from __future__ import annotations

import json
import math
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.migration.conftest import Connection

BEGIN = datetime(2026, 1, 1, tzinfo=timezone.utc)


def quantile(connection: Connection, probability: float, a: float, b: float) -> float:
    row = connection.execute("SELECT debug_beta_quantile(%s, %s, %s)", (probability, a, b)).fetchone()
    assert row is not None
    return float(row[0])


@pytest.mark.parametrize("probability", [0.001, 0.05, 0.5, 0.95, 0.999])
def test_quantiles_of_beta_distributions_that_have_a_closed_form(migrated: Connection, probability: float) -> None:
    for b in (1, 2, 30, 1_000):
        assert quantile(migrated, probability, 1, b) == pytest.approx(1 - (1 - probability) ** (1 / b), rel=1e-7)
        assert quantile(migrated, probability, b, 1) == pytest.approx(probability ** (1 / b), rel=1e-7)
    arcsine = math.sin(math.pi * probability / 2) ** 2
    assert quantile(migrated, probability, 0.5, 0.5) == pytest.approx(arcsine, rel=1e-6)


@pytest.mark.parametrize(("a", "b"), [(0.15, 9.85), (1.15, 10.85), (40.15, 369.85), (0.15, 1e5), (2_000.15, 9.85)])
def test_quantiles_are_in_order_and_within_their_bounds(migrated: Connection, a: float, b: float) -> None:
    found = [quantile(migrated, probability, a, b) for probability in (0.01, 0.05, 0.5, 0.95, 0.99)]
    assert found == sorted(found)
    assert 0 <= found[0] <= found[-1] <= 1


def test_one_failure_in_two_attempts_does_not_outrank_forty_in_four_hundred(migrated: Connection) -> None:
    low = "SELECT debug_failure_rate_quantile(0.05, 1, 1), debug_failure_rate_quantile(0.05, 40, 360)"
    row = migrated.execute(low).fetchone()
    assert row is not None
    assert row[0] < row[1]
    # With the prior of Jeffreys it would.
    assert quantile(migrated, 0.05, 1.5, 1.5) > quantile(migrated, 0.05, 40.5, 360.5)


class History:
    """Attempts of tests, each in a run of its own."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.now = BEGIN
        self.runs: list[uuid.UUID] = []

    def attempts(
        self,
        test: str,
        outcomes: str,
        code: str = "code",
        step: timedelta = timedelta(minutes=1),
        branch: str = "main",
        leg: str = "",
        **error: Any,
    ) -> None:
        """Add attempts, each in a run of its own: P for one that passed, F for one that failed.

        A run of ``r`` is one of the run before: it was tried again there, and passed, or failed for ``x``.
        """
        task = self._one("SELECT debug_task_id('p', %s)", test)
        self.connection.execute(
            "INSERT INTO debug_tasks (id, project, operation_name, node_id) VALUES (%s, 'p', %s, %s)"
            " ON CONFLICT DO NOTHING",
            (task, test, test),
        )
        run, attempt = uuid.uuid4(), 1
        for outcome in outcomes:
            self.now += step
            if outcome in "PF":
                run, attempt = uuid.uuid4(), 1
                self.runs.append(run)
                self.connection.execute(
                    "INSERT INTO debug_runs (id, correlation_id, project, started_at, code_version, conditions,"
                    " git_branch, leg) VALUES (%s, %s, 'p', %s, %s, %s, %s, %s)",
                    (run, run, self.now, code, code or run, branch, leg),
                )
            else:
                attempt += 1
            if outcome in "Pr":
                self.connection.execute(
                    "INSERT INTO debug_success_events (correlation_id, run_id, task_id, operation_name, occurred_at,"
                    " success_type, agent_name, retry_count)"
                    " VALUES (%s, %s, %s, %s, %s, 'validation_pass', 'pytest', %s)",
                    (run, run, task, test, self.now, attempt - 1),
                )
            else:
                metadata = {"attempt": attempt, "phase": "call", **({"incident": 12} if error.get("incident") else {})}
                self.connection.execute(
                    "INSERT INTO debug_error_events (correlation_id, run_id, task_id, error_type, error_category,"
                    " error_severity, error_message, agent_name, operation_name, metadata, occurred_at)"
                    " VALUES (%s, %s, %s, 'execution_error', 'agent', 'high', 'no', 'pytest', %s, %s, %s)",
                    (run, run, task, test, json.dumps(metadata), self.now),
                )

    def commits(
        self,
        test: str,
        outcomes: str,
        evidence: dict[str, Any] | None = None,
        branch: str = "main",
        leg: str = "",
    ) -> None:
        """Add attempts, each on a commit of its own.

        Args:
            test: its name.
            outcomes: of its attempts.
            evidence: what was different wherever the verdict changed; None where nobody looked.
            branch: of the runs.
            leg: of the runs.
        """
        first = len(self.runs)
        for outcome in outcomes:
            self.attempts(test, outcome, "", branch=branch, leg=leg)
        if evidence is None:
            return
        told = json.dumps(evidence)
        task = self._one("SELECT debug_task_id('p', %s)", test)
        for place_of, (before, after) in enumerate(pairwise(outcomes), first):
            runs = task, self.runs[place_of + 1], self.runs[place_of]
            if (before, after) == ("P", "F"):
                self.connection.execute("INSERT INTO debug_failure_onsets VALUES (%s, %s, %s, %s)", (*runs, told))
            elif (before, after) == ("F", "P"):
                self.connection.execute(
                    "INSERT INTO debug_error_success_correlation (error_event_id, success_event_id, correlation_id,"
                    " task_id, recovery_strategy, confidence_score, evidence, correlated_at)"
                    " SELECT e.id, s.id, s.correlation_id, e.task_id, %s, 0.6, %s, s.occurred_at"
                    " FROM debug_error_events AS e JOIN debug_success_events AS s USING (task_id)"
                    " WHERE e.task_id = %s AND s.run_id = %s AND e.run_id = %s",
                    ("code_change" if evidence.get("code") else "rerun", told, *runs),
                )

    def recovered(self, test: str, strategy: str, confidence: float) -> None:
        """Link the last error of a test with its last success."""
        self.connection.execute(
            "INSERT INTO debug_error_success_correlation (error_event_id, success_event_id, correlation_id, task_id,"
            " recovery_strategy, confidence_score, correlated_at)"
            " SELECT e.id, s.id, s.correlation_id, e.task_id, %s, %s, s.occurred_at"
            " FROM debug_error_events AS e JOIN debug_success_events AS s USING (task_id)"
            " WHERE e.operation_name = %s ORDER BY e.occurred_at DESC, s.occurred_at DESC LIMIT 1",
            (strategy, confidence, test),
        )

    def recently_flaky(self, test: str) -> bool:
        """Give whether a test is flaky by its latest attempts."""
        statement = "SELECT is_flaky FROM debug_recent_flakiness(debug_task_id('p', %s), 120)"
        return bool(self._one(statement, test))

    def score(self, test: str) -> dict[str, Any]:
        """Give the row of a test."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute("SELECT * FROM debug_flaky_tests WHERE node_id = %s", (test,)).fetchall()
        (row,) = found
        return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}

    def _one(self, query: str, *values: object) -> Any:
        row = self.connection.execute(query.encode(), values).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
def history(migrated: Connection) -> History:
    return History(migrated)


@pytest.mark.parametrize(("outcomes", "rate"), [("PPPFF", 0.25), ("PFPFP", 1.0), ("PPPPPFFFFF", 1 / 9)])
def test_the_flip_rate_counts_changes_of_the_verdict(history: History, outcomes: str, rate: float) -> None:
    history.attempts("test_it", outcomes)
    assert history.score("test_it")["flip_rate"] == pytest.approx(rate, abs=1e-3)


def test_one_attempt_has_no_flip_rate(history: History) -> None:
    history.attempts("test_it", "F")
    assert history.score("test_it")["flip_rate"] is None


def test_red_then_green_by_a_commit_is_no_flip(history: History) -> None:
    history.attempts("test_it", "FF", "before")
    history.attempts("test_it", "PP", "after")
    row = history.score("test_it")
    assert (row["flip_rate"], row["entropy"], row["good_failures"]) == (0, 0, 0)


@pytest.mark.parametrize(("outcomes", "entropy"), [("PF", 1.0), ("PPFFFF", 0.918), ("FFFF", 0.0)])
def test_the_entropy_is_that_of_the_share_of_failures(history: History, outcomes: str, entropy: float) -> None:
    history.attempts("test_it", outcomes)
    assert history.score("test_it")["entropy"] == pytest.approx(entropy, abs=1e-3)


def test_what_lies_two_weeks_back_counts_half(history: History) -> None:
    history.attempts("test_it", "PF", "old")
    history.now += timedelta(days=14)
    history.attempts("test_it", "PP", "new")
    assert history.score("test_it")["flip_rate"] == pytest.approx(0.5 / 1.5, abs=1e-3)


def test_a_test_that_never_failed_is_stable(history: History) -> None:
    history.attempts("test_it", "PPPPP")
    row = history.score("test_it")
    assert (row["class"], row["attempts"], row["failures"]) == ("stable", 5, 0)


def test_a_test_that_fails_now_and_then_on_one_code_is_flaky(history: History) -> None:
    history.attempts("test_it", "PFPPFPPPPFPP")
    row = history.score("test_it")
    assert row["class"] == "flaky"
    assert row["flakiness_low"] < row["flakiness"] < row["flakiness_high"]
    assert row["failure_rate"] == pytest.approx(0.25)


def test_a_test_that_the_last_code_broke_is_broken_and_no_flake(history: History) -> None:
    history.attempts("test_it", "P" * 30, "good")
    history.attempts("test_it", "FFF", "bad")
    row = history.score("test_it")
    assert row["class"] == "broken"
    assert row["broken_probability"] > 0.99
    assert row["good_failures"] == 0


def test_a_test_that_a_commit_mended_is_fixed(history: History) -> None:
    history.attempts("test_it", "P" * 10, "good")
    history.attempts("test_it", "FF", "bad")
    history.attempts("test_it", "P", "mended")
    history.recovered("test_it", "code_change", 0.9)
    assert history.score("test_it")["class"] == "fixed"


def test_a_test_that_began_to_fail_is_newly_flaky_since_the_run_in_which_it_did(history: History) -> None:
    history.attempts("test_it", "P" * 40, "old")
    history.attempts("test_it", "PF", "new")
    since = history.connection.execute("SELECT run_id FROM debug_error_events").fetchall()
    history.attempts("test_it", "PFPFFP", "new")
    row = history.score("test_it")
    assert row["class"] == "newly flaky"
    assert [(row["flaky_since_run"],)] == since


def test_an_incident_says_nothing_of_a_test(history: History) -> None:
    history.attempts("test_it", "P" * 10)
    history.attempts("test_it", "FFF", incident=True)
    history.attempts("test_it", "P" * 10)
    row = history.score("test_it")
    assert (row["class"], row["failures"], row["flip_rate"]) == ("stable", 0, 0)


NEAR = {"code": [{"file": "shop.py", "function": "price", "reached_from": "frame", "distance": 1}]}
FAR = {"code": [{"file": "shop.py", "function": "price", "reached_from": "test", "distance": 6}]}
NOTHING: dict[str, Any] = {"commits": ["a", "b"]}
NOW_AND_THEN = "P" * 10 + "F" + "P" * 10 + "F" + "P" * 20 + "F" + "P" * 9 + "F" + "P" * 50


@pytest.mark.parametrize("evidence", [None, NOTHING, FAR], ids=["nobody looked", "nothing differs", "far away"])
def test_a_test_that_fails_now_and_then_is_flaky_where_each_run_has_its_own_commit(
    history: History, evidence: dict[str, Any] | None
) -> None:
    history.commits("test_it", NOW_AND_THEN, evidence)
    row = history.score("test_it")
    assert row["class"] == "flaky"
    assert 0.02 < row["flakiness"] < 0.06


def test_changes_of_the_verdict_on_commits_that_do_not_touch_the_test_are_flips(history: History) -> None:
    history.commits("test_untouched", NOW_AND_THEN, NOTHING)
    history.commits("test_touched", NOW_AND_THEN, NEAR)
    untouched, touched = history.score("test_untouched"), history.score("test_touched")
    assert untouched["flip_rate"] == pytest.approx(8 / (len(NOW_AND_THEN) - 1), rel=0.02)
    assert untouched["entropy"] > 0.2
    assert (touched["flip_rate"], touched["entropy"]) == (0, 0)


@pytest.mark.parametrize(
    "outcomes",
    [
        "PPPPPPPPPPPPFFFFFPPPPPPPPPPPP",
        "PPPPPPFFFPPPPPPPPPPPFFPPPPPPPPPPFFFFPPPPPPPP",
        "PPPPPPPPFPPPPPPPPPP",
        "FFFFFPPPPPPP",
    ],
)
@pytest.mark.parametrize("evidence", [None, NEAR], ids=["nobody looked", "near"])
def test_a_test_that_commits_broke_and_mended_is_not_called_flaky(
    history: History, outcomes: str, evidence: dict[str, Any] | None
) -> None:
    history.commits("test_it", outcomes, evidence)
    assert history.score("test_it")["class"] in ("stable", "fixed")


def test_one_long_failure_without_a_known_cause_is_not_called_flaky(history: History) -> None:
    history.commits("test_it", "P" * 40 + "F" * 8 + "P" * 40, NOTHING)
    assert history.score("test_it")["class"] == "stable"


def test_a_service_that_is_away_now_and_then_makes_a_test_flaky(history: History) -> None:
    history.commits("test_it", "P" * 10 + "FFF" + "P" * 20 + "FF" + "P" * 20 + "FFFF" + "P" * 20, NOTHING)
    assert history.score("test_it")["class"] == "flaky"


def test_a_flaky_test_that_is_broken_now_is_told_as_broken_and_was_flaky(history: History) -> None:
    history.commits("test_it", NOW_AND_THEN, NOTHING)
    history.commits("test_it", "F" * 9)
    row = history.score("test_it")
    assert row["class"] == "broken"
    assert row["good_failures"] == 4


def test_the_last_commits_broke_it(history: History) -> None:
    history.commits("test_it", "P" * 30 + "FF", NEAR)
    row = history.score("test_it")
    assert (row["class"], row["good_failures"]) == ("broken", 0)


def test_flaky_tests_rank_above_those_that_commits_broke(history: History) -> None:
    history.commits("test_once", "P" * 60 + "F" + "P" * 59, NOTHING)
    history.commits("test_mended", "P" * 60 + "F" + "P" * 59, NEAR)
    history.commits("test_broken", "P" * 117 + "FFF", NEAR)
    scores = [history.score(test)["score"] for test in ("test_once", "test_mended", "test_broken")]
    assert scores[0] > max(scores[1:])


def test_a_retry_proves_a_flake_and_is_no_occasion_of_its_own(history: History) -> None:
    history.attempts("test_it", "PPPPFrPPPPFrPPPPFxrPPPP")
    row = history.score("test_it")
    assert (row["class"], row["attempts"], row["failures"], row["good_failures"]) == ("flaky", 23, 4, 3)
    # As if it had not been tried again: 3 of 19 runs.
    assert row["flakiness"] == pytest.approx(self_scored(history, 3, 16), abs=6e-5)


def self_scored(history: History, failures: int, passes: int) -> float:
    row = history.connection.execute(
        "SELECT debug_failure_rate_quantile(0.5, %s::bigint, %s::bigint)", (failures, passes)
    ).fetchone()
    assert row is not None
    return float(row[0])


def test_a_test_that_fails_with_all_its_retries_on_the_last_code_is_broken(history: History) -> None:
    history.attempts("test_it", "P" * 30, "good")
    history.attempts("test_it", "Fxx", "bad")
    assert history.score("test_it")["class"] == "broken"


def test_a_pass_with_other_options_does_not_make_the_same_code_good(history: History) -> None:
    history.attempts("test_it", "PPPPPPFFFP")
    history.recovered("test_it", "option_change", 0.9)
    history.connection.execute(
        "UPDATE debug_error_success_correlation SET evidence = %s", (json.dumps({"options": {"-W": ["error", None]}}),)
    )
    assert history.score("test_it")["class"] == "stable"


def test_a_branch_that_breaks_a_test_beside_one_that_does_not_makes_no_flake(history: History) -> None:
    for _ in range(8):
        history.commits("test_it", "P", branch="main")
        history.commits("test_it", "F", branch="feature")
    row = history.score("test_it")
    assert row["class"] not in ("flaky", "newly flaky")


def test_a_test_that_is_broken_in_one_leg_is_no_flake(history: History) -> None:
    for _ in range(8):
        history.commits("test_it", "P", leg="py312")
        history.commits("test_it", "F", leg="py313")
    row = history.score("test_it")
    assert (row["class"], row["good_failures"]) == ("broken", 0)


def test_code_that_breaks_a_test_on_several_lines_at_once_makes_no_flake(history: History) -> None:
    for leg in ("py312", "py313"):
        history.attempts("test_it", "PPPPP", "good", leg=leg)
    # On main, and on a branch that has merged it: four lines that fail for the first time, each once.
    for branch, code in (("main", "bad"), ("feature", "merged")):
        for leg in ("py312", "py313"):
            history.attempts("test_it", "F", code, branch=branch, leg=leg)
    row = history.score("test_it")
    assert row["class"] not in ("flaky", "newly flaky")
    assert not history.recently_flaky("test_it")
    # Where it passes on the same code elsewhere, it is.
    history.attempts("test_it", "PPPP", "bad", branch="main", leg="py312")
    assert history.recently_flaky("test_it")


@pytest.mark.parametrize(("failures", "passes"), [(0.0, 5e5), (0.5, 5e5), (499.0, 501.0), (5e5, 1.0), (2.37, 1e5)])
def test_quantiles_of_any_counts_are_in_order(migrated: Connection, failures: float, passes: float) -> None:
    row = migrated.execute(
        "SELECT debug_failure_rate_quantile(0.05, f, p), debug_failure_rate_quantile(0.5, f, p),"
        " debug_failure_rate_quantile(0.95, f, p) FROM (VALUES (%s::float8, %s::float8)) AS v (f, p)",
        (failures, passes),
    ).fetchone()
    assert row is not None
    assert 0 <= row[0] <= row[1] <= row[2] <= 1


def test_a_nearer_change_is_a_likelier_cause(migrated: Connection) -> None:
    told = [
        {"verified": {"strategy": "code_change"}, **NEAR},
        NEAR,
        {"code": [{"reached_from": "test", "distance": 3}]},
        {"code": [{"reached_from": "test", "distance": 4}]},
        FAR,
        {"code_not_run": [{}]},
        NOTHING,
    ]
    rows = [
        migrated.execute("SELECT debug_change_ratio('code_change', 0.5, %s)", (json.dumps(one),)).fetchone()
        for one in told
    ]
    ratios = [row[0] for row in rows if row is not None]
    assert ratios == sorted(ratios, reverse=True)
    assert len(set(ratios)) == len(told)


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


def test_legs_are_told_apart_by_what_they_came_to_last(history: History) -> None:
    history.commits("test_it", "PPPPPPPPFF", NEAR, leg="py311")
    history.commits("test_it", "PPPPPPFPPPPPPPPFPPPFP", {"commits": ["a", "b"]}, leg="py312")
    history.commits("test_it", "PPPPPPPP", leg="py313")
    found = history.connection.execute("SELECT leg, class, failures_since_pass FROM debug_test_legs ORDER BY leg")
    assert found.fetchall() == [("py311", "broken", 2), ("py312", "flaky", 0), ("py313", "stable", 0)]


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
