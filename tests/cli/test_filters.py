"""The same options narrow every list: by branch, change, job, leg, session, time and test."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from click import Context

from pytest_debugloop.answers.connection import enter
from pytest_debugloop.answers.debugging import failure_to_debug
from pytest_debugloop.answers.differences import compared
from pytest_debugloop.answers.filters import TypedFilters, filters_of
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.lookup import find_test
from pytest_debugloop.answers.proving import case_of
from pytest_debugloop.answers.record import Record as Asked
from pytest_debugloop.answers.rerunning import recorded_failure
from pytest_debugloop.answers.test_selection import TestSelection
from pytest_debugloop.cli.app import debugloop
from pytest_debugloop.environment.identity import uuid_of
from pytest_debugloop.environment.providers import CHANGE, JOB, PROVIDER
from pytest_debugloop.errors import AmbiguousError
from pytest_debugloop.queries.exports import failures_of_run
from pytest_debugloop.queries.failures import failure_groups
from pytest_debugloop.queries.recoveries import flaky_tests, recoveries
from pytest_debugloop.queries.runs import runs
from tests.support.made_runs import START, MadeRun
from tests.support.projects import Project
from tests.support.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

CART, EMPTY, OTHER = (
    "tests/test_cart.py::test_full",
    "tests/test_cart.py::TestCart::test_empty[1]",
    "test_it.py::test_it",
)


def at(minutes: float) -> datetime:
    return datetime.fromtimestamp(START / 1e6, timezone.utc) + timedelta(minutes=minutes)


NIGHTLY, CI_RUN = uuid_of("nightly", "made"), uuid.UUID("0198a000-0000-4000-8000-00000badcafe")
OPEN, TWIN = "more.py::check_open_too", "more.py::check_twin"
NAMES = ("branch", "change", "job", "leg", "session", "since", "until", "test")
LISTS = ("runs", "failures", "flaky", "recoveries", "history", "slow", "compare", "check", "report", "export")


@pytest.fixture(scope="module")
def made(any_postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A record of two branches, two legs, two sessions, a change and a job; each test fails once and recovers."""
    unit = {PROVIDER: "gitlab", JOB: "unit"}
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        for run in (
            MadeRun({CART: False, OTHER: True}, 0, "main", "py311, linux", session=NIGHTLY),
            MadeRun({CART: True, OTHER: False}, 10, "main", "py311, linux", session=NIGHTLY),
            MadeRun({OTHER: True}, 20, "main", "py311, linux"),
            MadeRun({OPEN: False, "more.py::check_opened": True, TWIN: True}, 25, "aside", "py313"),
            MadeRun({TWIN: True}, 26, "aside", "py313", project="other"),
            MadeRun({EMPTY: False}, 30, "feature", "py312, linux", ci={**unit, CHANGE: "12"}, session=CI_RUN),
            MadeRun({EMPTY: True}, 40, "feature", "py312, linux", ci={**unit, CHANGE: "12"}, session=CI_RUN),
        ):
            run.load(record)
        record.connection.close()
        yield Project(tmp_path_factory.mktemp("made"), conninfo, schema)


@pytest.fixture(scope="module")
def asked(made: Project) -> Iterator[Asked]:
    with psycopg.connect(made.conninfo) as connection:
        enter(connection, made.schema)
        yield Asked(connection)


def answer(made: Project, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(made.printed("--project", "made", *arguments, "--json"))
    return found


@pytest.mark.parametrize(
    ("typed", "count", "failed", "recovered"),
    [
        ({"branch": "main"}, 3, {CART, OTHER}, {CART, OTHER}),
        ({"change": "12"}, 2, {EMPTY}, {EMPTY}),
        ({"change": "#12"}, 2, {EMPTY}, {EMPTY}),
        ({"job": "unit"}, 2, {EMPTY}, {EMPTY}),
        ({"leg": "py312"}, 2, {EMPTY}, {EMPTY}),
        ({"leg": "py311, linux"}, 3, {CART, OTHER}, {CART, OTHER}),
        ({"leg": "py3"}, 0, set(), set()),
        ({"session": "nightly"}, 2, {CART, OTHER}, {CART}),
        ({"session": "0badcafe"}, 2, {EMPTY}, {EMPTY}),
        ({"session": str(CI_RUN)}, 2, {EMPTY}, {EMPTY}),
        ({"since": at(5), "until": at(25)}, 2, {OTHER}, {CART, OTHER}),
        ({"until": at(-1)}, 0, set(), set()),
        ({"test": TestSelection("test_it.py")}, 3, {OTHER}, {OTHER}),
        ({"test": TestSelection("cart and not empty")}, 2, {CART}, {CART}),
        ({"test": TestSelection("tests/test_cart.py::TestCart")}, 2, {EMPTY}, {EMPTY}),
        ({"test": TestSelection("cart"), "branch": "main"}, 2, {CART}, {CART}),
    ],
)
def test_lists_are_narrowed(
    made: Project, asked: Asked, typed: dict[str, Any], count: int, failed: set[str], recovered: set[str]
) -> None:
    filters = asked.answer(
        filters_of(TypedFilters(**typed), "made", RecordLocation.from_settings({"debugloop_project": "made"}))
    )
    found = asked.fetch(runs(filters=filters))
    assert len(found) == count
    assert {group.last_node_id for group in asked.fetch(failure_groups(filters=filters))} == failed
    assert {test.node_id for test in asked.fetch(flaky_tests(filters=filters))} == failed
    assert {one.node_id for one in asked.fetch(recoveries(filters=filters))} == recovered
    exported = [row.node_id for run in found for row in asked.fetch(failures_of_run(run.id, filters.task_ids))]
    assert set(exported) == failed


def test_the_commands_ask_with_the_options(made: Project) -> None:
    options = ("--test", "cart", "--branch", "main", "--since", "2020-01-01", "--until", "now")
    assert len(answer(made, "runs", *options)["runs"]) == 2
    assert [group["last_node_id"] for group in answer(made, "failures", *options)["failures"]] == [CART]
    assert [test["node_id"] for test in answer(made, "flaky", "--all", *options)["tests"]] == [CART]
    assert [one["node_id"] for one in answer(made, "recoveries", *options)["recoveries"]] == [CART]
    rows = [json.loads(line) for line in made.printed("--project", "made", "export", *options).splitlines()]
    assert [row["kind"] for row in rows] == ["export", "run", "attempt", "recovery", "run", "attempt", "failure"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("runs",), "No runs match."),
        (("failures",), "No failures match."),
        (("recoveries",), "No recoveries match."),
        (("history", OTHER), "No attempts match."),
        (("flaky",), "No flaky tests are known among these."),
        (("slow",), "Too few runs to compare with --branch nowhere: "),
    ],
)
def test_that_nothing_is_left_is_not_said_of_the_whole_record(
    made: Project, command: tuple[str, ...], says: str
) -> None:
    assert says in made.printed("--project", "made", *command, "--branch", "nowhere")


def test_a_history_is_narrowed_and_its_test_named_as_for_pytest(made: Project) -> None:
    attempts = answer(made, "history", OTHER, "--session", "nightly")["attempts"]
    assert [attempt["failed"] for attempt in attempts] == [True, False]
    found = answer(made, "history", "--test", "it and not cart", "--since", str(at(15)))
    assert (found["test"]["node_id"], len(found["attempts"])) == (OTHER, 1)
    refused = made.debugloop("--project", "made", "history", "--test", "test")
    assert refused.returncode == 1
    assert all(name in refused.stderr for name in (CART, EMPTY, OTHER))


def test_runs_that_are_compared_for_their_times_are_narrowed(made: Project) -> None:
    found = answer(made, "slow", "--last", "2", "--leg", "py311", "--test", "cart")
    assert (found["last_runs"], found["runs_before"]) == (2, 1)
    assert "with --job unit: of the last 5" in made.printed("--project", "made", "slow", "--job", "unit")


def test_a_comparison_is_narrowed_and_its_side_named(made: Project) -> None:
    compared = answer(made, "compare", "--change", "12", "--until", str(at(35)))
    assert {test["node_id"]: test["change"] for test in compared["tests"]}[EMPTY] == "new_failure"
    compared = answer(made, "compare", "--session", "nightly", "--test", "test_it", "feature")
    assert {test["node_id"] for test in compared["tests"]} <= {OTHER}


@pytest.mark.parametrize("name", LISTS)
def test_every_list_has_the_options(name: str) -> None:
    command = debugloop.get_command(Context(debugloop), name)
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"-k", *(f"--{name}" for name in NAMES)} <= options


@pytest.mark.parametrize(
    ("options", "status", "says"),
    [
        (("--test", "a and"), 2, "neither a node id nor an expression as for pytest -k: at column 6"),
        (("--test", "nobody"), 1, "nobody"),
        (("--session", "nobody"), 1, "session nobody"),
        (("--since", "last week"), 2, "is not a time"),
    ],
)
def test_what_cannot_be_meant_is_said(made: Project, options: tuple[str, ...], status: int, says: str) -> None:
    refused = made.debugloop("--project", "made", "runs", *options)
    assert (refused.returncode, says in refused.stderr) == (status, True), refused.stderr


def test_a_session_is_shown_with_its_runs_leg_by_leg(made: Project) -> None:
    lines = made.printed("show", "0badcafe").splitlines()
    assert lines[0] == "session 0badcafe 2 runs: 1 failed, 1 passed"
    assert lines[2] == "py312, linux"
    found = answer(made, "show", str(CI_RUN))
    assert (found["kind"], found["session_id"], len(found["runs"])) == ("session", str(CI_RUN), 2)
    assert "1 failure, leg py312, linux" in made.printed("show", "0badcafe", "--brief")


def test_of_tests_of_several_projects_the_one_of_the_checkout_is_rerun_and_compared(any_postgres: Server) -> None:
    with any_postgres.record() as (conninfo, schema):
        record = Record(conninfo, schema)
        runs = [MadeRun({OPEN: True}, 0), MadeRun({OPEN: False}, 1)]
        here, there = ([run.but(project=project) for run in runs] for project in ("here", "there"))
        for one in (*here, *there):
            one.load(record)
        asked = Asked(record.connection)
        for steps in (recorded_failure(OPEN), case_of(OPEN), compared(OPEN, None, None), failure_to_debug(OPEN)):
            with pytest.raises(AmbiguousError):
                asked.answer(steps)
        assert asked.answer(recorded_failure(OPEN, here="here")).project == "here"
        assert asked.answer(case_of(OPEN, here="there")).failure.project == "there"
        assert asked.answer(compared(OPEN, None, None, "here")).comparison.after.run_id == here[1].id
        record.connection.close()


def test_of_tests_that_are_called_so_the_one_with_an_open_failure_is_meant(made: Project, asked: Asked) -> None:
    assert asked.answer(find_test("open", "made")).node_id == OPEN
    with pytest.raises(AmbiguousError):
        asked.answer(find_test("twin", None))
    assert asked.answer(find_test("twin", None, "other")).project == "other"
