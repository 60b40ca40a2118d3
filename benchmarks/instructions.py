"""How many instructions does recording cost? The answer is the same from run to run, whatever else a machine does.

Whole runs are counted by valgrind, with small suites, and what is sought is the difference of two of them: a passing
test, the start of a run (also where Python may not write byte code), a failing test with its snapshot. Loading is left
out: another process does it. `python -m benchmarks.instructions --help`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.failures import write_failing_suite
from benchmarks.suite import write_suite
from benchmarks.turns import bare_environment, environment, told

_VALGRIND = ("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null")
_COUNT = re.compile(r"==\d+== I +refs: +([\d,]+)")
_PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
_PLAIN = ("-p", "no:debugloop")
# Slow as it is under valgrind, a snapshot would be cut for the time that it takes.
_RECORDED = ("--debugloop", "--no-debugloop-load", "--debugloop-wait=0", "--debugloop-max-snapshot-ms=600000")
_UNCAPTURED = (*_RECORDED, "--no-debugloop-capture")
_JUNIT = (*_PLAIN, "--junitxml=out.xml")

# As pip leaves an installation: with the byte code of its modules, and without what pytest makes of them.
_AS_INSTALLED = """
import compileall, pathlib, pytest_debugloop
folder = pathlib.Path(pytest_debugloop.__file__).parent
compileall.compile_dir(folder, quiet=1)
for path in folder.rglob("*-pytest-*.pyc"):
    path.unlink()
"""


# When garbage is collected is a matter of chance, and may cost what ten tests do.
_CONFTEST = "import gc\n\ngc.disable()\n"


class Suite(NamedTuple):
    """A suite to be run.

    Attributes:
        write: writes it into a folder, of so many tests.
        tests: how many.
        status: that its run ends with.
    """

    write: Callable[[Path, int], None]
    tests: int
    status: int = 0


def _write_passing(folder: Path, tests: int) -> None:
    write_suite(folder, tests, tests)


def _write_parametrized(folder: Path, tests: int) -> None:
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    values = f"[(left, right) for left in ('1.0', '2.0a1', '3!4') for right in range({tests})][:{tests}]"
    mark = f"@pytest.mark.parametrize('left, right', {values})"
    text = f"import pytest\n\n\n{mark}\ndef test_pair(left, right):\n    pass\n"
    (folder / "test_pairs.py").write_text(text, encoding="utf-8")


def _write_failing(folder: Path, tests: int) -> None:
    write_failing_suite(folder, tests, 20, "fail_richly")


# Tables of Python's that grow at one number of tests cost as much as many tests: the numbers are far apart.
ONE, SOME, MORE = (Suite(_write_passing, tests) for tests in (1, 200, 1_200))
PAIRS, MORE_PAIRS = (Suite(_write_parametrized, tests) for tests in (200, 1_200))
FAILING, MORE_FAILING = (Suite(_write_failing, tests, 1) for tests in (20, 40))
_FAILURES = 4  # of 20 tests

RUNS = {
    "start": (ONE, _PLAIN),
    "start, recorded": (ONE, _RECORDED),
    **{
        f"{suite.tests} passing, {name}": (suite, options)
        for suite in (SOME, MORE)
        for name, options in (("plain", _PLAIN), ("recorded", _RECORDED), ("junit", _JUNIT))
    },
    **{
        f"{suite.tests} parametrized, {name}": (suite, options)
        for suite in (PAIRS, MORE_PAIRS)
        for name, options in (("plain", _PLAIN), ("recorded", _RECORDED))
    },
    **{
        f"{suite.tests} failing, {name}": (suite, options)
        for suite in (FAILING, MORE_FAILING)
        for name, options in (("plain", _PLAIN), ("recorded", _RECORDED), ("uncaptured", _UNCAPTURED))
    },
}


def count(python: str, folder: Path, run: str, **variables: str) -> float:
    """Count the instructions of one run.

    Args:
        python: the interpreter.
        folder: takes a folder of its own for the run.
        run: its name in the table.
        variables: of the environment, beside those that no run goes without.

    Returns:
        Millions of instructions, of the test process alone.

    Raises:
        RuntimeError: the run ended with another status than it is to end with, or valgrind has not counted it.
    """
    suite, options = RUNS[run]
    with tempfile.TemporaryDirectory(dir=folder) as work:
        suite.write(Path(work), suite.tests)
        (Path(work) / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
        environ = bare_environment() | {"PYTHONHASHSEED": "0"} | variables
        # To compile a test costs pytest as much as to run it, and where memory lies then more or less than we cost.
        subprocess.run(
            [python, *_PYTEST, *_PLAIN, "--collect-only"], cwd=work, env=environ, capture_output=True, check=True
        )
        done = subprocess.run(
            [*_VALGRIND, python, *_PYTEST, *options],
            cwd=work,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
    found = _COUNT.search(done.stderr)
    if done.returncode != suite.status or found is None:
        raise RuntimeError(f"{run} ended with {done.returncode}: {done.stdout[-2_000:]}{done.stderr[-2_000:]}")
    return int(found[1].replace(",", "")) / 1e6


def _counted(python: str, folder: Path, runs: list[str], **variables: str) -> dict[str, float]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(runs, pool.map(lambda run: count(python, folder, run, **variables), runs), strict=True))


def _row(what: str, plain: float | None, recorded: float | None, difference: float, digits: int = 0) -> str:
    cells = ("" if figure is None else f"{figure:,.{digits}f} M" for figure in (plain, recorded))
    return f"| {what} | {' | '.join(cells)} | {difference:,.{digits}f} M |"


def main() -> None:
    """Count, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", help="an interpreter that has this project, and no other plugin; else one is made")
    given = parser.parse_args()
    if shutil.which(_VALGRIND[0]) is None:
        parser.error("valgrind is not installed: install the package `valgrind`")
    with environment(given.python) as (python, folder):
        subprocess.run([python, "-c", _AS_INSTALLED], cwd=folder, check=True)
        # Before any run that may write byte code.
        bare = _counted(python, folder, ["start", "start, recorded"], PYTHONDONTWRITEBYTECODE="1")
        for run in ("start, recorded", "20 failing, recorded"):  # byte code
            count(python, folder, run)
        found = _counted(python, folder, list(RUNS))
    more = MORE.tests - SOME.tests
    per_test = {
        name: (found[f"{MORE.tests} passing, {name}"] - found[f"{SOME.tests} passing, {name}"]) / more
        for name in ("plain", "recorded", "junit")
    }
    plain = per_test["plain"]
    told("| what | plain pytest | recorded, without loading | difference |\n| --- | --- | --- | --- |")
    told(_row("one more passing test", plain, per_test["recorded"], per_test["recorded"] - plain, 3))
    told(_row("one more passing test with `--junitxml`", None, None, per_test["junit"] - plain, 3))
    plain, recorded = (
        (found[f"{MORE_PAIRS.tests} parametrized, {name}"] - found[f"{PAIRS.tests} parametrized, {name}"]) / more
        for name in ("plain", "recorded")
    )
    told(_row("one more passing test with two parameters", plain, recorded, recorded - plain, 3))
    for what, runs in (("start of a run", found), ("the same with `PYTHONDONTWRITEBYTECODE=1`", bare)):
        told(_row(what, runs["start"], runs["start, recorded"], runs["start, recorded"] - runs["start"]))
    kinds = ("plain", "recorded", "uncaptured")
    starts = ("start", "start, recorded", "start, recorded")
    base, recorded, uncaptured = (
        found[f"20 failing, {kind}"] - found[start] for kind, start in zip(kinds, starts, strict=True)
    )
    told(_row("20 tests, 4 of which fail, beyond the start", base, recorded, recorded - base))
    told(_row("the same with `--no-debugloop-capture`", None, uncaptured, uncaptured - base))
    told(_row("of it a snapshot", None, None, (recorded - uncaptured) / _FAILURES, 1))
    base, recorded, uncaptured = (
        (found[f"40 failing, {kind}"] - found[f"20 failing, {kind}"]) / _FAILURES for kind in kinds
    )
    told(_row("one more failing test, and four that pass", base, recorded, recorded - base, 1))
    told(_row("of it a snapshot", None, None, recorded - uncaptured, 1))


if __name__ == "__main__":
    main()
