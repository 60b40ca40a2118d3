"""What does it take to bring the journal of 10,000 passing tests into the tables?

The journal is that of a real run of trivial tests; the embedded server is warm, all indexes are on. Wall time, CPU time
of the loader and of its process of the server (Linux), which is what the machine pays, and what the record grows by. A
green run of less than five seconds is loaded in two batches, as is one that waited; one that waits for the loader at
its end in seven or more (`pytest_debugloop/loading/pace.py`).
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from psycopg import Connection

from benchmarks.suite import write_suite
from benchmarks.turns import told
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate, rollback
from pytest_debugloop.loading.heads import head_of
from pytest_debugloop.loading.loader import Loader

_SCHEMA = "benchmark"
_DATABASE = "SELECT pg_database_size(current_database())"
_LARGEST = f"""
SELECT relname, pg_relation_size(oid) FROM pg_class
WHERE relnamespace = '{_SCHEMA}'::regnamespace AND relkind IN ('r', 'i') ORDER BY 2 DESC LIMIT 12
"""


def _record(folder: Path, tests: int) -> Path:
    """Run a suite that finds no database, and give the journal that it left."""
    write_suite(folder, tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_debugloop.plugin"]
    options = ["--debugloop", "--debugloop-dsn=host=/nowhere", "--debugloop-wait=0"]
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin:/bin"}
    subprocess.run([*command, *options], cwd=folder, env=env, stdout=subprocess.DEVNULL, check=True)
    (journal,) = (folder / ".debugloop" / "journals").glob("*/main.jsonl")
    return journal


def _server_seconds(pid: int) -> float:
    """Give the CPU time of a process of the server; 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except OSError:
        return 0.0


def _megabytes(connection: Connection, query: str) -> float:
    row = connection.execute(query.encode()).fetchone()
    return float(row[0]) / 1e6 if row else 0.0


def _load(connection: Connection, journal: Path, batches: int) -> tuple[float, float, float, float]:
    """Load a journal; give seconds by the clock, of the loader's and of the server's CPU, and megabytes of WAL."""
    lines = journal.read_bytes().splitlines(keepends=True)
    head = head_of(journal, lines[0])
    size = -(-len(lines) // batches)
    data = [b"".join(lines[at : at + size]) for at in range(0, len(lines), size)]
    loader = Loader(connection, _SCHEMA)
    pid = connection.info.backend_pid
    written = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
    before = time.perf_counter(), time.process_time(), _server_seconds(pid), _megabytes(connection, written)
    for batch in data:
        loader.load([(head, batch)])
    loader.complete(head.run_id, head.correlation_id)
    after = time.perf_counter(), time.process_time(), _server_seconds(pid), _megabytes(connection, written)
    wall, client, server, wal = (end - begin for begin, end in zip(before, after, strict=True))
    return wall, client, server, wal


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--batches", type=int, nargs="+", default=[2, 8, 30], help="in how many batches (%(default)s)")
    parser.add_argument("--repeat", type=int, default=7, help="(%(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as name:
        journal = _record(Path(name), given.tests)
        told(f"{given.tests:,} tests: a journal of {journal.stat().st_size / 1e6:.1f} MB")
        with embedded_server(Path(name) / "server") as conninfo, connect(conninfo) as connection:
            for batches in given.batches:
                figures = []
                for _ in range(given.repeat):
                    migrate(connection, _SCHEMA)
                    before = _megabytes(connection, _DATABASE)
                    figures.append(_load(connection, journal, batches))
                    grown = _megabytes(connection, _DATABASE) - before
                    largest = [(name, float(size) / 1e6) for name, size in connection.execute(_LARGEST.encode())]
                    rollback(connection, _SCHEMA)
                wall, client, server, wal = (statistics.median(column) for column in zip(*figures, strict=True))
                told(
                    f"in {batches} batch(es): {wall:.2f} s by the clock; CPU of the server {server:.2f} s "
                    f"(least {min(row[2] for row in figures):.2f}), of the loader {client * 1000:.0f} ms; "
                    f"WAL {wal:.1f} MB; the database grows by {grown:.1f} MB"
                )
            told("of these: " + ", ".join(f"{relation} {size:.1f}" for relation, size in largest))


if __name__ == "__main__":
    main()
