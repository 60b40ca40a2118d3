"""Records that were made by really running suites, and the command as people run it on them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_debugloop.database.embedded import embedded_server

if TYPE_CHECKING:
    from tests.servers import Server

    Cli = Callable[..., subprocess.CompletedProcess[str]]

PROJECT = Path(__file__).parents[2]
# What would make an inner process depend on how the outer one was started.
_NOT_INHERITED = ("DEBUGLOOP", "PG", "PYTEST_", "COV_", "COVERAGE_", "PYTHON", "CI", "GITHUB_", "GITLAB_", "BUILD")
_TERMINAL = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PAGER", "LESS", "TERM", "LC_ALL", "LANG")


def clean_environment(**more: str) -> dict[str, str]:
    """What of our environment a process gets."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_INHERITED) and k not in _TERMINAL}
    return kept | {"TERM": "xterm-256color", "LANG": "C.UTF-8"} | more


def as_from_a_shell() -> None:
    """Undo in a child what `nohup` or a job in the background does to signals: the tests may run in one."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def run_command(
    folder: Path,
    *arguments: str,
    input: str = "",  # noqa: A002
    timeout: float = 120,
    **more: Any,
) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder."""
    return subprocess.run(
        [sys.executable, "-m", "pytest_debugloop", *arguments],
        cwd=folder,
        env=clean_environment(**more),
        input=input,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a suite, and its record."""

    folder: Path

    def debugloop(self, *arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        """Run the command there."""
        return run_command(self.folder, *arguments, **more)

    def printed(self, *arguments: str, **more: Any) -> str:
        """Run the command there, which is to succeed, and give what it prints."""
        done = self.debugloop(*arguments, **more)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def record(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run the suite, recorded."""
        plugins = ("pytest_debugloop.plugin", "pytest_rerunfailures")
        words = [word for name in plugins for word in ("-p", name)]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *words, "--debugloop", *arguments],
            cwd=self.folder,
            env=clean_environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTHONDONTWRITEBYTECODE="1", **more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def git(self, *arguments: str) -> None:
        """Run git there."""
        identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run the command in an empty folder."""

    def run(*arguments: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return run_command(tmp_path, *arguments, **more)

    return run


@pytest.fixture
def own_schema(any_postgres: Server) -> Iterator[dict[str, str]]:
    """The variables that name a server and a schema that is not there yet."""
    with any_postgres.schema() as name:
        yield {"DEBUGLOOP_DSN": any_postgres.conninfo, "DEBUGLOOP_SCHEMA": name}


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The example suite, run three times: with a fault that is mended after the first; its server runs."""
    folder = tmp_path_factory.mktemp("command") / "shop"
    shutil.copytree(PROJECT / "examples" / "orders", folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    project = Project(folder)
    project.git("init")
    project.git("add", ".")
    project.git("commit", "-m", "first")
    assert project.record("--reruns", "1").returncode == 1
    faulty = (folder / "orders.py").read_text(encoding="utf-8")
    mended = faulty.replace("quantize(Decimal(1))", 'quantize(Decimal("0.01"))')
    assert mended != faulty
    (folder / "orders.py").write_text(mended, encoding="utf-8")
    project.git("checkout", "-b", "mend")
    project.git("commit", "-am", "second")
    assert project.record("--reruns", "1").returncode == 1
    assert project.record("--reruns", "1").returncode == 1
    with embedded_server(folder / ".debugloop"):  # each command joins it, and need not start it
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
    folder = tmp_path_factory.mktemp("command") / "hostile"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (folder / "test_hostile.py").write_text(HOSTILE, encoding="utf-8")
    project = Project(folder)
    assert project.record().returncode == 1
    with embedded_server(folder / ".debugloop"):
        yield project
