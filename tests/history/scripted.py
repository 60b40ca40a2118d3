"""A history of runs of a real suite, scripted: commits, other versions, another environment, another order, and dice.

Each run is recorded with a database that is never there: what it leaves is its journals.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_debugloop.private import JOURNALS
from tests.history import faults
from tests.suites.environments import Environment
from tests.suites.suites import SUITES, Suite
from tests.support import warm
from tests.support.environment import CHECKOUT, clean_environment

JINJA = next(suite for suite in SUITES if suite.name == "jinja2")
OLD, NEW = "2.1.5", "3.0.2"
FILES = ("tests/test_filters.py", "tests/test_utils.py")
# The tests of the plan and some that nothing happens to; of the whole suite all.
SOME = "TestLRUCache or TestFilter and (title or upper or escape or first or last or wordcount or center or round)"
# Where the code lives that has a part in what a run leaves where no database is.
_ROOMS = ("capture", "environment", "journal", "summary", "text", "tracing", "writing", "recording")
_WRITING = ("*.py", *(f"{room}/**/*.py" for room in (*_ROOMS, "sources", "database", "loading")))
FILTERS = "src/jinja2/filters.py"
# What one commit breaks and the next but two mends: the line as it is, and as it is broken.
WORDCOUNT = ("    return len(_word_re.findall(soft_str(s)))", "    return len(_word_re.findall(soft_str(s))) + 1")
CENTER = ("    return soft_str(value).center(width)", "    return soft_str(value).center(width + 1)")


def suite_with(markupsafe: str) -> Suite:
    """The suite with one version of what it depends on."""
    return Suite(
        JINJA.name,
        JINJA.version,
        JINJA.sha256,
        (*JINJA.requirements, f"markupsafe=={markupsafe}", "pytest-rerunfailures>=16"),
    )


@dataclass(frozen=True)
class Planned:
    """One run of the history."""

    breaks: tuple[str, str] | None = None
    markupsafe: str = NEW
    region: str = "us"
    reverse: bool = False
    arguments: tuple[str, ...] = ()


def plan() -> list[Planned]:
    """32 runs; in each the dice are thrown anew."""
    usual = Planned()
    return [
        *[usual] * 3,
        *[Planned(breaks=WORDCOUNT)] * 3,
        *[usual] * 2,
        *[Planned(markupsafe=OLD)] * 2,
        *[usual] * 2,
        *[Planned(region="eu")] * 2,
        *[usual] * 2,
        *[Planned(reverse=True)] * 2,
        *[usual] * 2,
        *[Planned(breaks=CENTER)] * 2,
        *[usual] * 2,
        *[Planned(arguments=("-p", "pytest_rerunfailures", "--reruns", "3"))] * 3,
        Planned(reverse=True),
        usual,
        Planned(region="eu"),
        *[usual] * 3,
    ]


@dataclass
class History:
    """The repository of the suite, and the journals of its runs, oldest first."""

    folder: Path
    journals: list[Path] = field(default_factory=list)

    def git(self, *arguments: str) -> None:
        """Run git in the repository."""
        identity = ["-c", "user.name=History", "-c", "user.email=history@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=self.folder, check=True, capture_output=True)

    def keep(self, folder: Path) -> None:
        """Copy the journals, each in a numbered folder, to where the next session finds them."""
        for old in folder.parent.glob("history-*"):
            shutil.rmtree(old)
        half = folder.with_name(f"half-{folder.name}")
        shutil.rmtree(half, ignore_errors=True)
        for number, journal in enumerate(self.journals):
            shutil.copytree(journal, half / f"{number:02}" / journal.name)
        half.rename(folder)

    def begin(self, files: tuple[str, ...]) -> None:
        """Make the first commit: of what the plan needs, since each run reads all that is there.

        Args:
            files: the tests that are run.
        """
        kept = {"src", "tests", "pyproject.toml"}
        for path in self.folder.iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in (self.folder / "tests").glob("test_*.py"):
            if f"tests/{path.name}" not in files:
                path.unlink()
        shutil.copyfile(faults.__file__, self.folder / "conftest.py")
        (self.folder / ".gitignore").write_text("seed.txt\n__pycache__/\n.pytest_cache/\n.debugloop/\n")
        self.git("init", "-q")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "begin")

    def commit(self, line: tuple[str, str], message: str) -> None:
        """Change one line of the source, and its length: the byte code of before is not taken for that of now."""
        assert len(line[0]) != len(line[1])
        source = self.folder / FILTERS
        text = source.read_text()
        assert text.count(line[0]) == 1, line
        source.write_text(text.replace(*line))
        self.git("commit", "-q", "-a", "-m", message)

    def run(
        self, number: int, planned: Planned, environment: Environment, site: Path, store: Path, files: tuple[str, ...]
    ) -> None:
        """Run the suite and keep the journals."""
        (self.folder / faults.SEED_FILE.name).write_text(str(number))
        chosen = reversed(files) if planned.reverse else files
        command = [str(environment.python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-p", "pytest_debugloop.plugin", "--debugloop", "--debugloop-wait", "120"]
        command += ["--debugloop-dsn", f"host={self.folder} connect_timeout=1", *planned.arguments, *chosen]
        command += ["-k", SOME] if files == FILES else []
        more = {"PYTHONPATH": f"src{os.pathsep}{site}", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        if planned.region != "us":
            more["HISTORY_REGION"] = planned.region
        python = warm.Python(command[0], str(site), str(self.folder), JINJA.name)
        done = warm.run(command, self.folder, clean_environment(**more), python=python)
        assert "is not stored" in done.stdout, done.stdout + done.stderr
        (left,) = (self.folder / ".debugloop" / JOURNALS).iterdir()
        self.journals.append(Path(shutil.move(left, store / left.name)))


def fingerprint(*, is_whole: bool) -> str:
    """Name all that decides what is in the journals: the plan, and the code that writes them.

    Args:
        is_whole: whether the whole suite is run.
    """
    files = [file for room in _WRITING for file in (CHECKOUT / "pytest_debugloop").glob(room)]
    files += [Path(__file__), Path(faults.__file__)]
    told = [(file.name, file.read_bytes()) for file in sorted(files)]
    versions = [suite_with(version) for version in (OLD, NEW)]
    return hashlib.sha256(repr((told, versions, sys.version, is_whole)).encode()).hexdigest()[:12]


def play(
    history: History, environments: dict[str, Environment], site: Path, store: Path, files: tuple[str, ...]
) -> None:
    """Run the whole plan."""
    history.begin(files)
    broken: tuple[str, str] | None = None
    for number, planned in enumerate(plan()):
        if planned.breaks != broken:
            if broken:
                history.commit((broken[1], broken[0]), f"mend {number}")
            if planned.breaks:
                history.commit(planned.breaks, f"break {number}")
            broken = planned.breaks
        history.run(number, planned, environments[planned.markupsafe], site, store, files)


def whole_suite(folder: Path) -> tuple[str, ...]:
    """All files of the suite's tests, those of the plan first."""
    others: Iterator[str] = (f"tests/{path.name}" for path in sorted((folder / "tests").glob("test_*.py")))
    return (*FILES, *(name for name in others if name not in FILES))
