"""What does linking recoveries add to the loading of a run?

Two real runs of a suite: in the first 1 % of the tests fail, in the second a function is mended and all pass. The
second is loaded into a record that has the first, and the time of linking is told beside that of the rest, the batches
included. Each figure is the median of several loads into fresh schemas on a warm embedded server, all indexes on.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.suite import write_suite
from benchmarks.turns import told
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate, rollback
from pytest_debugloop.loading import loader as loading
from pytest_debugloop.loading.heads import JournalHead, head_of
from pytest_debugloop.loading.journals import journals_in
from pytest_debugloop.loading.lines import Chunk
from pytest_debugloop.loading.linking import link_recoveries
from pytest_debugloop.loading.loader import Loader
from pytest_debugloop.sources.survey import lines_of

_SCHEMA = "benchmark"


class Timed:
    """Links as the loader does, and keeps how long that took, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, *values: Any, **named: Any) -> None:
        begun = time.perf_counter()
        link_recoveries(*values, **named)
        self.seconds = time.perf_counter() - begun


def _record(folder: Path, status: int) -> list[Chunk]:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "pytest_debugloop.plugin"]
    options = ["--debugloop", f"--debugloop-dsn=host={folder} connect_timeout=1", "--debugloop-wait=60"]
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PATH": "/usr/bin:/bin"}
    done = subprocess.run([*command, *options], cwd=folder, env=env, stdout=subprocess.DEVNULL, check=False)
    if done.returncode != status:
        raise RuntimeError(f"the suite ended with {done.returncode}")
    (run,) = (folder / ".debugloop" / "journals").iterdir()
    chunks: list[Chunk] = []
    for path in journals_in(run):
        data = path.read_bytes()
        chunks.append((head_of(path, data.partition(b"\n")[0]), data))
        path.unlink()
    for path in run.iterdir():
        path.unlink()
    run.rmdir()
    return chunks


def _without_known(loader: Loader, chunk: Chunk) -> Chunk:
    """Leave out the source files that the record has, as the loader's process does."""
    head, data = chunk
    if b'{"kind":"code_file"' not in data:
        return chunk
    records = [json.loads(line) for line in data.splitlines()]
    known = loader.known_files([(r["file"], r["hash"]) for r in records if r["kind"] == "code_file"])
    return head, lines_of(r for r in records if (r.get("file"), r.get("hash")) not in known)


def _load(loader: Loader, chunks: list[Chunk]) -> None:
    head: JournalHead = chunks[0][0]
    loader.load([_without_known(loader, chunk) for chunk in chunks])
    loader.complete(head.run_id, head.correlation_id)


def main() -> None:
    """Measure, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--repeat", type=int, default=7, help="(%(default)s)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as name:
        folder = Path(name) / "suite"
        folder.mkdir()
        write_suite(folder, given.tests)
        for path in folder.glob("test_*.py"):  # one in a hundred fails, until a function is mended
            path.write_text("import shop\n\n\n" + path.read_text().replace("assert True", "assert shop.is_open()", 1))
        (folder / "shop.py").write_text("def is_open():\n    return False\n")
        failing = _record(folder, 1)
        (folder / "shop.py").write_text("def is_open():\n    return True\n")
        passing = _record(folder, 0)
        with embedded_server(Path(name) / "server") as conninfo, connect(conninfo) as connection:
            shares, linking, whole = [], [], []
            timed = Timed()
            setattr(loading, "link_recoveries", timed)  # noqa: B010 - another that is called so
            for _ in range(given.repeat):
                migrate(connection, _SCHEMA)
                loader = Loader(connection, _SCHEMA)
                _load(loader, failing)
                begun = time.perf_counter()
                _load(loader, passing)
                took = time.perf_counter() - begun
                whole.append(took)
                linking.append(timed.seconds)
                shares.append(timed.seconds / (took - timed.seconds))
                query = f"SELECT recovery_strategy, count(*) FROM {_SCHEMA}.debug_error_success_correlation GROUP BY 1"
                strategies = connection.execute(query.encode()).fetchall()
                rollback(connection, _SCHEMA)
            told(f"recoveries: {strategies}")
            told(
                f"loading {given.tests:,} tests: {statistics.median(whole):.2f} s, of which linking "
                f"{statistics.median(linking) * 1000:.0f} ms: {statistics.median(shares):.1%} of the rest "
                f"({min(shares):.1%} to {max(shares):.1%})"
            )


if __name__ == "__main__":
    main()
