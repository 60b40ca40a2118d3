"""Whether what a side of runs failed with is to stop a change: a comparison, judged by rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pytest_debugloop.answers.compared_runs import FAILURES, RunsCompared
from pytest_debugloop.queries.compare import ComparedTest
from pytest_debugloop.text.words import counted, short

RULES = {
    "new": ("new_failure",),
    "changed": ("fails_otherwise",),
    "known": ("still_failing",),
    "flaky": ("known_flake",),
}
"""What may stop a change, and which changes of tests that is."""

_CHANGES = {
    "new_failure": "newly failing",
    "fails_otherwise": "failing with another error",
    "still_failing": "still failing",
    "known_flake": "known flaky",
    "flaked": "passing only when tried again",
    "fixed": "fixed",
    "new_test": "new",
    "removed": "removed",
}

BROKEN = "broken"
"""The rule for what no test tells: a run that broke off, ran no test, or failed outside of tests."""

DEFAULT = ("new", "changed", BROKEN)
"""The rules that hold where nobody chooses."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate says.

    Attributes:
        passed: whether nothing stops the change.
        stopped_by: the tests that do.
        allowed: other tests that failed.
        problems: sentences on runs that broke off or failed outside of tests.
        compared: what was judged.
    """

    passed: bool
    stopped_by: list[ComparedTest]
    allowed: list[ComparedTest]
    problems: list[str]
    compared: RunsCompared


def judge(compared: RunsCompared, rules: Collection[str] = DEFAULT, *, new_flakes_only: bool = False) -> Verdict:
    """Judge a comparison.

    Args:
        compared: both sides.
        rules: what stops a change: of :data:`RULES`, and :data:`BROKEN`.
        new_flakes_only: instead, let only tests stop it that passed when tried again, and never had before.
    """
    failing = compared.of(*FAILURES)
    if new_flakes_only:
        stopped = [test for test in compared.of("flaked") if not test.flaked_before]
        return Verdict(not stopped, stopped, failing, [], compared)
    stopping = {change for rule in rules if rule in RULES for change in RULES[rule]}
    stopped = [test for test in failing if test.change in stopping]
    allowed = [test for test in failing if test.change not in stopping]
    problems = list(_problems(compared)) if BROKEN in rules else []
    return Verdict(not stopped and not problems, stopped, allowed, problems, compared)


def _problems(compared: RunsCompared) -> Iterator[str]:
    for run in compared.head.runs:
        if run.status != "finished" or run.exit_status is None or run.exit_status not in (0, 1, 5):
            how = f"exit status {run.exit_status}" if run.exit_status is not None else run.status
            yield f"run {short(run.id)} did not run to its end ({how})"
        elif run.exit_status == 5:
            yield f"run {short(run.id)} ran no tests"
        elif run.errors_outside:
            yield f"run {short(run.id)} has {counted(run.errors_outside, 'error')} outside of tests"
        elif run.exit_status == 1 and not compared.is_part and not compared.of(*FAILURES):
            yield f"run {short(run.id)} failed, and none of its tests is recorded as failed"


def verdict_words(verdict: Verdict) -> str:
    """Say in one sentence what the gate says.

    Args:
        verdict: of :func:`judge`.
    """
    allowed = f"; allowed: {change_counts(verdict.allowed)}" if verdict.allowed else ""
    if verdict.passed:
        is_news = any(test.change in RULES["new"] + RULES["changed"] for test in verdict.allowed)
        return f"passed{allowed}" if is_news or not allowed else f"passed: nothing new fails{allowed}"
    reasons = [change_counts(verdict.stopped_by)] if verdict.stopped_by else []
    return f"failed: {', '.join([*reasons, *verdict.problems])}{allowed}"


def change_counts(tests: Collection[ComparedTest]) -> str:
    """Count tests by how they changed.

    Args:
        tests: of a comparison.

    Returns:
        Such as ``2 newly failing, 1 known flaky``; empty where none of them is worth a word.
    """
    counts = Counter(test.change for test in tests)
    return ", ".join(f"{counts[change]:,} {words}" for change, words in _CHANGES.items() if counts[change])
