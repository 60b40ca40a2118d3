"""How long does the command take, from Enter to the end?

Whole processes, in turns with `python -c pass` and with `pytest --version`. `show` is asked of a record of the example
suite, with its embedded server stopped (each call starts and stops it) and running; `failures`, `flaky` and others of a
generated record (`scale.sql`: every test in each run, three steps each) on a server that runs.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from psycopg import ClientCursor

from benchmarks.turns import PROJECT, Spent, spend, told
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate

_PLAIN = (sys.executable, "-c", "pass")
_PYTEST = (sys.executable, "-m", "pytest", "--version")


def _debugloop(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pytest_debugloop", *arguments)


def _compare(name: str, command: Sequence[str], folder: Path, rounds: int) -> None:
    took: dict[str, list[Spent]] = {"python": [], "pytest": [], "ours": []}
    spend(command, folder)
    for _ in range(rounds):
        for who in ("python", "ours", "pytest", "pytest", "ours", "python"):
            words = {"python": _PLAIN, "pytest": _PYTEST, "ours": command}[who]
            took[who].append(spend(words, folder))
    medians = {who: statistics.median(s.wall for s in spent) * 1000 for who, spent in took.items()}
    least = min(s.wall for s in took["ours"]) * 1000
    told(
        f"{name:42} {medians['ours']:6.0f} ms (least {least:.0f})   python -c pass {medians['python']:.0f} ms   "
        f"pytest --version {medians['pytest']:.0f} ms"
    )


def _example(folder: Path) -> None:
    """Record the example suite twice."""
    shutil.copytree(PROJECT / "examples" / "orders", folder, ignore=shutil.ignore_patterns(".debugloop", "__pycache__"))
    for _ in range(2):
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--debugloop"], cwd=folder, check=False, stdout=subprocess.DEVNULL
        )


def make_large(folder: Path, tests: int, runs: int) -> None:
    """Fill the embedded record of a folder.

    Args:
        folder: of the record; made where it is not there.
        tests: in each run.
        runs: that there are.
    """
    with embedded_server(folder) as conninfo, connect(conninfo) as connection:
        migrate(connection, "agent_observability")
        connection.execute("SET search_path TO agent_observability, public")
        with connection.transaction(), ClientCursor(connection) as cursor:
            script = (Path(__file__).parent / "scale.sql").read_text(encoding="utf-8")
            cursor.execute(script, {"tests": tests, "runs": runs})
        connection.execute("VACUUM ANALYZE")


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=5_000, help="(%(default)s)")
    parser.add_argument("--runs", type=int, default=1_000, help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="(%(default)s)")
    parser.add_argument("--record", type=Path, help="folder of a record that was filled before, or is to be filled")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as name, ExitStack() as stack:
        shop = Path(name) / "shop"
        _example(shop)
        _compare("--help", _debugloop("--help"), shop, given.rounds)
        _compare("show --help", _debugloop("show", "--help"), shop, given.rounds)
        _compare("show, server stopped", _debugloop("show"), shop, given.rounds)
        with embedded_server(shop / ".debugloop"):
            _compare("show, server running", _debugloop("show"), shop, given.rounds)
        large = given.record or Path(name) / "large"
        if not (large / "postgres").is_dir():
            make_large(large, given.tests, given.runs)
        stack.enter_context(embedded_server(large))
        place = ("--dir", str(large))
        for words in (
            ("flaky",),
            ("failures",),
            ("failures", "--since", "9000d"),
            ("runs",),
            ("history", "test_behaviour_50"),
            ("recoveries", "--patterns"),
            ("slow",),
        ):
            _compare(" ".join(words), _debugloop(*place, *words), shop, given.rounds)


if __name__ == "__main__":
    main()
