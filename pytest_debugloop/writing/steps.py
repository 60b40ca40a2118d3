"""The steps of an attempt while it goes on, and the lines that tell of them."""

from __future__ import annotations

import unittest
from typing import TYPE_CHECKING

from pytest_debugloop.capture.item_facts import ItemFacts
from pytest_debugloop.journal.records import json_string
from pytest_debugloop.journal.step_lines import step_ended, step_head, step_started, step_suffix
from pytest_debugloop.writing.facts import facts_of
from pytest_debugloop.writing.failure_context import FailureContext

if TYPE_CHECKING:
    import pytest

    from pytest_debugloop.writing.failure_context import Failure


class Step:
    """A phase under way, or ended and not yet final."""

    __slots__ = (
        "_head",
        "_suffix",
        "before",
        "ended",
        "error",
        "expected",
        "extra",
        "n",
        "outcome",
        "phase",
        "report",
        "rev",
        "started",
        "subtest",
        "word",
        "written",
    )

    def __init__(self, n: int, phase: str, started: int, suffix: str) -> None:
        self.n = n
        self.phase = phase
        self.started = started
        self._head = step_head(n, phase, started)
        self._suffix = suffix
        self.ended = 0
        self.outcome = "passed"
        self.rev = 0
        self.extra = ""
        self.before = ""  # lines that are to stand in front of its own
        self.subtest: str | None = None
        self.word = ""  # a plugin's own name for the outcome
        self.written = False  # whether the journal holds all that is known
        self.error = False  # whether the journal holds its error event
        self.expected: Failure | None = None  # of a test marked xfail: written once pytest says that it counts
        self.report: pytest.TestReport | None = None  # says failed, while no exception was seen

    def started_line(self) -> str:
        """Write that it began."""
        return step_started(self._head, self._suffix)

    def ended_line(self) -> str:
        """Write what is known."""
        self.written = True
        self.rev += 1
        before, self.before = self.before, ""
        return before + step_ended(self._head, self._suffix, self.ended, self.outcome, self.rev, self.extra)

    def add_reason(self, reason: str) -> None:
        """Say why it was skipped, or expected to fail."""
        self.extra += f'"reason":{json_string(reason)},'

    def add_custom_outcome(self, word: str) -> None:
        """Keep the name that a plugin made up for the outcome."""
        if word:
            self.word = word
            self.extra += f'"word":{json_string(word)},'
            self.written = False

    def mark_expected(self) -> None:
        """Count a failure no more: pytest does not call it failed, and the test is not tried again."""
        self.outcome = "xfailed"
        self.add_reason(f"reported as {self.word}")
        self.expected = self.report = None
        self.written = False


class Attempt:
    """One time that a test is run: its steps so far, as far as somebody needs them.

    Attributes:
        identity: the end of all lines about it.
        after: the phases before the one that is under way: number and start of each.
        is_after_failure: whether an attempt before it failed in this run.
        is_watched: whether more is wanted of it than outcomes: a trace, or the state at its end.
        keeps_state: whether the state at its end is kept, if it passes.
        place: number and start of the phase that is under way, if that has a step.
    """

    __slots__ = (
        "_item",
        "after",
        "failed_subtests",
        "identity",
        "is_after_failure",
        "is_watched",
        "keeps_state",
        "node_id",
        "number",
        "place",
        "steps",
        "task",
    )

    def __init__(
        self, node_id: str, number: int, item: pytest.Item | None = None, task: str = "", parameters: str = ""
    ) -> None:
        self.node_id = node_id
        self.task = task or node_id
        self.is_after_failure = self.is_watched = self.keeps_state = False
        self.number = number
        self.steps: dict[str, Step] = {}
        self.failed_subtests = 0
        self._item = item
        self.identity = parameters + step_suffix(node_id, number, self.task)
        self.after = self.place = ""

    def is_of(self, item: pytest.Item) -> bool:
        """Tell whether it is an attempt of this test."""
        return self._item is item

    def begin(self, n: int, phase: str, started: int) -> Step:
        """Begin a phase; it depends on those before it."""
        if self.place:
            self.after = f"{self.after},{self.place}" if self.after else self.place
        return self.step_of(n, phase, started)

    def step_of(self, n: int, phase: str, started: int) -> Step:
        """Make the step of a phase that has begun."""
        suffix = f'"after":[{self.after}],{self.identity}' if self.after else self.identity
        step = self.steps[phase] = Step(n, phase, started, suffix)
        self.place = f"{n},{started}"
        return step

    @property
    def facts(self) -> ItemFacts:
        """What pytest knows of the test; nothing where it ran in another process."""
        return ItemFacts() if self._item is None else facts_of(self._item)

    def context_of(self, step: Step) -> FailureContext:
        """Tell where and when a step of it failed.

        Args:
            step: that has ended.
        """
        place = (step.n, step.started)
        return FailureContext(step.ended, self.node_id, step.phase, self.number, place, step.subtest, self.task)

    @property
    def is_failed_by_subtests(self) -> bool:
        """Whether subtests failed it: pytest's own do, those of unittest do not."""
        if self.failed_subtests == 0:
            return False
        cls = getattr(self._item, "cls", None)
        return not (isinstance(cls, type) and issubclass(cls, unittest.TestCase))

    def begin_subtest(self, n: int, started: int) -> Step:
        """Begin a subtest; its parent is the test's call."""
        call = self.steps.get("call")
        parent = "" if call is None else f'"parent":[{call.n},{call.started}],'
        return Step(n, "subtest", started, parent + self.identity)


NO_ATTEMPT = Attempt("", 0)
"""Between two tests."""
