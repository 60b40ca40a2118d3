"""How long does it take to bring 40,000 journal lines into the tables?

The journal is that of a real run of trivial tests; the embedded server is warm, all indexes are on. Wall time and the
loader's own CPU time; the rest of the work is PostgreSQL's.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.suite import write_suite
from benchmarks.turns import told
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate, rollback
from pytest_debugloop.loading.heads import head_of
from pytest_debugloop.loading.loader import Loader

_SCHEMA = "benchmark"


def _record(folder: Path, tests: int) -> Path:
    """Run a suite that finds no database, and give the journal that it left."""
    write_suite(folder, tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_debugloop.plugin"]
    options = ["--debugloop", "--debugloop-dsn=host=/nowhere", "--debugloop-wait=0"]
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin:/bin"}
    subprocess.run([*command, *options], cwd=folder, env=env, stdout=subprocess.DEVNULL, check=True)
    (journal,) = (folder / ".debugloop" / "journals").glob("*/main.jsonl")
    return journal


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=40_000, help="(%(default)s)")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 5], help="in how many batches (%(default)s)")
    parser.add_argument("--repeat", type=int, default=7, help="(%(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as name:
        journal = _record(Path(name), given.lines // 6 // 100 * 100 + 200)
        lines = journal.read_bytes().splitlines(keepends=True)[: given.lines]
        head = head_of(journal, lines[0])
        with embedded_server(Path(name) / "server") as conninfo, connect(conninfo) as connection:
            for batches in given.batches:
                size = -(-len(lines) // batches)
                data = [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)]
                wall, cpu = [], []
                for _ in range(given.repeat):
                    migrate(connection, _SCHEMA)
                    loader = Loader(connection, _SCHEMA)
                    begun, used = time.perf_counter(), time.process_time()
                    for batch in data:
                        loader.load([(head, batch)])
                    loader.complete(head.run_id, head.correlation_id)
                    wall.append(time.perf_counter() - begun)
                    cpu.append(time.process_time() - used)
                    rollback(connection, _SCHEMA)
                told(
                    f"{len(lines):,} lines in {batches} batch(es): wall {statistics.median(wall):.2f} s "
                    f"(least {min(wall):.2f}), client CPU {statistics.median(cpu) * 1000:.0f} ms "
                    f"(least {min(cpu) * 1000:.0f})"
                )


if __name__ == "__main__":
    main()
