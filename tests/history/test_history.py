"""A real suite over a scripted history: the record tells what made each test fail and pass again, by name."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_debugloop.answers.record import Record as Asked
from pytest_debugloop.loading.run import RunLoading
from pytest_debugloop.queries.recoveries import attempts_of_test, fix_causes, flaky_tests, recovery_patterns
from tests.history import faults
from tests.history.scripted import FILES, NEW, OLD, History, fingerprint, play, suite_with, whole_suite
from tests.suites.environments import build_project, default_cache, environment, skip_if_unavailable
from tests.support import groups
from tests.support.records import Record
from tests.support.servers import Server

pytestmark = [groups.suites, pytest.mark.slow]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """The journals of all runs: those that code and plan as they are now left the last time, or made anew."""
    is_whole = os.environ.get("DEBUGLOOP_TEST_SUITES") == "all"
    kept = default_cache() / f"history-{fingerprint(is_whole=is_whole)}"
    if not kept.is_dir():
        with skip_if_unavailable():
            environments = {version: environment(suite_with(version), default_cache()) for version in (OLD, NEW)}
            site = build_project()
        folder = environments[NEW].unpack(tmp_path_factory.mktemp("jinja"))
        made = History(folder)
        play(made, environments, site, tmp_path_factory.mktemp("journals"), whole_suite(folder) if is_whole else FILES)
        made.keep(kept)
    return History(kept, sorted(kept.glob("*/*")))


def load(record: Record, journals: list[Path], folder: Path) -> None:
    """Load copies of journals in the order given."""
    for journal in journals:
        run = RunLoading(Path(shutil.copytree(journal, folder / journal.name, dirs_exist_ok=True)))
        assert run.has_ended()
        run.complete(record.loader)


@pytest.fixture(scope="module")
def record(any_postgres: Server, history: History, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """The history, loaded in another order than it happened in."""
    with any_postgres.schema() as schema:
        made = Record(any_postgres.conninfo, schema)
        load(made, shuffled(history), tmp_path_factory.mktemp("shuffled"))
        yield made
        made.connection.close()


def shuffled(history: History) -> list[Path]:
    return random.Random(7).sample(history.journals, len(history.journals))


def recoveries(record: Record, test: str) -> list[tuple[str, float, dict[str, Any], str]]:
    """Strategy, confidence, evidence and path of each recovery of a test, in order."""
    rows = record.connection.execute(
        "SELECT c.recovery_strategy, c.confidence_score, c.evidence, c.recovery_path"
        " FROM debug_error_success_correlation AS c JOIN debug_error_events AS e ON e.id = c.error_event_id"
        " WHERE e.operation_name = %s ORDER BY e.occurred_at",
        (test,),
    ).fetchall()
    return [(strategy, float(confidence), evidence, path) for strategy, confidence, evidence, path in rows]


def test_the_history_has_at_least_thirty_runs_and_all_are_stored(record: Record, history: History) -> None:
    assert len(history.journals) >= 30
    assert record.value("SELECT count(*) FROM debug_runs WHERE code_version IS NOT NULL") == len(history.journals)
    assert record.value("SELECT count(*) FROM debug_rejected_lines") == 0
    assert record.value("SELECT count(DISTINCT code_version) FROM debug_runs") == 3


@pytest.mark.parametrize(
    ("test", "function", "failures"),
    [
        ("tests/test_filters.py::TestFilter::test_wordcount", "do_wordcount", 3),
        ("tests/test_filters.py::TestFilter::test_center", "do_center", 2),
    ],
)
def test_a_broken_line_is_a_code_change_of_its_function(
    record: Record, test: str, function: str, failures: int
) -> None:
    found = recoveries(record, test)
    assert [strategy for strategy, *_ in found] == ["code_change"] * failures
    for _, confidence, evidence, path in found:
        assert confidence > 0.6
        assert path == f"{function} in src/jinja2/filters.py was changed"
        (changed,) = evidence["code"]
        assert (changed["file"], changed["function"]) == ("src/jinja2/filters.py", function)
        assert "+ 1" in changed["diff"]
        assert len(evidence["commits"]) == 2


def test_an_older_dependency_is_named_with_its_versions(record: Record) -> None:
    found = recoveries(record, faults.NEEDS_NEW_MARKUPSAFE)
    assert [strategy for strategy, *_ in found] == ["dependency_change"] * 2
    assert found[0][2]["distributions"] == {"markupsafe": [OLD, NEW]}
    assert found[0][3] == f"distribution: markupsafe from {OLD} to {NEW}"


def test_an_environment_variable_is_named_with_its_values(record: Record) -> None:
    found = recoveries(record, faults.NEEDS_REGION)
    assert [strategy for strategy, *_ in found] == ["environment_change"] * 3
    assert found[0][2]["environment"] == {"HISTORY_REGION": ["eu", None]}


def test_a_polluter_is_named(record: Record) -> None:
    found = recoveries(record, faults.VICTIM)
    assert [strategy for strategy, *_ in found] == ["order_change"] * 3
    assert all(
        faults.POLLUTER in evidence["order"]["polluters"]
        for _, _, evidence, _ in found
        if "polluters" in evidence["order"]
    )
    assert found[-1][1] > found[0][1]


@pytest.mark.parametrize("test", faults.FLAKY)
def test_what_the_dice_did_is_a_flake(record: Record, test: str) -> None:
    found = recoveries(record, test)
    assert found
    by_difference = [one for one in found if one[0] not in ("retry", "rerun")]
    # A commit, a version or an order that changed between two throws is evidence, and is not believed.
    assert all(confidence < 0.5 for _, confidence, *_ in by_difference)
    assert {"rerun"} <= {strategy for strategy, *_ in found}


def test_each_test_is_of_its_class(record: Record) -> None:
    classes = {str(name): str(found) for name, found in record.rows("SELECT node_id, class FROM debug_flaky_tests")}
    assert {classes[test] for test in faults.FLAKY} <= {"flaky", "newly flaky"}
    assert classes["tests/test_filters.py::TestFilter::test_wordcount"] == "fixed"
    assert classes["tests/test_filters.py::TestFilter::test_center"] == "fixed"
    others = {name for name, found in classes.items() if found != "stable"}
    assert others <= {
        *faults.FLAKY,
        faults.VICTIM,
        faults.NEEDS_REGION,
        "tests/test_filters.py::TestFilter::test_wordcount",
        "tests/test_filters.py::TestFilter::test_center",
    }


def test_the_questions_are_answered_from_a_real_history(record: Record) -> None:
    answers = Asked(record.connection)
    ranked = {test.node_id: test for test in answers.fetch(flaky_tests())}
    assert set(faults.FLAKY) <= set(list(ranked)[:5])
    wordcount = ranked["tests/test_filters.py::TestFilter::test_wordcount"]
    attempts = answers.fetch(attempts_of_test(wordcount.task_id))
    assert (len(attempts), sum(attempt.failed for attempt in attempts)) == (wordcount.attempts, 3)
    assert [attempt.ended_at for attempt in attempts] == sorted((a.ended_at for a in attempts), reverse=True)
    causes = {(cause.kind, cause.name): cause.errors_recovered for cause in answers.fetch(fix_causes())}
    assert causes["function", "do_wordcount"] == 3
    assert causes["distribution", "markupsafe"] >= 2
    patterns = answers.fetch(recovery_patterns())
    dice = [pattern for pattern in patterns if pattern.dominant_strategy == "rerun"]
    assert dice
    assert all(pattern.share_by_itself > 0.5 for pattern in dice)
    total = record.value("SELECT count(*) FROM debug_error_success_correlation")
    assert sum(pattern.errors_recovered for pattern in patterns) == total


@pytest.mark.thorough  # tests/loading/test_lines.py loads small histories in any order
def test_the_order_of_loading_changes_nothing(
    record: Record, history: History, any_postgres: Server, tmp_path: Path
) -> None:
    # The late run that an edge names is noted once a day.
    late = {"debug_graph_edges": {"last_run_id", "last_seen_at"}}
    expected = record.content(**late)
    with any_postgres.schema() as schema:
        other = Record(any_postgres.conninfo, schema)
        load(other, history.journals, tmp_path)
        once = other.content(**late)
        load(other, shuffled(history)[::4], tmp_path)
        twice = other.content(**late)
        other.connection.close()
    for table, rows in expected.items():
        assert once[table] == rows, table
        assert twice[table] == rows, f"{table}, loaded twice"
