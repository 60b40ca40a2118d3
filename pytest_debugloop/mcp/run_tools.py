"""Tools on runs: the last one, any one, all of them, and two sides of them compared."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from pytest_debugloop.answers.causes import grouped
from pytest_debugloop.answers.compared_runs import compare_runs
from pytest_debugloop.answers.filters import asked_project
from pytest_debugloop.answers.here import here
from pytest_debugloop.answers.not_loaded import not_loaded
from pytest_debugloop.answers.record import Record
from pytest_debugloop.mcp import models
from pytest_debugloop.mcp.asking import Asking, Id, Name, tool
from pytest_debugloop.mcp.changes import recovered_of
from pytest_debugloop.mcp.comparing import CompareAnswer, compare_answer
from pytest_debugloop.mcp.parts import TEST, cause_group, not_loaded_runs, run_facts
from pytest_debugloop.mcp.room import DEFAULT, Budget, Cursor, Room, offset_of
from pytest_debugloop.mcp.texts import recorded
from pytest_debugloop.queries import failures, recoveries, runs
from pytest_debugloop.queries.compare import last_run_here
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.question import total_of
from pytest_debugloop.queries.recoveries import Recovery
from pytest_debugloop.queries.runs import Run


class RunTools(Asking):
    """What an agent can ask about runs."""

    @tool
    def last_run(self, budget: Budget = DEFAULT) -> models.RunAnswer:
        """The last run of this checkout: its failures by cause, and what passed again in it. Start here."""
        with self.reader.record() as record:
            return self._summary(record, self.run_of(record, ""), budget, 0)

    @tool
    def run_summary(self, run_id: Id, budget: Budget = DEFAULT, cursor: Cursor = "") -> models.RunAnswer:
        """A run: its failures by cause, with an example and the names of the others, and what passed again."""
        with self.reader.record() as record:
            return self._summary(record, self.run_of(record, run_id), budget, offset_of(cursor))

    def summary_since(self, moment: datetime, workflow: uuid.UUID | None, budget: int) -> models.RunAnswer | None:
        """Describe a run that was started here.

        Args:
            moment: since when.
            workflow: its correlation id; None for the last run of this checkout.
            budget: bytes of the answer.

        Returns:
            None where no such run is stored.
        """
        with self.reader.record() as record:
            run: Run | None = None
            if workflow is not None:
                begun = record.fetch(runs.runs(filters=Filters(since=moment)))
                run = next((one for one in begun if one.correlation_id == workflow), None)
            elif last := record.first(last_run_here(None, here(self.location), Filters(since=moment))):
                run = record.one(runs.run_of(last.id))
            return self._summary(record, run, budget, 0) if run else None

    def _summary(self, record: Record, run: Run, budget: int, offset: int) -> models.RunAnswer:
        ids = (run.id, run.correlation_id)
        groups = list(grouped(record.fetch(failures.failures_by_cause(*ids, details=0))))
        passes = record.fetch(recoveries.recoveries(run_id=run.id, correlation_id=run.correlation_id))
        fixed = list({passed.task_id: passed for passed in reversed(passes)}.values())
        answer = models.RunAnswer(
            run=run_facts(run),
            failures=sum(group.failures for group in groups),
            causes_total=len(groups),
            fixed_total=len(fixed),
            not_loaded=not_loaded_runs(not_loaded(self.location)),
        )
        room = Room(budget, answer)
        answer.causes, answer.next_cursor = room.page(map(cause_group, groups[offset:]), offset)
        if not answer.next_cursor and not offset:
            answer.fixed = room.fill(map(_fixed, fixed))
        return answer

    @tool
    def find_runs(
        self,
        branch: Name = "",
        change: Annotated[str, Field(max_length=100, description="number of a pull or merge request")] = "",
        commit: Annotated[str, Field(max_length=64, description="its first characters")] = "",
        leg: Annotated[Name, Field(description="of a matrix, or one of its parts")] = "",
        job: Annotated[Name, Field(description="of the CI")] = "",
        test: Annotated[Name, Field(description="only runs of this test: its id, or (part of) its node id")] = "",
        status: Literal["", "passed", "failed", "broken", "running", "interrupted", "died"] = "",
        since: datetime | None = None,
        until: datetime | None = None,
        budget: Budget = DEFAULT,
        cursor: Cursor = "",
    ) -> models.RunsAnswer:
        """Runs of pytest, the latest first."""
        offset = offset_of(cursor)
        with self.reader.record() as record:
            filters = Filters(
                branch=branch or None,
                change=change.lstrip("#!") or None,
                job=job or None,
                leg=leg or None,
                since=since,
                until=until,
                task_ids=self.test_ids(record, test),
            )
            project = record.answer(asked_project(self.location))
            more: dict[str, Any] = {"project": project, "commit": commit or None, "status": status or None}
            total = record.one(total_of(runs.runs(filters=filters, **more))).rows
            answer = models.RunsAnswer(total=total, not_loaded=not_loaded_runs(not_loaded(self.location)))
            found = record.fetch(runs.runs(filters=filters, limit=offset + budget // 100, **more))
            answer.runs, answer.next_cursor = Room(budget, answer).page(map(run_facts, found[offset:]), offset, total)
        return answer

    @tool
    def compare(
        self,
        head: Annotated[
            Name, Field(description="run, branch, change, commit or session; empty: the last run here")
        ] = "",
        base: Annotated[Name, Field(description="the same; empty: the branch that it is to be merged into")] = "",
        budget: Budget = DEFAULT,
        cursor: Cursor = "",
    ) -> CompareAnswer:
        """What newly fails in `head` against `base`, what is fixed, still failing or known to be flaky.

        A name can begin with its kind, as in `branch:main`, `change:12`, `commit:1a2b3c4`, `run:ID`.
        """
        with self.reader.record() as record:
            project = record.answer(asked_project(self.location))
            compared = record.answer(compare_runs(head or None, base or None, project, here(self.location)))
        return compare_answer(compared, budget, offset_of(cursor))


def _fixed(passed: Recovery) -> models.Fixed:
    recovered = recovered_of(passed)
    recovered.changed = recovered.changed[:1]
    return models.Fixed(test=recorded(TEST, passed.node_id), recovered=recovered)
