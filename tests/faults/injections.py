"""Faults injected into recorded runs, by seed, and the books balanced afterwards.

What pytest did is written down by a witness of its own (:mod:`tests.faults.harm`). Of each run, whatever happened to
it, must hold: what was recorded is stored, or told as set aside or lost; nothing is there twice; the run ended as it
does with the same harm and without us; and no process is left. A thousand of them, on a machine with time::

    python -m tests.faults.injections --count 1000 --seed 1
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import sys
import tempfile
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg import sql

from pytest_debugloop.database.connect import connect
from pytest_debugloop.database.embedded import embedded_server
from pytest_debugloop.database.migrate import migrate
from pytest_debugloop.journal.shared_names import LOADER_VARIABLE
from pytest_debugloop.private import JOURNALS
from tests.faults import harm
from tests.faults.books import Books, Failures, Steps, phases_of
from tests.faults.hostile_journals import HOSTILE, as_run, folder_of, run_of
from tests.support.embedded import server_pid
from tests.support.places import fast_place
from tests.support.projects import Project, Run
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SUITE = """
    import pytest

    @pytest.fixture
    def broken():
        raise OSError("no such thing")

    @pytest.fixture
    def breaks_after():
        yield
        raise OSError("no such thing any more")

    def test_pass():
        pass

    def test_fail():
        found = {"numbers": list(range(50)), "words": ["word"] * 50}
        assert found == {}

    def test_error(broken):
        pass

    @pytest.mark.skip(reason="not today")
    def test_skip():
        pass

    @pytest.mark.xfail(reason="known")
    def test_xfail():
        assert 1 == 2

    def test_error_at_teardown(breaks_after):
        pass

    @pytest.mark.parametrize("number", range(4))
    def test_many(number):
        assert number != 2
"""
_MOMENTS = 60

_STEPS = """
    SELECT operation_name, step_type, metadata->>'outcome' FROM debug_workflow_steps
    WHERE correlation_id = %s AND step_type IN ('setup', 'call', 'teardown')
"""
_ERRORS = """
    SELECT operation_name, metadata->>'phase', count(*) FROM debug_error_events
    WHERE correlation_id = %s AND metadata->>'phase' <> '' AND error_type NOT IN ('process_crash', 'worker_crash')
    GROUP BY 1, 2
"""
_HAS_TABLES = "SELECT to_regclass('debug_rejected_lines') IS NOT NULL"
_REJECTED = "SELECT count(*) FROM debug_rejected_lines WHERE correlation_id = %s"

_ENDS = {"kill", "leave", "segfault", "terminate", "kill_parent"}
# The journals are harmed, behind the back of who writes them.
_DESTROYS = {"cut_journal", "empty_journal", "garble_journal", "remove_journal", "remove_record", "move_record"}
# Lines are kept in memory until they can be written, or are lost: that is told at the end too.
_KEEPS_BACK = {"limit_files", "limit_descriptors", "break_writing"}
# pytest itself cannot capture by descriptors then.
_OF_DESCRIPTORS = {"close_descriptors", "take_descriptors", "limit_descriptors"}
_OF_EMBEDDED = {"kill_server", "stop_server"}
_OF_SHARED = {"kill_backends"}


class Harm(NamedTuple):
    """One harm: when it is done, and how much of it."""

    name: str
    at: int
    amount: float


@dataclass(frozen=True)
class Injection:
    """A run, and the harm that is done to it.

    Attributes:
        seed: it is drawn by.
        harms: of the plan, one or two.
        workers: of pytest-xdist; 0: none.
        is_embedded: whether it records to the embedded server, and not to one that others use too.
        is_loaded_later: whether it is not stored while it goes on.
        hostile: names of hostile journals that earlier runs are made to have left.
    """

    seed: int
    harms: tuple[Harm, ...]
    workers: int
    is_embedded: bool
    is_loaded_later: bool
    hostile: tuple[str, ...]

    @classmethod
    def of(cls, seed: int, names: Sequence[str] = tuple(harm.HARMS)) -> Injection:
        """Draw one.

        Args:
            seed: the same seed gives the same injection.
            names: of harms to choose from.
        """
        drawn = random.Random(seed)
        first = drawn.choice(names)
        second = drawn.choice(names) if drawn.random() < 0.25 else "nothing"
        if {first, second} & _DESTROYS:  # what is lost is told at the end: there must be one
            second = first if second in _ENDS | _DESTROYS else second
        if {first, second} & _KEEPS_BACK and {first, second} & _ENDS:
            second = "nothing"
        harms = tuple(Harm(name, drawn.randint(1, _MOMENTS), round(drawn.random(), 3)) for name in (first, second))
        chosen = {first, second}
        # Without its descriptors a worker is cut off from the process that shares out the tests.
        may_share = not chosen & _OF_DESCRIPTORS
        workers = 2 if may_share and ("kill_parent" in chosen or drawn.random() < 0.1) else 0
        embedded = bool(chosen & _OF_EMBEDDED) or (not chosen & _OF_SHARED and drawn.random() < 0.1)
        later = drawn.random() < 0.1
        hostile = tuple(drawn.sample(sorted(HOSTILE), 3)) if drawn.random() < 0.15 else ()
        return cls(seed, harms, workers, embedded, later, hostile)

    @property
    def chosen(self) -> set[str]:
        """Names of the harms."""
        return {one.name for one in self.harms}

    @property
    def arguments(self) -> list[str]:
        """Options of pytest."""
        found = ["-p", "harm", "-p", "no:cacheprovider"]
        if self.workers:
            found += ["-p", "xdist", "-n", str(self.workers)]
        if self.chosen & _OF_DESCRIPTORS:
            found += ["--capture=sys"]
        return found

    def __str__(self) -> str:
        how = [f"{one.name}({one.amount}) at {one.at}" for one in self.harms if one.name != "nothing"]
        where = "embedded" if self.is_embedded else "shared"
        workers = f", {self.workers} workers" if self.workers else ""
        later = ", loaded later" if self.is_loaded_later else ""
        beside = f", beside {', '.join(self.hostile)}" if self.hostile else ""
        return f"seed {self.seed}: {' and '.join(how) or 'nothing'}; {where}{workers}{later}{beside}"


class Bench:
    """A server that the runs share, and a folder for each.

    Args:
        stack: leaves the server in the end.
    """

    def __init__(self, stack: ExitStack) -> None:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="dl-", dir=fast_place()))
        self._server = Path(place, ".debugloop")
        self._conninfo = stack.enter_context(embedded_server(self._server, durable=False))
        self._schema = "injected"
        with connect(self._conninfo) as connection:
            migrate(connection, self._schema)
        self._healthy = self._record_healthy(Path(place, "healthy"))

    def balance(self, injection: Injection) -> Books:
        """Run an injection, and balance its books."""
        with tempfile.TemporaryDirectory(prefix="dl-", dir=fast_place(), ignore_cleanup_errors=True) as folder:
            balance = _Balance(injection, Path(folder), self._project(injection, Path(folder)))
            return balance.books(lambda record: self._plant(injection.hostile, record))

    def _record_healthy(self, folder: Path) -> list[bytes]:
        """Record the suite, and give the lines of its journal."""
        injection = Injection(0, (), 0, is_embedded=False, is_loaded_later=True, hostile=())
        folder.mkdir()
        project = self._project(injection, folder)
        project.run(*injection.arguments, "--no-debugloop-load")
        (journal,) = project.folder.glob(f".debugloop/{JOURNALS}/*/main.jsonl")
        return journal.read_bytes().splitlines(keepends=True)

    def _plant(self, names: Sequence[str], record: Path) -> None:
        """Leave hostile journals, as if of earlier runs."""
        for folder in (record, record / JOURNALS) if names else ():
            folder.mkdir(mode=0o700)
        for name in names:
            HOSTILE[name].plant(record / JOURNALS / folder_of(name), as_run(self._healthy, run_of(name)))

    def _project(self, injection: Injection, folder: Path) -> Project:
        suite = folder / "suite"
        environment = {
            "XDG_STATE_HOME": str(folder / "state"),
            "TMPDIR": str(folder / "tmp"),
            "HOME": str(folder),
            "RECORD": str(suite / ".debugloop"),
            "HARM": json.dumps([one._asdict() for one in injection.harms]),
            "WITNESS": str(folder / "witness"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "POSTMASTER": str(server_pid(self._server)),
        }
        (folder / "tmp").mkdir()
        where = ("", "agent_observability") if injection.is_embedded else (self._conninfo, self._schema)
        project = Project(suite, *where, environment)
        project.write("pytest.ini", "[pytest]")
        project.write("test_suite.py", SUITE)
        shutil.copy(harm.__file__, suite / "harm.py")
        return project


class _Balance:
    def __init__(self, injection: Injection, folder: Path, project: Project) -> None:
        self._injection = injection
        self._folder = folder
        self._project = project
        self._record = project.folder / ".debugloop"
        self._books = Books()

    def books(self, plant: Callable[[Path], None]) -> Books:
        plain = self._project.run(*self._injection.arguments, recorded=False)
        witness = self._folder / "witness"
        witness.unlink(missing_ok=True)
        plant(self._record)
        run = self._recorded_run()
        lines = witness.read_text(encoding="utf-8").splitlines() if witness.exists() else []
        self._ended_as_without_us(plain, run)
        self._wait_until_nobody_is_left()
        self._load()
        self._wait_until_nobody_is_left()
        self._compare([line.split("\t") for line in lines], run)
        self._wait_until_nobody_is_left()
        return self._books

    def _recorded_run(self) -> Run:
        correlation_id = str(uuid.uuid4())
        options = list(self._injection.arguments)
        if self._injection.is_loaded_later:
            options += ["--no-debugloop-load"]
        if self._injection.is_embedded:
            command = [*self._project.command("--debugloop", recorded=False, correlation_id=correlation_id), *options]
        else:
            command = self._project.command(*options, correlation_id=correlation_id)
        run = self._project.run(command=command)
        return Run(run.ret, run.out, run.err, self._project.left_by(correlation_id))

    def _wrong(self, what: str) -> None:
        self._books.wrong.append(what)

    def _ended_as_without_us(self, plain: Run, run: Run) -> None:
        if run.xdist_broke or plain.xdist_broke or (self._injection.workers and self._injection.chosen & _ENDS):
            return  # which tests a worker had before it died is chance
        for what, theirs, mine in (
            ("exit status", plain.ret, run.ret),
            ("outcomes", _last_line(plain), _last_line(run)),
            ("standard error", plain.err, run.err),
        ):
            if mine != theirs:
                self._wrong(f"the run's {what}: {theirs!r} without us, {mine!r} with us")

    # -- what is left running, and waiting --

    def _wait_until_nobody_is_left(self) -> None:
        try:
            wait_until(lambda: not self._left())
        except AssertionError:
            self._wrong(f"left running: {self._left()}")

    def _left(self) -> list[str]:
        found = []
        order = f"{LOADER_VARIABLE}=".encode()
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                environment = (process / "environ").read_bytes()
                is_loader = order in environment and str(self._record).encode() in environment.split(order, 1)[1]
            except OSError:
                continue
            if is_loader:
                found.append(f"loader {process.name}")
        pid = server_pid(self._record)
        return [*found, *([f"server {pid}"] if pid else [])]

    def _folders(self) -> list[Path]:
        """Give the folder of the record, and where a run may have gone instead; the spare one belongs to it."""
        moved = self._record.with_name("moved")
        states = self._folder / "state" / "pytest-debugloop"
        found = [self._record, moved, *(states.iterdir() if states.exists() else ())]
        return [folder for folder in found if folder == self._record or (folder / JOURNALS).exists()]

    def _load(self) -> None:
        for folder in self._folders():
            for expected in ("", "0 runs stored, 0 still waiting."):
                done = self._project.debugloop("--dir", str(folder), "load")
                is_well = (done.returncode, done.stderr) == (0, "") and expected in done.stdout
                if "Internal error in pytest-debugloop" in done.stderr or not (is_well or self._injection.hostile):
                    self._wrong(f"load of {folder.name}: {done.returncode}, {done.stdout!r}, {done.stderr!r}")
                self._books.told += _sum(r"([\d,]+) (?:lines?|records?)[^.]*\b(?:set aside|lost)\b", done.stdout)
        left = [path for folder in self._folders() for path in folder.glob(f"{JOURNALS}/*/*.jsonl")]
        if left and not self._injection.hostile:
            self._wrong(f"journals are left: {left}")

    def _enter(self, stack: ExitStack) -> psycopg.Connection | None:
        conninfo = self._project.conninfo
        if self._injection.is_embedded:
            if not (self._record / "postgres").exists():
                return None
            conninfo = stack.enter_context(embedded_server(self._record, durable=False, trusted=True))
        connection = stack.enter_context(psycopg.connect(conninfo, autocommit=True))
        connection.execute(sql.SQL("SET search_path TO {}, public").format(sql.Identifier(self._project.schema)))
        return connection

    # -- the books --

    def _compare(self, seen: list[list[str]], run: Run) -> None:
        """Hold what the witness saw against what is stored."""
        steps: Steps = {}
        failures: Failures = {}
        with ExitStack() as stack:
            connection = self._enter(stack)
            if connection is not None and connection.execute(_HAS_TABLES).fetchone() == (True,):
                what = (run.record.correlation_id,)
                for test, phase, outcome in connection.execute(_STEPS, what):
                    steps.setdefault((test, phase), []).append(outcome)
                for test, phase, number in connection.execute(_ERRORS, what):
                    failures[test, phase] = number
                self._books.told += sum(row[0] for row in connection.execute(_REJECTED, what))
        self._books.told += _sum(r"([\d,]+) records? (?:is|are) lost", run.out)
        self._books.close(phases_of(seen, has_ended=not self._injection.chosen & _ENDS), steps, failures)


def _last_line(run: Run) -> str:
    """Give what the last line counts, without the time it took."""
    found = re.findall(r"^=+ (.*) in [\d.]+s.*=+$", run.out, re.MULTILINE)
    return found[-1] if found else ""


def _sum(pattern: str, text: str) -> int:
    return sum(int(number.replace(",", "")) for number in re.findall(pattern, text))


def main() -> int:
    """Inject as many faults as the command line asks for, and print what does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first; the others follow")
    parser.add_argument("--harm", action="append", choices=list(harm.HARMS), help="only these")
    given = parser.parse_args()
    os.environ["DEBUGLOOP_TEST_PROCESSES"] = "fresh"  # who is left is found by the environment that it began with
    total, wrong = Books(), 0
    with ExitStack() as stack:
        bench = Bench(stack)
        for seed in range(given.seed, given.seed + given.count):
            injection = Injection.of(seed, given.harm or tuple(harm.HARMS))
            books = bench.balance(injection)
            total.add(books)
            wrong += bool(books.wrong)
            for sentence in books.wrong:
                sys.stdout.write(f"{injection}: {sentence}\n")
                sys.stdout.flush()
    sys.stdout.write(
        f"{given.count} injections from seed {given.seed}: {wrong} wrong; {total.recorded} phases recorded, "
        f"{total.stored} stored, {total.told} records told as lost or set aside\n"
    )
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
