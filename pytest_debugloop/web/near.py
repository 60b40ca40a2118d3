"""What may have been meant where nothing is at an address, or several things are."""

from __future__ import annotations

import re
from typing import NamedTuple

from pytest_debugloop.answers.filters import TypedFilters, asked_project
from pytest_debugloop.answers.lists import listed_failures, listed_runs
from pytest_debugloop.queries.overviews import near_tests
from pytest_debugloop.text.words import error_line, local, short
from pytest_debugloop.web.view import Asked

_LISTED = 10
_SHORTEST_WORD = 3


class Near(NamedTuple):
    """A link to what may have been meant: its address, and what is there."""

    path: str
    name: str


def near(asked: Asked, kind: str) -> list[Near]:
    """Name some things.

    Args:
        asked: for what; its id names what was not found.
        kind: ``runs``, ``failures``, or any other for tests.
    """
    if kind == "runs":
        runs = asked.record.fetch(asked.record.answer(listed_runs(TypedFilters(), asked.location, _LISTED)).runs)
        return [Near(f"/runs/{short(run.id)}", f"run {short(run.id)}, {local(run.started_at)}") for run in runs]
    if kind == "failures":
        answer = asked.record.answer(listed_failures(TypedFilters(), asked.location, _LISTED))
        return [
            Near(
                f"/failures/{short(cause.last_error_id)}",
                error_line(cause.error_code, cause.error_type, cause.error_message),
            )
            for cause in asked.record.fetch(answer.by_cause)
        ]
    words = [
        word for word in re.findall(r"[^\W_]+", asked.id.lower()) if len(word) >= _SHORTEST_WORD and word != "test"
    ]
    project = asked.record.answer(asked_project(asked.location))
    tests = asked.record.fetch(near_tests(words[:_LISTED], project, _LISTED)) if words else []
    return [Near(f"/tests/{test.id}", test.node_id) for test in tests]
