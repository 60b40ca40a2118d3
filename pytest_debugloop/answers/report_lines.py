"""A side of runs reported against its base, short enough for a comment on a change or the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pytest_debugloop.answers.compared_causes import by_cause
from pytest_debugloop.answers.compared_lines import item_markdown, item_plain, totals_of
from pytest_debugloop.answers.compared_runs import runs_of, title_of
from pytest_debugloop.answers.gate import Verdict, verdict_words
from pytest_debugloop.queries.compare import ComparedTest
from pytest_debugloop.text.json_values import plain
from pytest_debugloop.text.markdown import code, escaped
from pytest_debugloop.text.printable import printable

MARK = "<!-- pytest-debugloop: report -->"
"""By which a bot finds the comment that it has written before."""

LINES = 40
"""How many lines a report has at most."""

_GROUPS = (
    ("new_failure", "Newly failing"),
    ("fails_otherwise", "Failing with another error than on the base"),
    ("still_failing", "Still failing"),
    ("known_flake", "Known flaky tests that failed"),
    ("flaked", "Passed only when tried again"),
    ("fixed", "Fixed"),
)
_FEW = 3
_LINK = re.compile(r"https?://[!#-;=?-_a-~]+")


def report_markdown(verdict: Verdict, most: int = LINES) -> list[str]:
    """Write a report as Markdown, for GitHub and for GitLab.

    Args:
        verdict: of the gate, on the comparison.
        most: lines at most, those that Markdown shows.
    """
    compared = verdict.compared
    lines = [MARK, f"**Check {escaped(verdict_words(verdict))}**", "", escaped(_sides(verdict)), ""]
    lines.append(escaped(totals_of(compared)))
    lines += [f"<br>Note: {escaped(note)}." for note in compared.notes[:_FEW]]
    lines += [f"<br>Job: <{link}>" for link in _links(verdict)]
    return [*lines, *_groups(verdict, most - len(lines), markdown=True)]


def report_plain(verdict: Verdict) -> list[str]:
    """Write a report as text without colours.

    Args:
        verdict: of the gate, on the comparison.
    """
    compared = verdict.compared
    lines = [f"Check {verdict_words(verdict)}", _sides(verdict), totals_of(compared)]
    lines += [f"Note: {note}." for note in compared.notes[:_FEW]]
    lines += [f"Job: {link}" for link in _links(verdict)]
    return [*lines, *_groups(verdict, LINES - len(lines), markdown=False)]


def report_facts(verdict: Verdict) -> dict[str, Any]:
    """Give what a report says for programs, but for the tests.

    Args:
        verdict: of the gate, on the comparison.
    """
    compared = verdict.compared
    return {
        "verdict": "passed" if verdict.passed else "failed",
        "passed": verdict.passed,
        "reason": verdict_words(verdict),
        "problems": verdict.problems,
        "notes": compared.notes,
        "head": plain(compared.head),
        "base": plain(compared.base),
        "same": compared.same,
        "jobs": _links(verdict),
    }


def reported_tests(verdict: Verdict) -> list[ComparedTest]:
    """Give the tests that a report is about, those first that matter most, without a limit.

    Args:
        verdict: of the gate, on the comparison.
    """
    return [test for change, _ in _GROUPS for test in verdict.compared.of(change)]


def _sides(verdict: Verdict) -> str:
    head, base = verdict.compared.head, verdict.compared.base
    against = f"{title_of(base)} ({runs_of(base)})"
    return f"{title_of(head)} ({runs_of(head)}) against {against}"


def _links(verdict: Verdict) -> list[str]:
    """Give the addresses of the jobs that can stand between angle brackets: nothing in them ends the link."""
    urls = dict.fromkeys(run.job_url for run in verdict.compared.head.runs if run.job_url)
    return [url for url in map(printable, urls) if _LINK.fullmatch(url)][:_FEW]


def _groups(verdict: Verdict, room: int, *, markdown: bool) -> Iterator[str]:
    """List the tests by cause, those first that matter most; the last line counts those that there is no room for."""
    room -= 2  # the last line, and an empty one
    left = 0
    for change, title in _GROUPS:
        tests = verdict.compared.of(change)
        head = ["", f"### {title} ({len(tests):,})", ""] if markdown else ["", f"{title} ({len(tests):,})"]
        for cause in by_cause(tests):
            has_legs = verdict.compared.has_legs
            item = (
                f"- {item_markdown(cause, has_legs=has_legs)}"
                if markdown
                else f"  {item_plain(cause, has_legs=has_legs)}"
            )
            lines = len(head) + 1 + item.count("<br>") * markdown
            if room < lines:
                left += cause.tests
                continue
            yield from head
            yield item
            room -= lines
            head = []
    if left:
        yield ""
        yield f"and {left:,} more: see {code('debugloop compare') if markdown else 'debugloop compare'}"
