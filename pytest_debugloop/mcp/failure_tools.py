"""Tools on failures: one explained, a value of it, and why it came or went."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pytest_debugloop.answers.differences import code_changed_since_pass
from pytest_debugloop.answers.values import value_of
from pytest_debugloop.errors import NeverFailedError
from pytest_debugloop.mcp import models
from pytest_debugloop.mcp.asking import LONGEST_GIVEN, Asking, TestOrError, tool
from pytest_debugloop.mcp.changes import last_pass_of, recovered_of
from pytest_debugloop.mcp.explaining import explain_failure, source_text
from pytest_debugloop.mcp.parts import TEST
from pytest_debugloop.mcp.room import DEFAULT, Budget, Cursor, Room, offset_of
from pytest_debugloop.mcp.texts import recorded, recorded_list
from pytest_debugloop.queries import failures, recoveries
from pytest_debugloop.queries.code import functions_named
from pytest_debugloop.queries.lookup import test_of
from pytest_debugloop.text.words import short


class FailureTools(Asking):
    """What an agent can ask about failures."""

    @tool
    def explain_failure(self, failure: TestOrError, budget: Budget = DEFAULT) -> models.FailureAnswer:
        """A failure, or the last one of a test: what was raised, and the values that explain it.

        Also: what changed since the test last passed, whether it is a known flake, what fixed it if it passed since.
        """
        with self.reader.record() as record:
            return record.answer(explain_failure(self.found(record, failure, ("error", "test")), budget))

    @tool
    def failure_value(
        self,
        failure: TestOrError,
        path: Annotated[str, Field(max_length=LONGEST_GIVEN)] = "frames[-1].locals",
        page: Annotated[int, Field(ge=1, le=1_000_000)] = 1,
        budget: Budget = DEFAULT,
    ) -> models.ValueAnswer:
        """A recorded value of a failure, whole, page by page.

        `path` is written as in Python: `frames[-1].locals.self.path` (the innermost frame of the project is
        `frames[-1]`), `fixtures.client`, `parameters.x`, `captured`, `exceptions[0].frames[3]`, `message`.
        """
        with self.reader.record() as record:
            found = self.found(record, failure, ("error", "test"))
            value = record.answer(value_of(found, path, page, (budget - 700) // 3))
        answer = models.ValueAnswer(
            error_id=short(value.of),
            path=path,
            page=value.page,
            pages=value.pages,
            value=recorded("value, as Python writes it", value.text, budget),
        )
        parts = recorded_list("names of the value's parts", value.parts[:20], 60)
        if parts.texts and Room(budget, answer).fill([parts]):
            answer.parts = parts
        return answer

    @tool
    def why(self, test: TestOrError, budget: Budget = DEFAULT) -> models.WhyAnswer:
        """Why a test passes again, or what changed since it last passed, with diffs, as recorded: nothing is run."""
        with self.reader.record() as record:
            found = self.found(record, test, ("error", "test"))
            asked = failures.failures_of_test(found.id, 1) if found.kind == "test" else failures.failure_of(found.id)
            known = record.first(asked)
            if known is None:
                named = found.test or record.one(test_of(found.id))
                raise NeverFailedError(text=named.node_id)
            passed = record.first(recoveries.recoveries(error_id=known.failure.id, limit=1))
            code = record.answer(code_changed_since_pass(known.failure.id)) if passed is None else ()
            diffs = {(one.file, one.function): one.diff for one in code if one.function}
        answer = models.WhyAnswer(
            test=recorded(TEST, known.failure.node_id),
            error_id=short(known.failure.id),
            state="failing" if passed is None else "recovered",
        )
        part: models.Recovered | models.LastPass | None
        part = last_pass_of(known.history, diffs=diffs) if passed is None else recovered_of(passed, diffs=diffs)
        answer.has_known_pass = part is not None
        if part is not None:
            changed, part.changed = part.changed, []
            answer.recovered = part if isinstance(part, models.Recovered) else None
            answer.last_pass = part if isinstance(part, models.LastPass) else None
            part.changed = Room(budget, answer).page(changed)[0]
            answer.is_cut = len(part.changed) < len(changed)
        return answer

    @tool
    def function_source(
        self,
        failure: TestOrError,
        function: Annotated[
            str, Field(min_length=1, max_length=LONGEST_GIVEN, description="such as price or Order.price")
        ],
        budget: Budget = DEFAULT,
        cursor: Cursor = "",
    ) -> models.SourceAnswer:
        """The source of functions and methods of the project by name, as the failed run had them."""
        offset = offset_of(cursor)
        with self.reader.record() as record:
            found = self.found(record, failure, ("error", "test"))
            asked = failures.failures_of_test(found.id, 1) if found.kind == "test" else failures.failure_of(found.id)
            known = record.first(asked)
            run_id = known.failure.run_id if known else None
            last = function.strip().rpartition(".")[2]
            functions = record.fetch(functions_named(run_id, [last])) if run_id else []
        functions = [one for one in functions if f".{one.function}".endswith(f".{function.strip()}")]
        answer = models.SourceAnswer(run_id=short(run_id), total=len(functions))
        page = Room(budget, answer).page(map(source_text, functions[offset:]), offset)
        answer.functions, answer.next_cursor = page
        return answer
