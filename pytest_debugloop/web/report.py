"""A run, or one failure, as a single page without scripts, for an artifact of a CI.

Rule of what is left out: the page has at most :data:`MOST` bytes. Causes are written in the order of the run, each with
one failure whole, while there is room; then causes with message and names only; then they are counted.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

from markupsafe import Markup

from pytest_debugloop.answers.causes import CausedFailures, grouped
from pytest_debugloop.answers.record import Record
from pytest_debugloop.queries.failures import DetailedFailure, failure_of, failures_by_cause
from pytest_debugloop.queries.lookup import Found
from pytest_debugloop.queries.recoveries import recoveries
from pytest_debugloop.queries.runs import Run, run_of
from pytest_debugloop.web.assertions import assertion_sides
from pytest_debugloop.web.rendering import rendered
from pytest_debugloop.web.states import exceptions_of, sections_of

MOST = 2_000_000
"""Bytes of a page."""

_RESERVED = 60_000  # for the style, the head and the list of what was fixed
_CAUSES = 500
_NAMED = 51
_STYLE = Path(__file__).parent / "static" / "style.css"


def report_html(record: Record, found: Found | Run) -> str:
    """Write the page of a run or a failure.

    Args:
        record: to ask.
        found: a run, or a failure.
    """
    if isinstance(found, Found) and found.kind == "error":
        known = record.one(failure_of(found.id))
        run = record.one(run_of(known.failure.run_id)) if known.failure.run_id else None
        return _page(run, [CausedFailures(1, known, [])], [], more=0)
    run = found if isinstance(found, Run) else record.one(run_of(found.id))
    ids = (run.id, run.correlation_id)
    groups = list(islice(grouped(record.stream(failures_by_cause(*ids, _CAUSES + 1, named=_NAMED))), _CAUSES + 1))
    passes = record.fetch(recoveries(run_id=run.id, correlation_id=run.correlation_id))
    fixed = list({one.task_id: one for one in reversed(passes)}.values())
    return _page(run, groups[:_CAUSES], fixed[:100], more=len(groups) - _CAUSES)


def _page(run: Run | None, groups: list[CausedFailures], fixed: list[Any], *, more: int) -> str:
    left = MOST - _RESERVED
    parts: list[Markup] = []
    named = 0
    for group in groups:
        for is_whole in (True, False):
            part = rendered("report_cause.html", _values(group, is_whole=is_whole))
            size = len(part.encode())
            if size <= left:
                left -= size
                named += not is_whole
                parts.append(Markup(part))  # noqa: S704 - written by a template that escapes
                break
        else:
            more = max(more, 0) + 1
    style = Markup(_STYLE.read_text(encoding="utf-8"))  # noqa: S704 - our own file
    values = {"run": run, "parts": parts, "fixed": fixed, "more": max(more, 0), "named": named, "style": style}
    return rendered("report.html", values)


def _values(group: CausedFailures, *, is_whole: bool) -> dict[str, Any]:
    known: DetailedFailure = group.example
    state = known.state if is_whole else None
    return {
        "group": group,
        "failure": known.failure,
        "history": known.history,
        "assertion": assertion_sides(known.failure.error_message) if is_whole else [],
        "exceptions": list(exceptions_of(state)) if state else [],
        "sections": [(name, nodes) for name, nodes in sections_of(state) if name != "environment"] if state else [],
        "captured": dict(state or {}).get("captured") or {},
        "is_whole": is_whole,
    }
