"""What the database knows of the two sides of recoveries, asked once for all that one run brings."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Cursor
from psycopg.rows import class_row

from pytest_debugloop.loading.recoveries.code_changes import Change, Reach, Unit, changes_between, is_test_file
from pytest_debugloop.loading.recoveries.flakes import Failure
from pytest_debugloop.loading.recoveries.orders import Order
from pytest_debugloop.loading.recoveries.refining import refined

Statement = Callable[[str], str]
_MOST_AT_ONCE = 500
_MOST_REFINED = 5_000


@dataclass(frozen=True, slots=True)
class Pending:
    """A recovery whose reason is to be found; the attributes are columns of ``recoveries_pending.sql``."""

    id: uuid.UUID
    task_id: uuid.UUID
    error_run: uuid.UUID
    success_run: uuid.UUID
    error_agent: str
    success_agent: str
    passed_at: datetime
    error_operation: str
    success_operation: str
    places: list[list[Any]]
    category: str
    error_code: str | None
    message: str
    together: int

    @property
    def failure(self) -> Failure:
        """What the failure looks like."""
        return Failure(self.category, self.error_code or "", self.message, self.together)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a run was run on; the attributes are columns of ``recoveries_runs.sql``."""

    id: uuid.UUID
    correlation_id: uuid.UUID
    code_version: str | None
    files: dict[str, str] | None
    distributions: dict[str, str] | None
    environment: dict[str, str | None] | None
    interpreter: dict[str, Any] | None
    platform: str | None
    started_at: datetime
    finished_at: datetime | None  # of one that goes on, or died
    git_commit: str | None
    leg: str
    ci: dict[str, Any] | None


class Attempt(NamedTuple):
    """One attempt of a test before a recovery of it."""

    run_id: uuid.UUID
    agent: str
    operation: str
    failed: bool
    conditions: str | None


class CodeDifference(NamedTuple):
    """What code differs between the runs of a failure and of a success.

    Attributes:
        changes: the functions that do.
        reach: who reaches them.
        failing: the functions of the files of the failing run, by file, as far as they are known.
        unknown: files that differ, and of which a side is not known: nothing of the run had loaded them.
    """

    changes: list[Change]
    reach: Reach
    failing: Mapping[str, list[Unit]]
    unknown: list[str]


def _ids(changes: Iterable[Change]) -> set[str]:
    return {side for change in changes for side in (change.before, change.after) if side}


class Facts:
    """Asks, and remembers the answers.

    Args:
        cursor: in the transaction that concludes a run.
        statement: gives SQL by its name.
    """

    def __init__(self, cursor: Cursor[Any], statement: Statement) -> None:
        self._cursor = cursor
        self._statement = statement
        self._runs: dict[uuid.UUID, RunFacts] = {}
        self._units: dict[tuple[str, str], list[Unit]] = {}
        self._asked: set[tuple[str, str]] = set()
        self._differences: dict[tuple[str | None, str | None], CodeDifference] = {}
        self._sources: dict[str, str] = {}
        self._of_tests: set[str] = set()
        self._orders: dict[tuple[uuid.UUID, str], Order] = {}

    def _ask(self, name: str, **values: object) -> Cursor[Any]:
        return self._cursor.execute(self._statement(name), values)

    def pending(self, run_id: uuid.UUID, correlation_id: uuid.UUID) -> list[Pending]:
        """List the recoveries whose reason is to be found.

        Args:
            run_id: that is concluded.
            correlation_id: its workflow.
        """
        with self._cursor.connection.cursor(row_factory=class_row(Pending)) as cursor:
            values = {"run_id": run_id, "correlation_id": correlation_id}
            found = cursor.execute(self._statement("recoveries_pending"), values).fetchall()
        self._learn(found)
        return found

    def between(self, error_id: uuid.UUID, success_id: uuid.UUID) -> Pending | None:
        """Give a failure and a pass that nobody linked; None where one of them is not there.

        Args:
            error_id: of the failure.
            success_id: of the pass.
        """
        with self._cursor.connection.cursor(row_factory=class_row(Pending)) as cursor:
            values = {"error_id": error_id, "success_id": success_id}
            found = cursor.execute(self._statement("recoveries_between"), values).fetchall()
        self._learn(found)
        return next(iter(found), None)

    def _learn(self, found: Sequence[Pending]) -> None:
        self._learn_runs({run for one in found for run in (one.error_run, one.success_run)})
        self._of_tests = {str(file) for one in found for file, *_ in one.places}
        self._of_tests |= {one.success_operation.partition("::")[0] for one in found}

    def _learn_runs(self, runs: Iterable[uuid.UUID]) -> None:
        new = [run for run in runs if run not in self._runs]
        if not new:
            return
        with self._cursor.connection.cursor(row_factory=class_row(RunFacts)) as cursor:
            for facts in cursor.execute(self._statement("recoveries_runs"), {"runs": new}):
                self._runs[facts.id] = facts

    def run(self, run_id: uuid.UUID) -> RunFacts | None:
        """Give what a run was run on; None where its record is not there.

        Args:
            run_id: of one of the runs of :meth:`pending`.
        """
        return self._runs.get(run_id)

    def code_difference(self, failing: RunFacts, passing: RunFacts) -> CodeDifference:
        """Compare the code of two runs of which it is known.

        Args:
            failing: the run of the failure.
            passing: the run of the success.
        """
        key = failing.code_version, passing.code_version
        if key not in self._differences:
            self._differences[key] = self._compared(failing.files or {}, passing.files or {})
        return self._differences[key]

    def _compared(self, failing: dict[str, str], passing: dict[str, str]) -> CodeDifference:
        differing = [file for file in sorted(failing.keys() | passing.keys()) if failing.get(file) != passing.get(file)]
        # Of files of tests those of the recovered ones matter: nothing else is reached through them.
        files = {file for file in passing if not is_test_file(file)} | self._of_tests | set(differing)
        self._learn_units([(file, side[file]) for side in (failing, passing) for file in files & side.keys()])
        before: list[Unit] = []
        after: list[Unit] = []
        unknown = []
        for file in differing:
            sides = [self._units.get((file, side[file])) if file in side else [] for side in (failing, passing)]
            if any(side is None for side in sides):
                unknown.append(file)
                continue
            before += sides[0] or []
            after += sides[1] or []
        changes = changes_between(before, after)
        looked_into = changes[:_MOST_REFINED]
        changes = refined(looked_into, self.sources(looked_into, ())) + changes[_MOST_REFINED:]
        units = [unit for file, digest in passing.items() for unit in self._units.get((file, digest), ())]
        reach = Reach(units if changes else [], changes)
        known = {file: self._units.get((file, digest), []) for file, digest in failing.items()}
        return CodeDifference(changes, reach, known, unknown)

    def _learn_units(self, files: Sequence[tuple[str, str]]) -> None:
        new = [one for one in dict.fromkeys(files) if one not in self._asked]
        if not new:
            return
        self._asked.update(new)
        rows = self._ask("recoveries_units", files=[f for f, _ in new], hashes=[h for _, h in new]).fetchall()
        for file, digest, unit, function, first, last, provides, uses in rows:
            found = self._units.setdefault((file, digest), [])
            found.append(Unit(unit, file, function, first, last, provides, uses))

    def sources(self, changes: Sequence[Change], likely: Sequence[Change]) -> Mapping[str, str]:
        """Give the source of functions, before and after.

        Args:
            changes: of them.
            likely: of those that will be asked for next; they are fetched with them.
        """
        if not _ids(changes) <= self._sources.keys():
            ids = sorted(_ids([*changes, *likely[:_MOST_AT_ONCE]]) - self._sources.keys())
            self._sources.update(self._ask("recoveries_sources", ids=ids).fetchall())
        return self._sources

    def order(self, run_id: uuid.UUID, agent: str) -> Order:
        """Give the tests that a process of a run began.

        Args:
            run_id: of the run.
            agent: name of the process.
        """
        key = run_id, agent
        if key not in self._orders:
            self._learn_runs([run_id])
            run = self._runs.get(run_id)
            rows: list[tuple[str]] = []
            if run is not None:
                place = {
                    "workflow": run.correlation_id,
                    "agent": agent,
                    "begin": run.started_at,
                    "end": run.finished_at,
                }
                rows = self._ask("recoveries_order", **place).fetchall()
            self._orders[key] = Order.of([name for (name,) in rows])
        return self._orders[key]

    def histories(self, pending: Sequence[Pending]) -> dict[uuid.UUID, list[Attempt]]:
        """Give what was known of the tests when they recovered, by recovery, the oldest attempt first.

        Args:
            pending: the recoveries.
        """
        found: dict[uuid.UUID, list[Attempt]] = defaultdict(list)
        rows = self._ask(
            "recoveries_history",
            recoveries=[one.id for one in pending],
            tasks=[one.task_id for one in pending],
            moments=[one.passed_at for one in pending],
        ).fetchall()
        for recovery, *attempt in rows:
            found[recovery].append(Attempt(*attempt))
        return found
