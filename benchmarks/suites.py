"""What does recording cost the suites of others?

Those of `tests/suites` and three larger ones, plain and recorded (into an embedded server that is warm), in turns.
Prints one row of a table for each. `python -m benchmarks.suites --help`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from benchmarks.turns import Spent, Turns, spend, take_turns, told
from pytest_debugloop.database.embedded import embedded_server
from tests.suites.environments import Environment, build_project, default_cache, environment
from tests.suites.suites import SUITES, Suite

LARGER = (
    Suite(
        "packaging",
        "26.4",
        "c4b671c41ddb9bf26e543c37723610d28fb6bf7affc4da17cf048d419d2c062a",
        requirements=("pretend", "tomli_w", "hypothesis>=6.100"),
    ),
    Suite(
        "sqlglot",
        "30.30.0",
        "b8e344042c85d7baa1d0d827127dfe1611ce9ac59bceab6fe370665baeb14ce7",
        requirements=("duckdb", "pandas", "python-dateutil", "pytz", "setuptools"),
    ),
    Suite(
        "networkx",
        "3.7",
        "fd77a511bd90f39f3d016351345b52cf5319b813bdca01de3f755d3cca62e96a",
        arguments=("networkx/algorithms",),
    ),
)


def turns_of(suite: Suite, made: Environment, site: Path, folder: Path, rounds: int) -> Turns:
    """Run a suite in turns.

    Args:
        suite: which one.
        made: its environment.
        site: what this project was installed into.
        folder: an empty one.
        rounds: of A B B A.
    """
    top = made.unpack(folder / "suite")
    command = [str(made.python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *suite.arguments]
    variables = {"PYTHONPATH": str(site), "PYTHONHASHSEED": "0", "HOME": str(folder)}

    def run(*options: str) -> Spent:
        return spend([*command, *options], top, None, times_end=False, **variables)

    with embedded_server(folder / "record") as conninfo:
        recording = ("-p", "pytest_debugloop.plugin", "--debugloop", f"--debugloop-dsn={conninfo}")
        run()
        run(*recording)
        return take_turns(suite.name, run, lambda: run(*recording), rounds)


def main() -> None:
    """Measure, and print a row for each suite."""
    suites = {suite.name: suite for suite in (*SUITES, *LARGER)}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suites", nargs="*", help=f"which of: {', '.join(suites)}; none: all")
    parser.add_argument("--rounds", type=int, default=3, help="of A B B A for each suite (%(default)s)")
    given = parser.parse_args()
    told("| suite | plain, s | recorded, s | wall, times (least to greatest) | CPU of the test process, times |")
    told("| --- | --- | --- | --- | --- |")
    site = build_project()
    for name in given.suites or suites:
        suite = suites[name]
        with tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as folder:
            turns = turns_of(suite, environment(suite, default_cache()), site, Path(folder), given.rounds)
        wall, cpu = turns.ratios(lambda s: s.wall), turns.ratios(lambda s: s.cpu)
        plain, other = (statistics.median(s.wall for s in side) for side in (turns.plain, turns.other))
        told(
            f"| {name} {suite.version} | {plain:.2f} | {other:.2f} | {statistics.median(wall):.3f} "
            f"({min(wall):.3f} to {max(wall):.3f}) | {statistics.median(cpu):.3f} |"
        )


if __name__ == "__main__":
    main()
