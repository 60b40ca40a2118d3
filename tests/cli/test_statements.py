"""How many statements each command sends: as many for one failure as for a thousand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from psycopg.conninfo import make_conninfo

from pytest_debugloop.database.embedded import embedded_server

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.projects import Project

_SENT = re.compile(rb"LOG:  (?:execute [^:]*|statement): (.*(?:\n\t.*)*)")


class Watched:
    """A record whose server logs what it is asked."""

    def __init__(self, shop: Project, dsn: str, log: Path) -> None:
        self._shop = shop
        self._dsn = dsn
        self._log = log

    def sent(self, *arguments: str) -> list[str]:
        """Give what a command sends once it has entered the record: the first line of each statement."""
        sent = self.all_sent(*arguments)
        entered = max(place for place, statement in enumerate(sent) if "schema_migrations" in statement)
        return [one for one in sent[entered + 1 :] if one.split()[0] not in ("COMMIT", "ROLLBACK", "RELEASE")]

    def all_sent(self, *arguments: str, returncode: int = 0) -> list[str]:
        """Give all that a command sends."""
        before = self._log.stat().st_size
        done = self._shop.debugloop(*arguments, DEBUGLOOP_DSN=self._dsn, DEBUGLOOP_PROJECT="shop")
        assert done.returncode == returncode, done
        with self._log.open("rb") as log:
            log.seek(before)
            return [match[1].split(b"\n")[0].decode() for match in _SENT.finditer(log.read())]


@pytest.fixture(scope="module")
def watched(shop: Project) -> Iterator[Watched]:
    folder = shop.folder / ".debugloop"
    with embedded_server(folder) as conninfo:
        yield Watched(shop, make_conninfo(conninfo, options="-c log_statement=all"), folder / "postgres.log")


PROJECT = "Give the project that is called so"
FIND = "Find what has an id"
RUNS = "List runs"
FAILURES = "List failures"
RECOVERIES = "List recoveries"
NOTES = "Give what was recorded in a run"
TEST = [
    "Find tests by their node id",
    "List the attempts of a test",
    "Tell how tests do in each leg",
    "Give what a test recorded",
    FAILURES,
]
COMPARISON = [
    "Give a failure as one side",
    "Give a pass as one side",
    *["Give what a run was run on"] * 2,
    *["Give a snapshot"] * 2,
    *["Name the tests that began"] * 2,
]
COMPARED_RUNS = ["Give the runs of one side", "Name the branch that others", "Give the runs of one side"]
COMPARED_TESTS = ["List the tests that two sides", "List the tests whose call took longer"]
FLAKY = [
    PROJECT,
    "Rank the tests",
    "Say what the failures",
    "Tell how tests do in each leg",
    "Tell how each test fails",
    "Tell on what",
    "Name the tests that began before some",
]
PAGES = ["FETCH", "CLOSE"]
ATTEMPTS = ["List the attempts of tests in a run", *PAGES]
FAILURES_OF_RUN = ["List the failures of a run", *PAGES]
RECOVERIES_OF_RUN = ["List the recoveries that happened in a run", *PAGES]
EXPORT = [PROJECT, RUNS, "List the attempts of tests in a run", *["List the failures of a run"] * 2, "FETCH", "CLOSE"]


@pytest.fixture(scope="module")
def ids(shop: Project) -> dict[str, str]:
    """The ids of what the record has."""
    shown = json.loads(shop.printed("show", "--json"))
    recovery = json.loads(shop.printed("recoveries", "--json"))["recoveries"][0]
    fixed = json.loads(shop.printed("recoveries", "--strategy", "code_change", "--json"))["recoveries"][0]
    failures = [one["failure"] for one in shown["failures"]]
    assert len(failures) > 3
    return {
        "RUN": shown["run"]["id"],
        "END": shown["run"]["id"][-8:],
        "ERROR": recovery["error_event_id"],
        "TEST": failures[0]["task_id"],
        "SNAPSHOT": failures[0]["snapshot_id"],
        "RECOVERY": recovery["id"],
        "FIXED": fixed["id"],
    }


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        ("show", [PROJECT, RUNS, FAILURES, NOTES]),
        ("show --json", [PROJECT, RUNS, FAILURES, FAILURES, RECOVERIES, NOTES]),
        ("show --brief", [PROJECT, RUNS, FAILURES, "Find functions"]),
        ("show RUN", [FIND, RUNS, FAILURES, NOTES]),
        ("show END", [FIND, RUNS, FAILURES, NOTES]),
        ("show ERROR", [FIND, FAILURES, RECOVERIES]),
        ("show ERROR --json", [FIND, FAILURES, RECOVERIES]),
        ("show TEST", [FIND, "Give a test", *TEST[1:]]),
        ("show test_unknown_article", [PROJECT, *TEST]),
        ("show test_unknown_article --json", [PROJECT, *TEST]),
        ("show SNAPSHOT", [FIND, "Give a snapshot"]),
        ("show RECOVERY", [FIND, RECOVERIES]),
        ("history test_unknown_article", [PROJECT, *TEST[:2]]),
        ("runs", [PROJECT, RUNS]),
        ("failures", [PROJECT, "Group failures"]),
        ("failures --json", [PROJECT, *["Group failures"] * 2]),
        ("recoveries", [PROJECT, RECOVERIES]),
        ("recoveries --patterns", ["Count what made", "Count how", "Give the functions"]),
        ("flaky", FLAKY),
        ("slow", [PROJECT, RUNS, "Name the last workflows"]),
        ("diff RECOVERY", [FIND, RECOVERIES, *COMPARISON]),
        ("diff ERROR", [FIND, RECOVERIES, *COMPARISON]),
        (
            "diff RUN RUN",
            [
                *[FIND, "Give a run as one side"] * 2,
                *["Give what a run was run on"] * 2,
                *["Name the tests that began"] * 2,
            ],
        ),
        ("export --format junit", EXPORT),
        ("export --format jsonl", [PROJECT, RUNS, *ATTEMPTS, *FAILURES_OF_RUN, *RECOVERIES_OF_RUN]),
        ("export --format csv --table attempts", [PROJECT, RUNS, *ATTEMPTS]),
        ("export --format csv --table failures", [PROJECT, RUNS, *FAILURES_OF_RUN]),
        ("doctor", [PROJECT, "Give the last run of a project"]),
        ("status", []),
        ("debug ERROR --json", [PROJECT, FIND, "Give a failure with its state"]),
        ("prune --keep 1 --dry-run", [PROJECT, "BEGIN", "SET LOCAL", "Choose the runs", "Say what goes"]),
        ("compare", [PROJECT, "Give the last run that was made here", *COMPARED_RUNS, *COMPARED_TESTS]),
        ("report", [PROJECT, "Give the last run that was made here", *COMPARED_RUNS, *COMPARED_TESTS]),
        ("compare RUN RUN", [PROJECT, *["Say what a name"] * 2, *["Give the runs of one side"] * 2, *COMPARED_TESTS]),
    ],
)
def test_a_command_asks_as_much_of_one_failure_as_of_many(
    watched: Watched, ids: dict[str, str], arguments: str, asked: list[str]
) -> None:
    sent = watched.sent(*(ids.get(word, word) for word in arguments.split()))
    assert len(sent) == len(asked), sent
    assert all(any(begin in one for one in sent) for begin in asked), sent


def test_what_is_longer_than_a_page_is_one_question_too(watched: Watched, ids: dict[str, str]) -> None:
    sent = watched.sent("show", ids["RUN"], "--limit", "0")
    assert [one.split()[0] for one in sent[2:]] == ["DECLARE", "FETCH", "CLOSE"] * 2  # failures, and notes
    assert FAILURES in sent[2]


@pytest.mark.usefixtures("forked_reruns")
def test_reruns_ask_all_before_the_first_of_them(watched: Watched, ids: dict[str, str]) -> None:
    rerun = ["Give a failure with all that", "Give the files that the processes", "Give the tests that ran before each"]
    assert _begins(watched.sent("reproduce", ids["ERROR"])) == [begin[:19] for begin in (FIND, *rerun)]
    # One rerun proves nothing: then nothing is written either.
    sent = watched.all_sent("why", ids["FIXED"], "--max-runs", "1", returncode=1)
    proof = [
        *[FIND, "Give the pass that recovered", rerun[0]],
        *["Give what a run was run on"] * 2,
        *["Give what is recorded of source files"] * 2,
    ]
    asked = [one for one in sent if one.startswith("-- ") and "Lead the search path" not in one]
    assert _begins(asked) == [begin[:19] for begin in proof]


def _begins(statements: list[str]) -> list[str]:
    return [one.removeprefix("-- ")[:19] for one in statements]


def test_sql_sends_what_was_typed_and_nothing_else(watched: Watched) -> None:
    assert watched.all_sent("sql", "-c", "SELECT 1") == ["SELECT 1"]
    assert watched.sent("sql", "--json", "SELECT 2") == ["SELECT 2"]
