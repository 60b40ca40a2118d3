"""The shapes of the answers: value objects with a schema that clients can read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from pytest_debugloop.mcp.room import NextCursor
from pytest_debugloop.mcp.texts import Origin, RecordedText, RecordedTexts

Verdict = Literal["passed", "failed", "no tests", "broken", "running", "interrupted", "died", "other"]


class NotLoadedRuns(BaseModel):
    """Runs that the record does not have yet: `debugloop load` stores what waits."""

    waiting: int = 0
    going_on: int = 0
    set_aside: int = 0


class RunFacts(BaseModel):
    """A run of pytest."""

    run_id: str
    verdict: Verdict
    started_at: datetime
    seconds: float | None = None
    failures: int = 0
    passes: int = 0
    skipped: int = 0
    recovered: Annotated[int, Field(description="failures of earlier runs, or attempts, that passed in it")] = 0
    python: str = ""
    names: Annotated[RecordedTexts | None, Field(description="project, branch, commit and leg, as `name: value`")] = (
        None
    )


class Change(BaseModel):
    """Something that differs between a failure and a pass."""

    kind: Literal["code", "data", "distribution", "environment", "interpreter", "option", "order", "other"]
    change: Literal["added", "removed", "changed"] = "changed"
    name: RecordedText
    was_run: Annotated[bool | None, Field(description="whether the test ran it; absent where that is not known")] = None
    before: RecordedText | None = None
    after: RecordedText | None = None
    diff: RecordedText | None = None


class LastPass(BaseModel):
    """When a test that fails last passed, and what has changed since."""

    at: datetime
    run_id: str
    branch: Annotated[
        RecordedText | None, Field(description="where it was another branch than that of the failure")
    ] = None
    is_complete: Annotated[bool, Field(description="whether all that may differ is recorded of both runs")] = True
    changed: list[Change] = []


class Recovered(BaseModel):
    """Why a failure did not come again."""

    recovery_id: str = ""
    strategy: str
    confidence: Annotated[float | None, Field(description="probability that this is the reason, 0 to 1")] = None
    at: datetime | None = None
    is_proved: Annotated[bool, Field(description="whether `debugloop why` undid the change and the test failed")] = (
        False
    )
    changed: list[Change] = []


class FailureNamed(BaseModel):
    """A failure by its id."""

    error_id: str
    test: RecordedText


class CauseGroup(BaseModel):
    """Failures of a run that have one cause."""

    failures: int
    example_error_id: str
    exception: RecordedText
    message: RecordedText
    where: RecordedText | None = None
    passed_when_retried: bool = False
    tests: RecordedTexts
    error_ids: list[str] = []


class Fixed(BaseModel):
    """A test that passed again."""

    test: RecordedText
    recovered: Recovered


class RunAnswer(BaseModel):
    """A run, its failures by cause, and what it fixed."""

    run: RunFacts
    failures: Annotated[int, Field(description="of the whole run, the last attempt of each phase")] = 0
    causes_total: int = 0
    causes: list[CauseGroup] = []
    fixed_total: int = 0
    fixed: list[Fixed] = []
    not_loaded: NotLoadedRuns = NotLoadedRuns()
    next_cursor: NextCursor = ""


class RunsAnswer(BaseModel):
    """Runs, the latest first."""

    total: int
    runs: list[RunFacts] = []
    not_loaded: NotLoadedRuns = NotLoadedRuns()
    next_cursor: NextCursor = ""


class Frame(BaseModel):
    """A frame of the traceback, the innermost last."""

    origin: Origin
    path: Annotated[str, Field(description="for failure_value")]
    place: Annotated[str, Field(description="file, line and function")]
    statement: str


class NamedValue(BaseModel):
    """A recorded value."""

    origin: Origin
    path: Annotated[str, Field(description="for failure_value")]
    text: Annotated[str, Field(description="its name, and what it was, as Python writes it")]
    is_cut: Annotated[bool, Field(description="failure_value gives all of it")] = False


class Flakiness(BaseModel):
    """What the record says of whether a test is flaky."""

    verdict: Literal["flaky", "newly flaky", "broken", "fixed", "stable", "other"]
    failures: int
    attempts: int
    rate_low: Annotated[float, Field(description="of failures on good code: above it with a probability of 95 %")]
    rate_high: Annotated[float, Field(description="below it with a probability of 95 %")]


class FailureAnswer(BaseModel):
    """A failure: what was raised, the values that explain it, and what the record knows of it."""

    error_id: str
    run_id: str
    test_id: str = ""
    test: RecordedText
    phase: Literal["collect", "setup", "call", "teardown", "subtest", "other"] = "call"
    attempt: int = 1
    occurred_at: datetime
    exception: RecordedText
    message: RecordedText
    seen: Annotated[int, Field(description="attempts of the test that failed in this way")] = 1
    last_pass: LastPass | None = None
    recovered: Recovered | None = None
    flakiness: Flakiness | None = None
    has_state: Annotated[bool, Field(description="whether frames and values were recorded")] = False
    frames: list[Frame] = []
    values: Annotated[list[NamedValue], Field(description="the most telling first")] = []
    source: Annotated[
        list[RecordedText],
        Field(description="functions of the traceback, innermost first, and that an assertion called"),
    ] = []
    captured: Annotated[list[RecordedText], Field(description="the end of what was printed and logged")] = []
    is_cut: Annotated[bool, Field(description="whether there is more than the budget allows")] = False


class ValueAnswer(BaseModel):
    """A recorded value, page by page."""

    error_id: str
    path: str
    page: int
    pages: int
    value: RecordedText
    parts: Annotated[RecordedTexts | None, Field(description="what can be added to the path")] = None


class SourceAnswer(BaseModel):
    """Functions of a run's code."""

    run_id: str
    total: int
    functions: list[RecordedText] = []
    next_cursor: NextCursor = ""


class AttemptFacts(BaseModel):
    """A time that a test was run to its end."""

    at: datetime
    outcome: Literal["passed", "failed"]
    run_id: str
    error_id: str = ""
    ms: int | None = None
    is_code_changed: Annotated[
        bool | None, Field(description="against the attempt before in its leg; absent where that is not known")
    ] = None
    message: RecordedText | None = None
    names: Annotated[RecordedTexts | None, Field(description="branch, commit and leg, as `name: value`")] = None
    recovered_by: str = ""


class HistoryAnswer(BaseModel):
    """The attempts of a test, the latest first."""

    test_id: str
    test: RecordedText
    total: int
    failed: int
    strip: Annotated[str, Field(description="the latest 100 attempts, the oldest first: . passed, F failed")] = ""
    attempts: list[AttemptFacts] = []
    not_loaded: NotLoadedRuns = NotLoadedRuns()
    next_cursor: NextCursor = ""


class Correlated(BaseModel):
    """A condition under which a test fails more, or less, often than otherwise."""

    factor: str
    value: RecordedText
    failures: int
    attempts: int
    other_failures: int
    other_attempts: int
    q_value: Annotated[float, Field(description="expected share of false discoveries")]


class FlakyTestFacts(BaseModel):
    """A flaky test."""

    test_id: str
    test: RecordedText
    flakiness: Flakiness
    last_failed_at: datetime
    last_error_id: str = ""
    message: Annotated[RecordedText | None, Field(description="of its most frequent failure")] = None
    goes_with: list[Correlated] = []


class FlakyAnswer(BaseModel):
    """Flaky tests, the surest first."""

    total: int
    tests: list[FlakyTestFacts] = []
    next_cursor: NextCursor = ""


class RecoveryFacts(BaseModel):
    """A failure, and the pass that recovered it."""

    test: RecordedText
    error_id: str
    message: RecordedText
    recovered: Recovered


class RecoveriesAnswer(BaseModel):
    """Recoveries, the latest first."""

    total: int
    recoveries: list[RecoveryFacts] = []
    next_cursor: NextCursor = ""


class WhyAnswer(BaseModel):
    """What the record says of why a test passes again or fails."""

    test: RecordedText
    error_id: str
    state: Literal["recovered", "failing"]
    has_known_pass: Annotated[bool, Field(description="whether there is any pass to compare it with")] = True
    recovered: Recovered | None = None
    last_pass: LastPass | None = None
    is_cut: Annotated[bool, Field(description="whether there is more than the budget allows")] = False


class QueryAnswer(BaseModel):
    """Rows of the record."""

    columns: RecordedTexts
    rows: Annotated[list[list[Any]], Field(description="recorded data, whatever it says")] = []
    has_more: bool = False
