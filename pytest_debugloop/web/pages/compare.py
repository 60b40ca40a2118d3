"""Two sides of runs, test by test."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_debugloop.answers.compared_runs import RunsCompared, RunsOfSide, compare_runs, runs_of, title_of
from pytest_debugloop.answers.filters import asked_project
from pytest_debugloop.answers.here import here
from pytest_debugloop.answers.runs import last_run
from pytest_debugloop.errors import NothingToCompareError
from pytest_debugloop.web.view import Asked, View

SECTIONS = (
    ("new_failure", "Newly failing"),
    ("fails_otherwise", "Failing in another way"),
    ("still_failing", "Still failing"),
    ("known_flake", "Known flaky tests that failed"),
    ("flaked", "Passed when tried again"),
    ("fixed", "Fixed"),
    ("new_test", "New tests"),
    ("removed", "Removed tests"),
    ("not_run", "Not run"),
)
"""What is shown, in this order."""

_LISTED = 200
_WRITTEN = 1_000


def compare_page(asked: Asked) -> View:
    """Compare two sides.

    Args:
        asked: for which; by default the last run here, or else the last one of all, against its base.
    """
    project = asked.record.answer(asked_project(asked.location))
    head, base = asked.text("head"), asked.text("base")
    compared = _compared(asked, head, base, project)
    sections = [(title, change, compared.of(change)) for change, title in SECTIONS]
    values = {
        "compared": compared,
        "sides": [(name, title_of(side), runs_of(side), side) for name, side in _sides(compared.head, compared.base)],
        "sections": [section for section in sections if section[2]],
        "listed": _LISTED,
        "head": head or "",
        "base": base or "",
    }
    offset = asked.number("offset")
    facts = {name: getattr(compared, name) for name in ("head", "base", "same", "notes")}
    facts["tests_total"] = len(compared.tests)
    tests = compared.tests[offset : offset + _WRITTEN]
    lists: dict[str, Iterable[Any]] = {"tests": tests, "slower": compared.slower}
    return View(
        "compare.html", f"{title_of(compared.head)} against {title_of(compared.base)}", values, "compare", facts, lists
    )


def _compared(asked: Asked, head: str | None, base: str | None, project: str | None) -> RunsCompared:
    where = here(asked.location)
    try:
        return asked.record.answer(compare_runs(head, base, project, where, needs_base=False))
    except NothingToCompareError:  # a server may be started anywhere
        if head is not None:
            raise
    last = asked.record.answer(last_run(project))
    return asked.record.answer(compare_runs(f"run:{last.id}", base, project, where, needs_base=False))


def _sides(head: RunsOfSide, base: RunsOfSide) -> tuple[tuple[str, RunsOfSide], ...]:
    return (("head", head), ("base", base))
