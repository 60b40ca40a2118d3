"""What does the plugin cost a run that does not record?

A run of one test, with the plugin blocked against one that loads it, in many short turns; then what is imported.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
from collections.abc import Callable

from benchmarks.suite import write_suite
from benchmarks.turns import Spent, environment, spend, take_turns, told

_IMPORTS = """
import sys, pytest
before = set(sys.modules)
import time; begun = time.perf_counter()
import pytest_debugloop.plugin
print(f"{(time.perf_counter() - begun) * 1000:.2f}", *sorted(set(sys.modules) - before))
"""


def main() -> None:
    """Measure, and print the difference in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="of A B B A (%(default)s)")
    parser.add_argument("--python", help="an interpreter that has this project; else one is made")
    given = parser.parse_args()
    with environment(given.python) as (python, folder):
        write_suite(folder, 1, 1)
        command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

        def running(*options: str) -> Callable[[], Spent]:
            # The entry point is loaded as everybody's is.
            return lambda: spend([*command, *options], folder, PYTEST_DISABLE_PLUGIN_AUTOLOAD="")

        running()()
        turns = take_turns("not enabled", running("-p", "no:debugloop"), running(), given.rounds)
        told(turns)
        pairs = [(other.cpu - plain.cpu) * 1000 for plain, other in zip(turns.plain, turns.other, strict=True)]
        told(f"difference in CPU time: median {statistics.median(pairs):.2f} ms, of {len(pairs)} pairs")
        times = []
        for _ in range(given.rounds):
            done = subprocess.run([python, "-c", _IMPORTS], cwd=folder, capture_output=True, text=True, check=True)
            took, *imported = done.stdout.split()
            times.append(float(took))
        told(f"importing it takes {statistics.median(times):.2f} ms (least {min(times):.2f}): {', '.join(imported)}")


if __name__ == "__main__":
    main()
