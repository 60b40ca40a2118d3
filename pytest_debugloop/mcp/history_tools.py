"""Tools on what has happened over time: attempts of a test, flaky tests, recoveries, and anything by SQL."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pytest_debugloop.answers.filters import asked_project
from pytest_debugloop.answers.flaky import RankedTest, ranked_tests
from pytest_debugloop.answers.not_loaded import not_loaded
from pytest_debugloop.mcp import models
from pytest_debugloop.mcp.asking import Asking, Id, Name, TestOrError, tool
from pytest_debugloop.mcp.changes import recovered_of, strategy_of
from pytest_debugloop.mcp.parts import MESSAGE, TEST, flakiness_of, names_of, not_loaded_runs
from pytest_debugloop.mcp.querying import query
from pytest_debugloop.mcp.room import DEFAULT, Budget, Cursor, Room, offset_of
from pytest_debugloop.mcp.texts import recorded
from pytest_debugloop.queries import recoveries
from pytest_debugloop.queries.filters import Filters
from pytest_debugloop.queries.question import MANY, total_of
from pytest_debugloop.queries.recoveries import PastAttempt, Recovery
from pytest_debugloop.text.words import short

_STRIP = 100
_NAMED = 10


class HistoryTools(Asking):
    """What an agent can ask about what has happened over time."""

    @tool
    def test_history(
        self, test: TestOrError, branch: Name = "", leg: Name = "", budget: Budget = DEFAULT, cursor: Cursor = ""
    ) -> models.HistoryAnswer:
        """The attempts of a test, the latest first, on which code, and with what they failed."""
        offset = offset_of(cursor)
        with self.reader.record() as record:
            found = self.test_of(record, test)
            filters = Filters(branch=branch or None, leg=leg or None)
            attempts = record.fetch(recoveries.history_of_test(found.id, MANY, filters))
        answer = models.HistoryAnswer(
            test_id=short(found.id),
            test=recorded(TEST, found.node_id),
            total=len(attempts),
            failed=sum(attempt.failed for attempt in attempts),
            strip="".join(".F"[attempt.failed] for attempt in reversed(attempts[:_STRIP])),
            not_loaded=not_loaded_runs(not_loaded(self.location)),
        )
        page = Room(budget, answer).page(map(_attempt, attempts[offset:]), offset)
        answer.attempts, answer.next_cursor = page
        return answer

    @tool
    def flaky_tests(self, budget: Budget = DEFAULT, cursor: Cursor = "") -> models.FlakyAnswer:
        """Tests that fail now and then on good code, the surest first, and what their failures go together with."""
        offset = offset_of(cursor)
        with self.reader.record() as record:
            project = record.answer(asked_project(self.location))
            total = record.one(total_of(recoveries.flaky_tests(project, only_flaky=True))).rows
            tests = record.answer(ranked_tests(project, offset + budget // 300 + 1, only_flaky=True))
        answer = models.FlakyAnswer(total=total)
        page = Room(budget, answer).page(map(_flaky, tests[offset:]), offset, total)
        answer.tests, answer.next_cursor = page
        return answer

    @tool
    def recoveries(
        self,
        test: Name = "",
        run_id: Annotated[Id, Field(description="only what passed again in this run")] = "",
        strategy: Annotated[str, Field(max_length=100, description="such as code_change")] = "",
        budget: Budget = DEFAULT,
        cursor: Cursor = "",
    ) -> models.RecoveriesAnswer:
        """Failures that were followed by a pass, the latest first, each with the likeliest reason."""
        offset = offset_of(cursor)
        with self.reader.record() as record:
            asked: dict[str, Any] = {
                "project": record.answer(asked_project(self.location)),
                "strategy": strategy or None,
            }
            if run_id:
                run = self.run_of(record, run_id)
                asked |= {"run_id": run.id, "correlation_id": run.correlation_id}
            filters = Filters(task_ids=self.test_ids(record, test))
            total = record.one(total_of(recoveries.recoveries(filters=filters, **asked))).rows
            limit = offset + budget // 200
            found = record.fetch(recoveries.recoveries(filters=filters, limit=limit, **asked))
        answer = models.RecoveriesAnswer(total=total)
        page = Room(budget, answer).page(map(_recovery, found[offset:]), offset, total)
        answer.recoveries, answer.next_cursor = page
        return answer

    @tool
    def query(
        self,
        statement: Annotated[str, Field(min_length=1, max_length=20_000, description="of PostgreSQL's SQL")],
        limit: Annotated[int, Field(ge=1, le=1_000)] = 100,
        budget: Budget = DEFAULT,
    ) -> models.QueryAnswer:
        """One read-only SELECT on the record; it may take ten seconds.

        Good views: debug_test_results (a row for each test and run), debug_run_summary, debug_flaky_tests,
        debug_failure_causes, debug_code_pointers (source of functions), debug_workflow_context.
        `SELECT table_name FROM information_schema.tables` lists all.
        """
        with self.reader.record() as record:
            return query(record, statement, limit, budget)


def _recovery(passed: Recovery) -> models.RecoveryFacts:
    recovered = recovered_of(passed)
    recovered.changed = recovered.changed[:_NAMED]
    return models.RecoveryFacts(
        test=recorded(TEST, passed.node_id),
        error_id=short(passed.error_event_id),
        message=recorded(MESSAGE, f"{passed.error_code or passed.error_type}: {passed.error_message}", 300),
        recovered=recovered,
    )


def _attempt(attempt: PastAttempt) -> models.AttemptFacts:
    message = f"{attempt.error_code or ''}: {attempt.error_message}" if attempt.failed else ""
    return models.AttemptFacts(
        at=attempt.ended_at,
        outcome="failed" if attempt.failed else "passed",
        run_id=short(attempt.run_id),
        error_id=short(attempt.error_id),
        ms=attempt.duration_ms,
        is_code_changed=attempt.is_code_changed,
        message=recorded(MESSAGE, message, 200) if attempt.failed else None,
        names=names_of(branch=attempt.git_branch, commit=attempt.git_commit, leg=attempt.leg),
        recovered_by=strategy_of(attempt.recovery_strategy) if attempt.recovery_strategy else "",
    )


def _flaky(ranked: RankedTest) -> models.FlakyTestFacts:
    failure = ranked.failure
    return models.FlakyTestFacts(
        test_id=short(ranked.test.task_id),
        test=recorded(TEST, ranked.test.node_id),
        flakiness=flakiness_of(ranked.test),
        last_failed_at=ranked.test.last_failed_at,
        last_error_id=short(failure.last_error_id) if failure else "",
        message=recorded(MESSAGE, failure.error_message, 300) if failure else None,
        goes_with=[
            models.Correlated(
                factor=one.factor,
                value=recorded("value of the factor", one.value, 200),
                failures=one.failures,
                attempts=one.attempts,
                other_failures=one.other_failures,
                other_attempts=one.other_attempts,
                q_value=round(one.q_value, 4),
            )
            for one in ranked.correlations[:5]
        ],
    )
