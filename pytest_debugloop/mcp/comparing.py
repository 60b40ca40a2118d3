"""Two sides of runs for an agent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from pytest_debugloop.answers.compared_runs import RunsCompared, RunsOfSide
from pytest_debugloop.mcp.changes import changes_of, strategy_of
from pytest_debugloop.mcp.models import Change
from pytest_debugloop.mcp.parts import MESSAGE, TEST, short_ids
from pytest_debugloop.mcp.room import NextCursor, Room
from pytest_debugloop.mcp.texts import RecordedText, RecordedTexts, recorded, recorded_list
from pytest_debugloop.text.words import short

_ORDER = (
    *("new_failure", "fails_otherwise", "still_failing", "known_flake", "flaked", "fixed"),
    *("new_test", "removed", "not_run"),
)
_LONGEST_MESSAGE = 300
_CHANGES = 5


class SideFacts(BaseModel):
    """One side of a comparison."""

    kind: str
    name: RecordedText
    run_ids: list[str]


class ComparedTestFacts(BaseModel):
    """A test that fails, or that the sides tell apart."""

    change: str
    test: RecordedText
    error_id: str = ""
    base_error_id: str = ""
    message: RecordedText | None = None
    failed_in: Annotated[RecordedTexts | None, Field(description="legs")] = None
    failing_since: datetime | None = None
    changed: Annotated[list[Change], Field(description="since its last pass; of a fixed test, what fixed it")] = []
    strategy: str = ""


class CompareAnswer(BaseModel):
    """Two sides of runs, test by test."""

    head: SideFacts
    base: SideFacts
    counts: Annotated[dict[str, int], Field(description="of tests by change; `same` ended on both sides alike")] = {}
    incomplete_run_ids: Annotated[list[str], Field(description="runs that did not get to all tests")] = []
    legs_without_base: RecordedTexts | None = None
    tests: list[ComparedTestFacts] = []
    slower_total: int = 0
    next_cursor: NextCursor = ""


def compare_answer(compared: RunsCompared, budget: int, offset: int) -> CompareAnswer:
    """Describe a comparison, what newly fails first.

    Args:
        compared: both sides.
        budget: bytes of the answer.
        offset: tests that were on earlier pages.
    """
    counts = Counter(test.change for test in compared.tests)
    base_legs = {run.leg for run in compared.base.runs}
    missing = sorted({run.leg for run in compared.head.runs} - base_legs)
    answer = CompareAnswer(
        head=_side(compared.head),
        base=_side(compared.base),
        counts={change: counts[change] for change in _ORDER if counts[change]} | {"same": compared.same},
        incomplete_run_ids=[
            short(run.id)
            for side in (compared.head, compared.base)
            for run in side.runs
            if run.status != "finished" or run.exit_status not in (0, 1, 5)
        ],
        legs_without_base=recorded_list("legs of the runs", missing[:20], 100) if missing and base_legs else None,
        slower_total=len(compared.slower),
    )
    page = Room(budget, answer).page(_tests(compared, offset), offset)
    answer.tests, answer.next_cursor = page
    return answer


def _side(side: RunsOfSide) -> SideFacts:
    return SideFacts(
        kind=side.kind if side.kind in ("run", "session", "branch", "change", "commit", "line") else "other",
        name=recorded("name of the runs", side.name),
        run_ids=short_ids(run.id for run in side.runs[-20:]),
    )


def _tests(compared: RunsCompared, offset: int) -> Iterator[ComparedTestFacts]:
    ranks = {change: rank for rank, change in enumerate(_ORDER)}
    tests = sorted(compared.tests, key=lambda test: (ranks.get(test.change, len(ranks)), test.file or ""))
    for test in tests[offset:]:
        evidence = test.recovery_evidence if test.change == "fixed" else test.evidence
        message = f"{test.error_code or test.error_type}: {test.error_message}" if test.error_id else None
        yield ComparedTestFacts(
            change=test.change if test.change in ranks else "other",
            test=recorded(TEST, test.node_id),
            error_id=short(test.error_id),
            base_error_id=short(test.base_error_id),
            message=recorded(MESSAGE, message, _LONGEST_MESSAGE) if message else None,
            failed_in=recorded_list("legs of the runs", test.failed_in[:10], 100) if any(test.failed_in) else None,
            failing_since=test.failing_since,
            changed=list(changes_of(evidence, test.recovery_strategy))[:_CHANGES],
            strategy=strategy_of(test.recovery_strategy) if test.recovery_strategy else "",
        )
