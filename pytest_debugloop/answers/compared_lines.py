"""Two sides of runs compared, as lines: for terminals, and as Markdown for a comment on a change."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from pytest_debugloop.answers.compared_causes import ComparedCause, by_cause
from pytest_debugloop.answers.compared_runs import RunsCompared, runs_of, title_of
from pytest_debugloop.answers.gate import Verdict, change_counts, verdict_words
from pytest_debugloop.answers.recoveries import reason_in_words
from pytest_debugloop.queries.compare import ComparedTest, SlowerTest
from pytest_debugloop.text.changed import changed_words
from pytest_debugloop.text.lines import Line
from pytest_debugloop.text.markdown import code, escaped
from pytest_debugloop.text.printable import printable
from pytest_debugloop.text.words import ago, counted, error_line, short, span

T = TypeVar("T")

MARK = "<!-- pytest-debugloop: compare -->"
"""By which a bot finds the comment that it has written before."""

_GROUPS: tuple[tuple[str, str, str], ...] = (
    ("new_failure", "Newly failing", "fail"),
    ("fails_otherwise", "Failing with another error than on the base", "fail"),
    ("still_failing", "Still failing", "warn"),
    ("known_flake", "Known flaky tests that failed", "warn"),
    ("flaked", "Passed only when tried again", "warn"),
    ("fixed", "Fixed", "pass"),
    ("new_test", "New tests", ""),
    ("removed", "Removed tests", ""),
    ("not_run", "Not run", "faint"),
)
_CHECKED = 20
_NAMED = 5
_NAMED_ONLY = ("new_test", "removed", "not_run")


def totals_of(compared: RunsCompared) -> str:
    """Say how many tests changed in which way.

    Args:
        compared: both sides.
    """
    parts = [words] if (words := change_counts(compared.tests)) else []
    if compared.slower:
        parts.append(f"{len(compared.slower):,} slower")
    parts.append(f"{compared.same:,} unchanged")
    return ", ".join(parts)


def compared_lines(compared: RunsCompared, limit: int) -> Iterator[Line]:
    """Write a comparison for a terminal.

    Args:
        compared: both sides.
        limit: tests of each kind at most.
    """
    yield Line.of(f"{title_of(compared.head)} against {title_of(compared.base)}", "title")
    yield Line.of(f"  {runs_of(compared.head, is_named=True)}; {runs_of(compared.base, is_named=True)}", "faint")
    yield Line.of(f"  {totals_of(compared)}")
    for note in compared.notes:
        yield Line.of(f"  Note: {note}.", "warn")
    for change, title, style in _GROUPS:
        tests = compared.of(change)
        if not tests:
            continue
        yield Line.of()
        yield Line.of(f"{title} ({len(tests):,})", style or "title")
        yield from _tests_lines(tests, limit, has_legs=compared.has_legs)
    if compared.slower:
        yield Line.of()
        yield Line.of(f"Slower ({len(compared.slower):,})", "warn")
        yield from (
            Line.of(f"  {slower_words(test)}  ").append(printable(test.node_id)) for test in compared.slower[:limit]
        )
        yield from _rest(len(compared.slower), limit)


def _tests_lines(tests: Sequence[ComparedTest], limit: int, *, has_legs: bool) -> Iterator[Line]:
    """Write tests cause by cause, of so many causes, and of each so many names."""
    causes = list(by_cause(tests))
    for cause in causes[:limit]:
        indent = "  "
        if cause.others:
            yield Line.of(f"  {cause.title}")
            indent = "    "
        yield _name_line(cause.example, indent)
        yield from (Line.of(f"{indent}    {words}", "faint") for words in facts_of(cause.example, has_legs=has_legs))
        if cause.others:
            yield Line.of(f"    {counted(len(cause.others), 'more test')} of this cause:", "faint")
            yield from (_name_line(test, "      ") for test in cause.others[:limit])
            yield from _rest(len(cause.others), limit, "      ")
    yield from _rest(len(causes), limit)


def _name_line(test: ComparedTest, indent: str) -> Line:
    line = Line.of(f"{indent}{printable(test.node_id or '')}")
    return line.append(f"  {short(test.error_id)}", "id") if test.error_id else line


def _rest(number: int, limit: int, indent: str = "  ") -> Iterator[Line]:
    if number > limit:
        yield Line.of(f"{indent}and {number - limit:,} more: --limit 0 lists all", "faint")


def facts_of(test: ComparedTest, *, has_legs: bool) -> Iterator[str]:
    """Say what is known of a test that differs, a line each; safe for a terminal.

    Args:
        test: of a comparison.
        has_legs: whether to say in which legs it fails.
    """
    if test.change in _NAMED_ONLY:
        return
    if test.error_id is not None and test.error_type and test.change != "fixed":
        yield error_line(test.error_code, test.error_type, test.error_message or "")
    if has_legs and test.failed_in and test.failed_in != [""]:
        yield f"in leg {', '.join(printable(leg) or 'without a name' for leg in test.failed_in)}"
    if test.change == "new_failure":
        if test.is_new_test:
            yield "new test"
        elif words := changed_words(test.evidence):
            since = f"passed in run {short(test.last_pass_run)}; " if test.last_pass_run else ""
            yield f"{since}changed since: {words}"
    if test.failing_since is not None:
        commit = f" on {printable(test.failing_since_commit[:10])}" if test.failing_since_commit else ""
        yield f"failing since run {short(test.failing_since_run)}{commit}, {ago(test.failing_since)}"
    if test.is_flaky and test.flakes is not None:
        yield f"flaky: {test.flakes:,} of {counted(test.tries or 0, 'try')} failed"
    if test.change == "fixed" and test.recovery_strategy:
        yield reason_in_words(test.recovery_strategy, test.confidence_score, test.recovery_evidence)


def slower_words(test: SlowerTest) -> str:
    """Write how much longer a call took.

    Args:
        test: of a comparison.
    """
    leg = f" in leg {printable(test.leg)}" if test.leg else ""
    return f"{span(test.base_ms)} -> {span(test.ms)}{leg}"


def compared_markdown(compared: RunsCompared, limit: int) -> Iterator[str]:
    """Write a comparison as Markdown, for a comment on a change.

    Args:
        compared: both sides.
        limit: tests of each kind at most.
    """
    yield MARK
    head, base = title_of(compared.head), title_of(compared.base)
    yield f"**{escaped(totals_of(compared))}** ({escaped(head)} against {escaped(base)})"
    for note in compared.notes:
        yield ""
        yield f"Note: {escaped(note)}."
    item = partial(item_markdown, has_legs=compared.has_legs)
    for change, title, _ in _GROUPS:
        tests = compared.of(change)
        yield from _section(title, len(tests), list(by_cause(tests)), limit, item)
    slower = compared.slower
    yield from _section(
        "Slower", len(slower), slower, limit, lambda test: f"{code(test.node_id)}: {slower_words(test)}"
    )


def _section(title: str, tests: int, items: Sequence[T], limit: int, item: Callable[[T], str]) -> Iterator[str]:
    if items:
        yield ""
        yield f"### {title} ({tests:,})"
        yield ""
        yield from (f"- {item(one)}" for one in items[:limit])
        if len(items) > limit:
            yield f"- and {len(items) - limit:,} more"


def item_markdown(cause: ComparedCause, *, has_legs: bool) -> str:
    """Write the tests of one cause as an item of a list in Markdown.

    Args:
        cause: of a comparison.
        has_legs: whether to say in which legs they fail.
    """
    lines = [escaped(cause.title)] if cause.others else []
    lines += [code(cause.example.node_id or ""), *map(escaped, facts_of(cause.example, has_legs=has_legs))]
    if cause.others:
        more = len(cause.others) - _NAMED
        named = ", ".join(code(test.node_id or "") for test in cause.others[:_NAMED])
        lines.append(f"also {named}" + (f" and {more:,} more" if more > 0 else ""))
    return "<br>".join(lines)


def item_plain(cause: ComparedCause, *, has_legs: bool) -> str:
    """Write the tests of one cause in one line of text.

    Args:
        cause: of a comparison.
        has_legs: whether to say in which legs they fail.
    """
    parts = [cause.title] if cause.others else []
    parts += [printable(cause.example.node_id or ""), *facts_of(cause.example, has_legs=has_legs)]
    if cause.others:
        more = len(cause.others) - _NAMED
        named = ", ".join(printable(test.node_id or "") for test in cause.others[:_NAMED])
        parts.append(f"also {named}" + (f" and {more:,} more" if more > 0 else ""))
    return "; ".join(parts)


def verdict_lines(verdict: Verdict) -> Iterator[Line]:
    """Write what the gate says.

    Args:
        verdict: of the gate.
    """
    compared = verdict.compared
    yield Line.of(f"Check {verdict_words(verdict)}", "pass" if verdict.passed else "fail")
    yield Line.of(f"  {title_of(compared.head)} against {title_of(compared.base)}", "faint")
    for note in compared.notes:
        yield Line.of(f"  Note: {note}.", "warn")
    for title, tests, style in (("Not allowed", verdict.stopped_by, "fail"), ("Allowed", verdict.allowed, "warn")):
        if tests:
            yield Line.of(f"{title} ({len(tests):,})", style)
        yield from _tests_lines(tests, _CHECKED, has_legs=compared.has_legs)
