"""Pages that list: runs, failures by cause, flaky tests, recoveries and what they have in common, and a search."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from pytest_debugloop.answers.filters import TypedFilters, asked_project
from pytest_debugloop.answers.flaky import as_json as plain_test
from pytest_debugloop.answers.flaky_pages import flaky_tests_of_page
from pytest_debugloop.answers.lists import listed_failures, listed_recoveries, listed_runs, recovery_patterns
from pytest_debugloop.answers.not_loaded import not_loaded
from pytest_debugloop.errors import EmptyRecordError
from pytest_debugloop.queries.overviews import search
from pytest_debugloop.text.strategies import STRATEGIES
from pytest_debugloop.web.view import Asked, View

ROWS = 50
"""Rows of a page."""

SCORED = 10
"""Tests of a page of flaky ones, whose scores cost the server's time."""

_FURTHEST = 10_000

_DAYS = {"1d": 1, "7d": 7, "30d": 30, "90d": 90}
_STATES = ("passed", "failed", "broken", "running", "interrupted", "died")


def _typed(asked: Asked) -> TypedFilters:
    days = _DAYS.get(asked.query.get("since", ""))
    since = datetime.now(timezone.utc) - timedelta(days=days) if days else None
    text = asked.text
    return TypedFilters(text("branch"), text("change"), text("job"), text("leg"), text("session"), since)


def _paged(asked: Asked, rows: list[Any]) -> dict[str, Any]:
    """Give one page of rows, of which there may be one more than fits, and where the others are."""
    offset = asked.number("offset", _FURTHEST)
    kept = {name: value for name, value in asked.query.items() if name != "offset" and value}
    return {
        "rows": rows[:ROWS],
        "kept": kept,
        "newer": max(offset - ROWS, 0) if offset else None,
        "older": offset + ROWS if len(rows) > ROWS else None,
        "query": dict(asked.query),
        "days": tuple(_DAYS),
    }


def runs_page(asked: Asked) -> View:
    """List runs.

    Args:
        asked: for what.
    """
    offset = asked.number("offset", _FURTHEST)
    status = asked.text("status")
    status = status if status in _STATES else None
    answer = asked.record.answer(
        listed_runs(_typed(asked), asked.location, offset + ROWS + 1, commit=asked.text("commit"), status=status)
    )
    rows = asked.record.fetch(answer.runs)[offset:]
    missing = not_loaded(asked.location)
    values = {**_paged(asked, rows), "missing": missing, "states": _STATES}
    return View("runs.html", "Runs", values, "runs", {"not_loaded": missing}, {"runs": rows[:ROWS]})


def failures_page(asked: Asked) -> View:
    """Group failures by cause.

    Args:
        asked: for what.
    """
    offset, is_open = asked.number("offset", _FURTHEST), asked.query.get("open") == "1"
    answer = asked.record.answer(listed_failures(_typed(asked), asked.location, offset + ROWS + 1, is_open=is_open))
    rows = asked.record.fetch(answer.by_cause)[offset:]
    groups = {"causes": rows[:ROWS], "failures": asked.record.fetch(answer.by_fingerprint)[offset : offset + ROWS]}
    return View("failures.html", "Failures by cause", _paged(asked, rows), "failures", {}, groups)


def flaky_page(asked: Asked) -> View:
    """Rank flaky tests.

    Args:
        asked: for what.
    """
    offset, everything = asked.number("offset", _FURTHEST), asked.query.get("all") == "1"
    project = asked.record.answer(asked_project(asked.location))
    page = asked.record.answer(flaky_tests_of_page(project, offset, SCORED, only_flaky=not everything))
    values = {
        **_paged(asked, page.rows),
        "page": page,
        "newer": max(offset - SCORED, 0) if offset else None,
        "older": None if page.is_last else offset + SCORED,
    }
    return View("flaky.html", "Flaky tests", values, "flaky", {}, {"tests": map(plain_test, page.rows)})


def recoveries_page(asked: Asked) -> View:
    """List recoveries, and what they have in common.

    Args:
        asked: for what.
    """
    offset, strategy = asked.number("offset", _FURTHEST), asked.text("strategy")
    strategy = strategy if strategy in STRATEGIES else None
    answer = asked.record.answer(listed_recoveries(_typed(asked), asked.location, offset + ROWS + 1, strategy=strategy))
    rows = asked.record.fetch(answer.recoveries)[offset:]
    values = {} if asked.is_json else {**_paged(asked, rows), **_patterns(asked), "strategies": tuple(STRATEGIES)}
    return View("recoveries.html", "Recoveries", values, "recoveries", {}, {"recoveries": rows[:ROWS]})


def _patterns(asked: Asked) -> dict[str, Any]:
    common = asked.record.answer(recovery_patterns(20))
    counts: dict[str, int] = {}
    waited: dict[str, list[tuple[int, float]]] = {}
    for pattern in common.by_strategy:
        name = pattern.recovery_strategy or "unknown"
        counts[name] = counts.get(name, 0) + pattern.errors_recovered
        if pattern.median_duration_ms is not None:
            waited.setdefault(name, []).append((pattern.errors_recovered, float(pattern.median_duration_ms)))
    times = {
        name: sum(errors * ms for errors, ms in known) / sum(errors for errors, _ in known)
        for name, known in waited.items()
    }
    return {"common": common, "counts": counts, "times": times}


def search_page(asked: Asked) -> View:
    """Search tests and failures.

    Args:
        asked: for what.
    """
    text = (asked.text("q") or "")[:200]
    project = asked.record.answer(asked_project(asked.location))
    rows = asked.record.fetch(search(text, project, ROWS)) if text else []
    values = {
        "text": text,
        "tests": [row for row in rows if row.kind == "test"],
        "failures": [row for row in rows if row.kind == "error"],
    }
    return View("search.html", "Search", values, "search", {"text": text}, {"results": rows})


def no_runs(asked: Asked) -> View:
    """Say that there is nothing yet.

    Args:
        asked: for what.
    """
    missing = not_loaded(asked.location)
    return View("empty.html", "No runs yet", {"error": EmptyRecordError(), "missing": missing}, "front", {"run": None})
