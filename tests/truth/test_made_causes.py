"""Causes that were made on purpose, and what the record says of them; `benchmarks/truth` has all, and measures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.truth.cases import CASES
from benchmarks.truth.cases.case import Case
from benchmarks.truth.made import Pythons, judge, record_case
from benchmarks.truth.recording import Checkout, RecordServer, Said
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.migrate import migrate
from tests.support import warm
from tests.support.servers import Server
from tests.truth.together import together

BY_NAME = {str(case): case for case in CASES}
IN_ONE_PROJECT = [
    "fixtures, conftest, set-up: a fixture in conftest of the folder above",
    "fixtures, conftest, set-up: a helper of the fixture of a fixture",
    "fixtures, conftest, set-up: unittest's setUp",
    "fixtures, conftest, set-up: setup_class of a base class in another file",
    "fixtures, conftest, set-up: a hook in conftest",
    "data files: data/rates.json that git has",
    "data files: prices.csv that git has",
    "dynamic dispatch: a decorator",
    "dynamic dispatch: an operator",
    "dynamic dispatch: a context manager's end",
    "constants: an entry of a table",
    "constants: a constant that a function of its module reads",
    "class attributes: an attribute of a base class",
    "class attributes: a member of an enum",
    "class attributes: a metaclass",
    "class attributes: __init_subclass__",
    "generated code: code made by exec of a text",
    "two changes at once: true: a function; false: imports of the test's module",
    "two changes at once: true: a function; false: a comment in the test",
]
ALONE = [
    "dynamic dispatch: a function that only a child process runs",
    "flakes: same code twice",
    "variables: os.environ in the function",
    "order: one has to run before",
    "settings in disguise: an entry point, its distribution's version the same",
    "code in disguise: a module that git ignores",
    "data in disguise: a script that may not be executed",
    "what a process is started with: another folder",
    "bad luck: a new file of tests",
    "code in disguise: a package imports the name from elsewhere",
]


@pytest.fixture(scope="module")
def server(any_postgres: Server) -> Iterator[RecordServer]:
    """One record for all cases."""
    with any_postgres.schema() as schema:
        with connect(any_postgres.conninfo) as connection:
            migrate(connection, schema)
        yield RecordServer(any_postgres.conninfo, schema)


@pytest.fixture(scope="module")
def said(server: RecordServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """What is said of all tests of the one project, by the number of their case."""
    runs = together([BY_NAME[name] for name in IN_ONE_PROJECT])
    case = Case("together", "all", "", "", runs)
    folder = tmp_path_factory.mktemp("together")
    record_case(case, Checkout(folder / "project", server, "together", warm.run), Pythons(folder, ()))
    return {node_id.partition("/")[0]: one for node_id, one in server.said_of("together").items()}


@pytest.mark.parametrize("name", IN_ONE_PROJECT)
def test_of_many_changes_the_one_that_mended_a_test_is_named_first(name: str, said: dict[str, Said]) -> None:
    number = IN_ONE_PROJECT.index(name)
    one = said[f"c{number}"]
    plain = Said(one.strategy, one.confidence, re.sub(rf"c{number}/|_{number}\b", "", one.path), one.evidence)
    assert judge(BY_NAME[name], plain).word == "right", one


@pytest.mark.parametrize("name", ALONE)
def test_a_cause_that_was_made_is_told(name: str, server: RecordServer, tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "project", server, name, warm.run)
    one = record_case(BY_NAME[name], checkout, Pythons(tmp_path, ()))
    assert judge(BY_NAME[name], one).word == "right", one
