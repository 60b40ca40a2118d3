"""Whatever lies in reach of a snapshot: the run is as without us, and the snapshot says what it could not show."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_debugloop.journal.shared_names import OPEN_FAILURES_FILE
from tests.hostile import cases
from tests.hostile.cases.tools import SHOWN
from tests.support.projects import Project, Run, told_by_us

if TYPE_CHECKING:
    from collections.abc import Callable

# After each test: what it and its objects did, and what of the interpreter a plugin could have changed.
CONFTEST = """
import gc, os, random, signal, sys, threading, warnings
_open = open
import pytest

@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_teardown(item):
    yield
    log = getattr(item.module, "LOG", [])
    told = [
        item.name, log[:], random.random(), sys.getrecursionlimit(), threading.active_count(), sys.gettrace() is None,
        sys.getprofile() is None, len(warnings.filters), str(signal.getsignal(signal.SIGALRM)), gc.isenabled(),
        type(sys.stdout).__name__, os.getcwd() == str(item.config.rootpath),
    ]
    log.clear()
    with _open("told.txt", "a") as file:
        file.write(repr(told) + "\\n")

@pytest.fixture(autouse=True)
def seeded():
    random.seed(7)

def pytest_runtest_logfinish(nodeid):
    # When a cycle is collected depends on how much anybody has allocated: here it is collected, with us and without.
    # Until the next failure the interpreter keeps the last one (`sys.last_value`).
    if "never_awaited" in nodeid or "locks_are_not_taken" in nodeid:
        gc.collect()
"""
_CASES = Path(cases.__file__).parent
SUITES = {
    path.stem: [name for name in vars(importlib.import_module(f"{cases.__name__}.{path.stem}")) if name[:5] == "test_"]
    for path in sorted(_CASES.glob("*.py"))
}
CASES = [name for names in SUITES.values() for name in names]
# Options that get in each other's way in nothing are given together: each run of all cases takes seconds.
STRICT = ["-W", "error", "--tb=long", "-p", "faulthandler", "-o", "faulthandler_timeout=60", "--capture=sys"]
# What is made of a gigabyte takes as long as all the rest, and does not depend on the options.
LARGE = ("test_text_of_1_gb", "test_nesting_of_10000", "test_list_of_1e8_items", "test_bytes_of_100_mb")
WITHOUT_LARGE = " and ".join(f"not {name}" for name in LARGE)
PROFILED = """
import sys

def pytest_runtest_call(item):
    sys.setprofile(_profile)

def pytest_runtest_teardown(item):
    sys.setprofile(None)

def _profile(frame, event, arg):
    pass
"""


class Pair(NamedTuple):
    """The same suite without and with the record."""

    plain: Run
    recorded: Run
    told_plain: str
    told_recorded: str


def comparable(run: Run) -> list[str]:
    """Take out of what pytest printed our own lines, and what differs between two runs of anything."""
    # pytest shows the arguments of its own functions, and among them the list of plugins.
    others = told_by_us(run.lines)[1]
    lines = [line for line in others if not line.startswith("plugins:") and "HookImpl" not in line]
    text = "\n".join(lines)
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    text = re.sub(r"pytest-of-\w+/pytest-\d+|pytest-\d+", "tmp", text)
    text = re.sub(r"\d+\.\d+ seconds|fd=\d+", "", text)
    # Around the time that a run took pytest draws a line, which is shorter where the time has a digit more.
    return re.sub(r"=+ (.*) in \d+\.\d+s(?: \(\d+:\d+:\d+\))? =+", r"\1", text).splitlines()


@pytest.fixture(scope="session")
def run_pair(make_project: Callable[[str], Project]) -> Callable[..., Pair]:
    """Run the hostile suite twice."""

    def run(*arguments: str, cover: bool = False, traced: bool = False) -> Pair:
        project = make_project("hostile")
        project.write("conftest.py", CONFTEST)
        project.write("profiled.py", PROFILED)
        for suite, names in SUITES.items():
            shutil.copy(_CASES / f"{suite}.py", project.write(_copy_of(suite) if names else f"cases/{suite}.py", ""))
        runs, told = [], []
        for recorded in (False, True):
            (project.folder / "told.txt").unlink(missing_ok=True)
            more = ("-p", "no:cacheprovider", *arguments)
            command = None
            if traced and recorded:
                leave_open_failures(project.folder / ".debugloop")
                more = (*more, "--debugloop-project", "hostile", "--no-debugloop-load")
            correlation_id = "hostile-run"
            if cover:
                command = project.command(*more, recorded=recorded, correlation_id=correlation_id if recorded else "")
                command[1:3] = ["-m", "coverage", "run", "--source=.", "-m", "pytest"]
            env = {"PYTHONPATH": str(project.folder)}
            runs.append(project.run(*more, recorded=recorded, command=command, env=env, timeout=300))
            told.append((project.folder / "told.txt").read_text())
        return Pair(runs[0], runs[1], told[0], told[1])

    return run


def _copy_of(suite: str) -> str:
    return f"cases/test_{suite}.py"


def leave_open_failures(folder: Path) -> None:
    """Have all tests traced."""
    folder.mkdir(mode=0o700)
    (folder / ".gitignore").write_text("# Made by pytest-debugloop.\n*\n")
    note = folder / OPEN_FAILURES_FILE
    tests = [{"test": f"{_copy_of(suite)}::{name}"} for suite, names in SUITES.items() for name in names]
    note.write_text(json.dumps({"projects": {"hostile": tests}}))
    note.chmod(0o600)


@pytest.fixture(scope="module")
def as_ever(run_pair: Callable[..., Pair]) -> Pair:
    """Run the suite with no option."""
    return run_pair()


def test_each_case_is_run_and_fails_as_without_us(as_ever: Pair) -> None:
    assert as_ever.recorded.outcomes == as_ever.plain.outcomes
    assert as_ever.plain.outcomes["failed"] == len(CASES) >= 60
    assert set(LARGE) < set(CASES)
    assert as_ever.recorded.ret == as_ever.plain.ret == 1


@pytest.mark.parametrize("name", CASES)
def test_the_snapshot_says_what_it_can(as_ever: Pair, name: str) -> None:
    words, never = SHOWN.get(name, ((), ()))
    (error,) = as_ever.recorded.record.errors(f"::{name}")
    assert error.state is not None
    told = json.dumps([frame.get("locals") for one in error.state["exceptions"] for frame in one["frames"]])
    assert [word for word in words if word not in told] == []
    assert [word for word in never if word in told] == []


@pytest.mark.parametrize("name", CASES)
def test_the_test_and_its_objects_did_what_they_do_without_us(as_ever: Pair, name: str) -> None:
    plain, recorded = (
        [line for line in told.splitlines() if line.startswith(f"['{name}'")]
        for told in (as_ever.told_plain, as_ever.told_recorded)
    )
    assert recorded == plain
    assert len(plain) == 1


def test_outcomes_output_and_warnings_are_as_without_us(as_ever: Pair) -> None:
    assert_alike(as_ever)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "cover", "traced"),
    [
        pytest.param(
            STRICT, False, True, id="warnings as errors, long tracebacks, faulthandler, capture of sys, traced"
        ),
        pytest.param([*STRICT, "-p", "profiled"], False, False, id="a profile function", marks=pytest.mark.thorough),
        pytest.param(["-s"], True, False, id="without capture, coverage", marks=pytest.mark.thorough),
        pytest.param([], False, True, id="traced", marks=pytest.mark.thorough),
        pytest.param([], True, True, id="traced, coverage", marks=pytest.mark.thorough),
    ],
)
def test_options_of_pytest_and_traces_of_all_tests_change_nothing_of_that(
    run_pair: Callable[..., Pair], arguments: list[str], cover: bool, traced: bool
) -> None:
    assert_alike(run_pair("-k", WITHOUT_LARGE, *arguments, cover=cover, traced=traced))


def assert_alike(pair: Pair) -> None:
    """Compare all that can be seen of the two runs."""
    assert comparable(pair.recorded) == comparable(pair.plain)
    recorded, plain = (re.sub(r"0x[0-9a-f]+", "0x", run.err) for run in (pair.recorded, pair.plain))
    assert recorded == plain
    assert pair.told_recorded == pair.told_plain
    assert not [line for line in pair.recorded.paragraph if "fault" in line or "problem" in line]


def _state(error: Any) -> dict[str, Any]:
    assert error.state is not None
    state: dict[str, Any] = error.state
    return state


def test_a_snapshot_of_too_much_is_within_its_bounds(as_ever: Pair) -> None:
    for error in as_ever.recorded.record.all_errors:
        assert len(json.dumps(_state(error))) <= 256 * 1024, error.operation_name
