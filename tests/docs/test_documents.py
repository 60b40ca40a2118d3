"""What the documents say is what the code does."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from pytest_debugloop.cli.app import COMMANDS
from pytest_debugloop.text.strategies import STRATEGIES
from tests.docs.dictionary import PAGE, data_dictionary
from tests.docs.options import PAGE as OPTIONS_PAGE
from tests.docs.options import page_with_options
from tests.docs.shapes import PAGE as JSON_PAGE
from tests.docs.shapes import page_with_shapes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.servers import Server

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("tests/*/*.md")])
_LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")


@pytest.fixture
def connection(any_postgres: Server) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a migrated schema, which its search path names."""
    with any_postgres.record() as (conninfo, schema), psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(schema)))
        yield connection


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 130


def test_the_page_of_options_has_one_row_for_each() -> None:
    page = OPTIONS_PAGE.read_text(encoding="utf-8")
    assert page == page_with_options(page), "run `python -m tests.docs.options`"


def test_the_readme_says_what_each_command_is_for_and_names_no_other() -> None:
    table = README.partition("\n## What to type\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"`debugloop (\w+)", table)) == set(COMMANDS)


def test_what_only_a_thorough_round_runs_is_listed() -> None:
    listed = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("### What only ")[2].partition("\n##")[0]
    marked = [
        path.relative_to(ROOT / "tests").as_posix()
        for path in (ROOT / "tests").glob("*/*.py")
        if "pytest.mark." + "thorough" in path.read_text(encoding="utf-8")
    ]
    assert sorted(marked) == sorted(set(re.findall(r"^\| `(\S+)`", listed, re.MULTILINE)))


def test_every_strategy_has_its_row_in_the_documents() -> None:
    for page, heading in (("recording.md", "Why a test passed again"), ("formulas.md", "The strategy")):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
        assert re.findall(r"^\| `(\w+)` \|", text.partition("\n## ")[0], re.MULTILINE) == list(STRATEGIES)


def test_the_page_of_commands_has_a_row_for_each() -> None:
    table = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8").partition("\n## ")[0]
    named = re.findall(r"`(\w+)[^`]*`", "\n".join(re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE)))
    assert sorted(named) == sorted(COMMANDS)


def test_the_page_of_json_has_the_shapes_of_rows() -> None:
    page = JSON_PAGE.read_text(encoding="utf-8")
    assert page == page_with_shapes(page), "run `python -m tests.docs.shapes`"


def test_every_query_in_the_documents_runs(connection: psycopg.Connection[Any]) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    queries = [q for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL) for q in block.split(";") if q.strip()]
    assert len(queries) == 16
    for query in queries:
        connection.execute(query.encode())


def test_the_data_dictionary_is_what_the_migrations_say(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute("SELECT current_schema()::text").fetchone()
    assert row is not None
    assert PAGE.read_text(encoding="utf-8") == data_dictionary(connection, row[0]), (
        "run `python -m tests.docs.dictionary`"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    missing = [
        f"{path}#{heading}"
        for path, heading in _LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / path).exists() or (heading and heading not in _headings(page.parent / path, page))
    ]
    assert missing == []


def _headings(target: Path, page: Path) -> set[str]:
    """The names by which a link can lead to the headings of a page, as GitHub makes them."""
    text = (target if target.is_file() else page).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("number", [1, 2])
def test_what_the_checks_run_is_what_the_readme_says(number: int) -> None:
    said = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert len(said) == 2
    script = ROOT / ".ci" / "readme-command"
    if not os.access(script, os.X_OK):
        pytest.skip("the checks' scripts are not in this copy")
    printed = subprocess.run([script, str(number)], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shlex.split(printed) == shlex.split(said[number - 1])
