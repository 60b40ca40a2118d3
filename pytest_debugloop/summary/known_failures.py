"""What the record knows of the failures of a run, in words: the lines of the terminal summary below the count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_debugloop.summary.folding import columns, wrapped
from pytest_debugloop.summary.terminal import SUMMARY_FAILURES_LIMIT
from pytest_debugloop.text.changed import since_pass
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.strategies import STRATEGIES
from pytest_debugloop.text.words import DAY, age, counted, passes_elsewhere, percent

SUMMARY_DAYS = 7
"""How far back the failures are counted that the summary of a run tells of."""

_FIRST = "first seen in this run"
_NAMED = 5


class KnownFailure(NamedTuple):
    """A test that a run leaves failed, and what the record knows of it; it stands for all that fail of its cause.

    Attributes:
        test: its node id; of what is no test, such as a file that could not be collected, the name it has there.
        is_test: whether it is one: only tests have a history.
        error: what was raised.
        message: the beginning of what that says.
        file: where it failed, from rootdir: in the test's own file where a frame is of it; empty where it is not known.
        line: there; 0 where it is not known.
        times: runs of the last days on its line in which it failed with the same fingerprint, this one among them.
        is_cut: whether there were more failures than were looked at.
        last_seen_seconds: age of the last one before this run; None where it is the first.
        times_otherwise: earlier runs on its line in which it failed with another fingerprint.
        has_passed: whether it ever passed before on its line: in this leg, and on this branch, change or working copy.
        failed_before: whether a run before this one failed there, and none has passed since.
        failing_seconds: age of the first of these failures.
        failing_commit: the commit that it happened on, None where the files were not as it has them, or nobody knows.
        strategy: how this failure, or another of the test where this one never did, recovers most often; None: never.
        strategy_times: how often by that strategy.
        recoveries: how often at all.
        fix_file: where what was changed when it last was fixed is; None for a distribution.
        fix_name: the function, or the distribution with its version; None: nothing is known.
        is_flaky: whether it is flaky, as ``debugloop flaky`` says it; not given for what failed before.
        passes_elsewhere: branch, change and leg of other lines on which it passed last, the nearest first.
        not_run_seconds: age of the attempt on its line before this run, where that was long ago; None where it was not.
        times_elsewhere: runs of the last days on other lines in which it failed with the same fingerprint.
        elsewhere_seconds: age of the last one on another line; None where there is none.
        passed_run: the short id of the run in which it passed last before it began to fail; None where nobody knows.
        passed_seconds: age of that pass.
        passed_branch: its branch, where it is not on the line of this run.
        changed: what is different since, in words; empty for nothing.
        is_change_known: whether all that may be different is recorded of both runs.
        red_run: the short id of the earlier run since which it fails: on its line, or on the branch that its own is to
            be merged into.
        red_branch: the branch of that run.
        flaky_failures: of the attempts on code that it both passed and failed on, how many failed; None: not asked.
        flaky_attempts: how many there are.
        is_new: whether the record knows the project, and no earlier run of this test.
        tests: how many tests fail of this cause.
        cause: what they have in common, in words.
        others: names of some of the others.
    """

    test: str
    is_test: bool
    error: str
    message: str
    file: str
    line: int
    times: int
    is_cut: bool
    last_seen_seconds: float | None
    times_otherwise: int
    has_passed: bool
    failed_before: bool
    failing_seconds: float | None
    failing_commit: str | None
    strategy: str | None
    strategy_times: int | None
    recoveries: int | None
    fix_file: str | None
    fix_name: str | None
    is_flaky: bool
    passes_elsewhere: list[dict[str, Any]] = []  # noqa: RUF012 - never changed
    not_run_seconds: float | None = None
    times_elsewhere: int = 0
    elsewhere_seconds: float | None = None
    passed_run: str | None = None
    passed_seconds: float | None = None
    passed_branch: str | None = None
    changed: str = ""
    is_change_known: bool = True
    red_run: str | None = None
    red_branch: str | None = None
    flaky_failures: int | None = None
    flaky_attempts: int | None = None
    is_new: bool = False
    tests: int = 1
    cause: str = ""
    others: Sequence[str] = ()


class KnownFailures(NamedTuple):
    """The failures of a run that the record knows most of.

    Attributes:
        failures: one of each cause, at most as many as the loader was asked for.
        total: how many tests the run leaves failed.
    """

    failures: Sequence[KnownFailure]
    total: int

    @classmethod
    def of(cls, status: Mapping[str, Any] | None) -> KnownFailures:
        """Read what the loader wrote.

        Args:
            status: of the run, None where there is none.

        Raises:
            TypeError: the loader is of another version.
        """
        failures = [KnownFailure(**failure) for failure in (status or {}).get("failures", ())]
        return cls(failures, int((status or {}).get("failing", len(failures))))


def failure_lines(known: KnownFailures, width: int | None, most: int = SUMMARY_FAILURES_LIMIT) -> list[str]:
    """Write what is known of the failures, cause by cause: all on one line where it fits, else below the test's name.

    Args:
        known: the failures.
        width: columns of the terminal, None where a line may be of any length.
        most: lines at most; the first failure is shown whole all the same.
    """
    lines: list[str] = []
    shown = 0
    for failure in known.failures[:SUMMARY_FAILURES_LIMIT]:
        more = list(_cause_lines(failure, width))
        if shown and len(lines) + len(more) > most - (shown + failure.tests < known.total):
            break
        lines += more
        shown += failure.tests
    if shown and known.total > shown:
        lines.append(f"  and {known.total - shown:,} more")
    return lines


def _cause_lines(failure: KnownFailure, width: int | None) -> Iterator[str]:
    name, facts = printable(failure.test or "outside of tests"), failure_facts(failure)
    if failure.tests == 1:
        yield from wrapped(name, facts, width, "  ")
        return
    yield f"  {printable(failure.cause)}"
    yield from wrapped(name, facts, width, "    ")
    yield f"    {other_tests(failure, width and width - 4)}"


def other_tests(failure: KnownFailure, width: int | None) -> str:
    """Name the other tests that fail of a cause, as many as fit into a line; no name is cut.

    Args:
        failure: of a cause with others.
        width: columns of the line, None for any.
    """
    names = [printable(name or "outside of tests") for name in failure.others[:_NAMED]]
    for count in range(len(names), 0, -1):
        more = failure.tests - 1 - count
        line = f"also {', '.join(names[:count])}" + (f" and {more:,} more" if more else "")
        if width is None or columns(line) <= width or count == 1:
            return line
    return f"and {counted(failure.tests - 1, 'more test')}"


def failure_facts(failure: KnownFailure) -> list[str]:
    """Say what is known of a failure, the most telling first; safe for terminals.

    Args:
        failure: of a test, or of what is none.
    """
    if not failure.is_test:
        return [printable(": ".join(filter(None, (failure.error, failure.message.strip().partition("\n")[0]))))]
    facts = [*_news(failure)]
    seen = _occurrences(failure)
    is_known_below = failure.red_run and failure.last_seen_seconds is None and failure.elsewhere_seconds is not None
    if not facts or (seen != _FIRST and not is_known_below):
        facts.append(seen)
    if failure.failed_before:
        facts += _failing(failure)
    elif failure.is_flaky and not failure.flaky_attempts:
        facts.append("flaky")
    # Where it is red on another branch, passes there are of before, or of another leg.
    elsewhere = [
        place
        for place in failure.passes_elsewhere
        if place["same_branch"] or not failure.red_run or place["branch"] != failure.red_branch
    ]
    if places := passes_elsewhere(elsewhere):
        facts.append(places)
    if failure.strategy and failure.recoveries and failure.strategy_times:
        known = STRATEGIES.get(failure.strategy)
        by = known.in_summary if known else f"by {printable(failure.strategy)}"
        share = failure.strategy_times / failure.recoveries
        facts.append(f"recovered once, {by}" if failure.recoveries == 1 else f"recovers {by} {percent(share)}")
    if failure.fix_name:
        place = f"a change in {failure.fix_file}::{failure.fix_name}" if failure.fix_file else failure.fix_name
        facts.append(f"last fixed by {printable(place)}")
    return facts


def _news(failure: KnownFailure) -> Iterator[str]:
    """Say whether a failure is news: what has failed since then or now and then is none."""
    if failure.is_flaky and failure.flaky_attempts:
        yield f"flaky: {failure.flaky_failures:,} of {failure.flaky_attempts:,} on the same code"
    if failure.red_run:
        yield f"red since run {failure.red_run}" + (
            f" on {printable(failure.red_branch)}" if failure.red_branch else ""
        )
    elif failure.passed_run and failure.passed_seconds is not None:
        passed = _ago(failure.passed_seconds)
        place = failure.passed_branch
        yield since_pass(passed, failure.passed_run, failure.changed, place, is_known=failure.is_change_known)
    elif failure.is_new:
        yield "new test"


def _occurrences(failure: KnownFailure) -> str:
    more = "+" if failure.is_cut else ""
    elsewhere = f"{failure.times_elsewhere:,}{more}"
    if failure.last_seen_seconds is not None and failure.times > 1:
        seen = f"seen {failure.times:,}{more} times in {SUMMARY_DAYS} days"
        return f"{seen}, {elsewhere} more elsewhere" if failure.times_elsewhere else seen
    if failure.last_seen_seconds is not None:
        seen = f"last seen {_ago(failure.last_seen_seconds)}"
    elif failure.elsewhere_seconds is not None:
        seen = "never seen on this branch and leg"
    elif failure.is_cut:
        return "not seen in its recent failures"
    else:
        otherwise = failure.times_otherwise
        return _FIRST + (f", failed differently in {counted(otherwise, 'run')}" if otherwise else "")
    if failure.times_elsewhere > 1:
        return f"{seen}, {elsewhere} times elsewhere in {SUMMARY_DAYS} days"
    return seen if failure.elsewhere_seconds is None else f"{seen}, elsewhere {_ago(failure.elsewhere_seconds)}"


def _ago(seconds: float) -> str:
    return f"{age(seconds, DAY) or 'less than a minute'} ago"


def _failing(failure: KnownFailure) -> list[str]:
    gap = age(failure.not_run_seconds or 0, DAY)
    gaps = [f"open, and not run for {gap} before"] if gap else []
    if not failure.has_passed:
        return gaps if failure.passes_elsewhere else ["no known pass", *gaps]
    words = []
    if time := age(failure.failing_seconds or 0, DAY):
        words.append(f"for {time}")
    if failure.failing_commit:
        words.append(f"since commit {printable(failure.failing_commit[:10])}")
    return ([" ".join(["failing", *words])] if words else []) + gaps
