"""What the database knows of the two sides of recoveries, asked once for all that one run brings."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from psycopg import Cursor
from psycopg.rows import class_row

from pytest_debugloop.loading.recoveries.code_changes import Change, Reach, Unit, changes_between
from pytest_debugloop.loading.recoveries.difference import CodeDifference
from pytest_debugloop.loading.recoveries.ignored_code import IgnoredCode, ignored_code
from pytest_debugloop.loading.recoveries.orders import Order
from pytest_debugloop.loading.recoveries.refining import refined
from pytest_debugloop.loading.recoveries.rows import Attempt, Pending, RunFacts
from pytest_debugloop.loading.recoveries.traces import UNTRACED, Sides, Trace
from pytest_debugloop.sources.units import is_test_file

__all__ = ["Attempt", "CodeDifference", "Facts", "Pending", "RunFacts", "Statement"]

Statement = Callable[[str], str]
_MAX_AT_ONCE = 500
_MAX_REFINED = 5_000
_MAX_SEARCHED = 4_000

T = TypeVar("T")


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
        self._differences: dict[Hashable, CodeDifference] = {}
        self._sources: dict[str, str] = {}
        self._found: dict[Hashable, Any] = {}
        self._of_tests: set[str] = set()
        self._orders: dict[tuple[uuid.UUID, str], Order] = {}
        self._traces: dict[uuid.UUID, Sides] = {}
        self._fetched: dict[int, int] = {}  # how far, of each difference

    def _ask(self, name: str, **values: object) -> Cursor[Any]:
        return self._cursor.execute(self._statement(name), values)

    def pending(
        self, run_id: uuid.UUID, correlation_id: uuid.UUID, name: str = "recoveries_pending", **values: object
    ) -> list[Pending]:
        """List the recoveries whose reason is to be found, or the passes and failures to be compared.

        Args:
            run_id: that is concluded.
            correlation_id: its workflow.
            name: of the statement that lists them.
            **values: that it asks for besides.
        """
        with self._cursor.connection.cursor(row_factory=class_row(Pending)) as cursor:
            values |= {"run_id": run_id, "correlation_id": correlation_id}
            found = cursor.execute(self._statement(name), values).fetchall()
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
        self._learn_traces(found)

    def _learn_traces(self, pending: Sequence[Pending]) -> None:
        asked = [
            side
            for one in pending
            for side in (
                (one.id, True, one.error_run, one.error_agent, one.error_operation, one.error_attempt),
                (one.id, False, one.success_run, one.success_agent, one.success_operation, one.success_attempt),
            )
        ]
        if not asked:
            return
        names = ("recoveries", "failing", "runs", "agents", "operations", "attempts")
        for recovery, is_failing, *trace in self._ask(
            "recoveries_traces", **dict(zip(names, map(list, zip(*asked, strict=True)), strict=True))
        ):
            sides = self._traces.get(recovery, UNTRACED)
            found = Trace.of(*trace)
            self._traces[recovery] = sides._replace(failing=found) if is_failing else sides._replace(passing=found)

    def traces(self, one: Pending) -> Sides:
        """Give what the two sides of a recovery ran.

        Args:
            one: the recovery.
        """
        return self._traces.get(one.id, UNTRACED)

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
        ignored = self.ignored_code(failing, passing)
        key = failing.code_version, passing.code_version, *(tuple(side.items()) for side in ignored)
        if key not in self._differences:
            before, after = (
                {**(run.files or {}), **side} for run, side in zip((failing, passing), ignored, strict=True)
            )
            self._differences[key] = self._compared(before, after)
        return self._differences[key]

    def ignored_code(self, failing: RunFacts, passing: RunFacts) -> IgnoredCode:
        """Give the files of Python that git ignores and that differ.

        Args:
            failing: the run of the failure.
            passing: the run of the success.
        """
        key = "ignored code", failing.id, passing.id
        return self.remembered(key, lambda: ignored_code(failing, passing, self._ask))

    def _compared(self, failing: dict[str, str], passing: dict[str, str]) -> CodeDifference:
        differing = [file for file in sorted(failing.keys() | passing.keys()) if failing.get(file) != passing.get(file)]
        # Of files of tests those of the recovered ones matter: nothing else is reached through them.
        files = self._concerned(passing) | set(differing)
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
        looked_into = changes[:_MAX_REFINED]
        changes = refined(looked_into, self.sources(looked_into, ())) + changes[_MAX_REFINED:]
        units = [unit for file, digest in passing.items() for unit in self._units.get((file, digest), ())]
        reach = Reach(units if changes else [], changes)
        known = [
            {file: self._units.get((file, digest), []) for file, digest in side.items()} for side in (failing, passing)
        ]
        return CodeDifference(changes, reach, known[0], known[1], unknown)

    def _concerned(self, files: Iterable[str]) -> set[str]:
        return {file for file in files if not is_test_file(file)} | self._of_tests

    def units(self, run: RunFacts) -> Mapping[str, list[Unit]]:
        """Give the functions of a run's files, by file; of files of tests those of the recovered ones.

        Args:
            run: of which the code is known.
        """

        def found() -> Mapping[str, list[Unit]]:
            files = run.files or {}
            self._learn_units([(file, files[file]) for file in self._concerned(files) & files.keys()])
            return {file: self._units.get((file, digest), []) for file, digest in files.items()}

        return self.remembered(("units", run.code_version), found)

    def units_with(self, run: RunFacts, words: str) -> list[tuple[Unit, str]]:
        """Give the functions of a run's files in whose source something stands, with that source.

        Args:
            run: of which the code is known.
            words: regular expression of what stands there, without regard to case.
        """
        files = run.files or {}
        # The tests' own files first: there is a bound.
        asked = sorted(self._concerned(files) & files.keys(), key=lambda file: (file not in self._of_tests, file))
        asked = asked[:_MAX_SEARCHED]
        rows = self._ask("recoveries_naming", files=asked, hashes=[files[file] for file in asked], words=words)
        return [(Unit(unit, *about), source) for unit, *about, source in rows.fetchall()]

    def reach(self, run: RunFacts, changes: Sequence[Change]) -> Reach:
        """Say who reaches functions.

        Args:
            run: of which the code is known.
            changes: the functions.
        """
        return Reach([unit for of_file in self.units(run).values() for unit in of_file] if changes else [], changes)

    def remembered(self, key: Hashable, find: Callable[[], T]) -> T:
        """Give what was found before under a key; else find it.

        Args:
            key: of what is found.
            find: gives it.
        """
        if key not in self._found:
            self._found[key] = find()
        found: T = self._found[key]
        return found

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
            # There may be a hundred thousand, and whoever asks goes from one to the next.
            begin = self._fetched.get(id(likely), 0)
            while begin < len(likely) and _ids(likely[begin : begin + 1]) <= self._sources.keys():
                begin += 1
            self._fetched[id(likely)] = begin
            return self.sources_of(_ids([*changes, *likely[begin : begin + _MAX_AT_ONCE]]))
        return self._sources

    def sources_of(self, ids: Iterable[str]) -> Mapping[str, str]:
        """Give the source of units.

        Args:
            ids: in ``debug_code_pointers``.
        """
        new = sorted(set(ids) - self._sources.keys())
        if new:
            self._sources.update(self._ask("recoveries_sources", ids=new).fetchall())
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
        # One pass may fix a hundred failures of a test: they have one history.
        wanted = list(dict.fromkeys((one.task_id, one.passed_at) for one in pending))
        found: dict[tuple[uuid.UUID, datetime], list[Attempt]] = {key: [] for key in wanted}
        tasks, moments = [task for task, _ in wanted], [moment for _, moment in wanted]
        for number, *attempt in self._ask("recoveries_history", tasks=tasks, moments=moments).fetchall():
            found[wanted[number - 1]].append(Attempt(*attempt))
        return {one.id: found[one.task_id, one.passed_at] for one in pending}
