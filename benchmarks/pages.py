"""What does each page of `debugloop serve` cost, and how large is it, on a large record?

Two records: a generated one (`scale.sql`: every test in each run, three steps each), and one of a suite that really
ran, with a run of 10,000 tests and a failure with 256 KB of state. Each page is asked for as HTML and as JSON: the
processor time of this process and of the database, the least of some rounds, as the clock counts what else the machine
does.
"""

from __future__ import annotations

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from starlette.testclient import TestClient

from benchmarks.commands import make_large
from benchmarks.turns import bare_environment, told
from pytest_debugloop.answers.location import RecordLocation
from pytest_debugloop.answers.reader import RecordReader
from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.web.application import make_app

_LARGE = "test_large"
_TICK = os.sysconf("SC_CLK_TCK")
_WIDE = """
import pytest


@pytest.mark.parametrize("number", range(10_000))
def test_each(number):
    assert number % 100 or not number, "one in a hundred"


def test_large():
    rows = [{"name": "row %d" % n, "text": "x" * 200, "values": list(range(20))} for n in range(2_000)]
    tables = {"table %d" % n: rows[n * 40:n * 40 + 40] for n in range(50)}
    assert tables == {}
"""


def _listed(client: TestClient) -> tuple[str, ...]:
    """Name the pages: those without an id, and the first run, failure and test."""
    run = client.get("/runs.json").json()["runs"][0]["id"]
    cause = client.get("/failures.json").json()["causes"][0]
    test = client.get("/go", params={"to": cause["last_node_id"]}).headers["location"].rpartition("/")[2]
    return (
        *("/", "/runs", "/runs?offset=500", "/runs?branch=main&status=failed", f"/runs/{run}", "/failures"),
        *("/failures?open=1", "/failures?since=90d", f"/failures/{cause['last_error_id']}", f"/tests/{test}"),
        *("/compare", "/flaky", "/flaky?all=1", "/recoveries", "/search?q=behaviour_50", "/search?q=dice+said"),
        "/search?q=nothing_is_called_so",
    )


class _Server:
    """Counts the processor time of a database server: of those who answer, and of those who have ended."""

    def __init__(self, conninfo: str) -> None:
        with connect(conninfo) as connection:
            stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text(encoding="ascii")
        self._postmaster = int(stat.rpartition(")")[2].split()[1])

    def milliseconds(self) -> float:
        ended = Path(f"/proc/{self._postmaster}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total = sum(map(int, ended[13:15])) / _TICK * 1e9
        for place in Path(f"/proc/{self._postmaster}/task/{self._postmaster}/children").read_text().split():
            with suppress(OSError):  # it has just ended
                total += int(Path(f"/proc/{place}/schedstat").read_text(encoding="ascii").split()[0])
        return total / 1e6


def _measure(folder: Path, paths: tuple[str, ...], rounds: int) -> None:
    location = RecordLocation.from_settings({"debugloop_dir": str(folder)})
    with embedded_server(folder) as conninfo, RecordReader(location) as reader:
        server, client = _Server(conninfo), TestClient(make_app(location, reader), follow_redirects=False)
        told(f"{'page':40} {'ours':>8} {'database':>8} {'sum':>8}   {'size':>9} {'gzip':>8}")
        causes = client.get("/failures.json").json()["causes"]
        ids = [cause["last_error_id"] for cause in causes if _LARGE in cause["last_node_id"]]
        for path in paths or _listed(client):
            path = path.replace(_LARGE, *ids) if _LARGE in path else path
            name, _, query = path.partition("?")
            as_json = ("/index" if name == "/" else name) + ".json" + (f"?{query}" if query else "")
            for address in (path, as_json):
                taken = []
                for _ in range(rounds):
                    own, theirs = time.process_time(), server.milliseconds()
                    found = client.get(address)
                    taken.append(((time.process_time() - own) * 1000, server.milliseconds() - theirs))
                    if sum(taken[-1]) > 5_000:
                        break
                own, theirs = min(taken, key=sum)
                size, packed = len(found.content), len(gzip.compress(found.content, 6))
                flag = "" if found.status_code == 200 else f"  status {found.status_code}"
                shown = address if len(address) <= 40 else f"{address[:20]}…{address[-19:]}"
                told(f"{shown:40} {own:8.0f} {theirs:8.0f} {own + theirs:8.0f}   {size:9,} {packed:8,}{flag}")


def _record_wide(folder: Path) -> None:
    (folder / "test_wide.py").write_text(_WIDE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "--debugloop", "--tb=no"]
    quiet = subprocess.DEVNULL
    subprocess.run(command, cwd=folder, env=bare_environment(), check=False, stdout=quiet)


def main() -> None:
    """Measure, and print a line for each address."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=5_000, help="(%(default)s)")
    parser.add_argument("--runs", type=int, default=1_000, help="(%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(%(default)s)")
    parser.add_argument("--record", type=Path, help="folder of a record that was filled before, or is to be filled")
    parser.add_argument("--page", action="append", default=[], help="only this one; may be repeated")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="debugloop-benchmark-") as name:
        large = given.record or Path(name) / "large"
        if (large / "postgres").is_dir():
            with embedded_server(large) as conninfo, connect(conninfo) as connection:
                migrate(connection, "agent_observability")
        else:
            make_large(large, given.tests, given.runs)
        _measure(large, tuple(given.page), given.rounds)
        if given.page:
            return
        wide = Path(name) / "wide"
        wide.mkdir()
        _record_wide(wide)
        told("a run of 10,000 tests, and a failure with a large state")
        _measure(wide / ".debugloop", ("/", "/runs/last", f"/failures/{_LARGE}", "/compare"), given.rounds)


if __name__ == "__main__":
    main()
