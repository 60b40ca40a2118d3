"""Records that were made by really running suites, and the command on them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.rerunning import live, runner
from tests.support import warm
from tests.support.commands import call_command
from tests.support.projects import Project
from tests.support.shop import recorded_shop

if TYPE_CHECKING:
    from tests.support.servers import Server

    Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Call the command in an empty folder."""

    def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return call_command(tmp_path, *arguments, **more)

    return run


@pytest.fixture
def forked_reruns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have reruns forked as recorded runs are."""
    monkeypatch.setattr(runner, "start", warm.start)
    monkeypatch.setattr(live, "start_here", warm.start_here)


@pytest.fixture
def own_schema(any_postgres: Server) -> Iterator[dict[str, str]]:
    """The variables that name a server and a schema that is not there yet."""
    with any_postgres.schema() as name:
        yield {"DEBUGLOOP_DSN": any_postgres.conninfo, "DEBUGLOOP_SCHEMA": name}


@pytest.fixture
def own_record(any_postgres: Server) -> Iterator[dict[str, str]]:
    """The variables that name an empty record of the test's own."""
    with any_postgres.record() as (conninfo, schema):
        yield {"DEBUGLOOP_DSN": conninfo, "DEBUGLOOP_SCHEMA": schema}


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The example suite, run three times: with a fault that is mended after the first; its server runs."""
    project = recorded_shop(tmp_path_factory.mktemp("command") / "shop")
    with embedded_server(project.folder / ".debugloop"):  # each command joins it, and need not start it
        yield project


HOSTILE = """
import pytest

IDS = ["\\x1b[31mred", "two\\nlines", "\\u202egnp", "\\u05e9\\u05dc\\u05d5\\u05dd", "[bold]b[/bold]", "\\x07", "a" * 99]


class Sly:
    def __init__(self):
        self.title = "\\x1b]0;owned\\x07"
        self.c1 = "\\x9b2J"


@pytest.mark.parametrize("value", IDS, ids=IDS)
def test_sly(value):
    sly = Sly()
    print("out \\x1b[2J", value)
    raise ValueError(f"\\x1b[2J {value} [red]no[/red] \\u2028 \\x85 {sly.title}")


def test_\u05d1\u05d3\u05d9\u05e7\u05d4():
    \u05e9\u05dd = "\u05e9\u05dc\u05d5\u05dd \\u202e"
    assert \u05e9\u05dd == "x"
"""


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A suite whose names, values and messages try to act on the terminal."""
    project = Project.new(tmp_path_factory.mktemp("hostile"))
    project.write("test_hostile.py", HOSTILE)
    assert project.record().returncode == 1
    with embedded_server(project.folder / ".debugloop"):
        yield project
