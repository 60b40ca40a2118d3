"""A run: its verdict first, its failures by cause, what it fixed, and where its time went."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

from pytest_debugloop.answers.causes import causes, grouped
from pytest_debugloop.answers.lookup import find_id
from pytest_debugloop.answers.shown import as_json, found_or_last_run, shown
from pytest_debugloop.environment.providers import URL
from pytest_debugloop.queries.lookup import Found
from pytest_debugloop.queries.overviews import LongPhase, WorkerTimes, fixture_times, longest_phases, worker_times
from pytest_debugloop.queries.runs import Run
from pytest_debugloop.text.words import short, span
from pytest_debugloop.web.charts import Bar
from pytest_debugloop.web.view import Asked, View

_CAUSES = 50
_NAMED = 51
_JSON_FAILURES = 500
_PHASES = 300
_LISTED = 20


def run_page(asked: Asked) -> View:
    """Show a run.

    Args:
        asked: for which.
    """
    return _page(asked, Found("run", asked.record.answer(find_id(asked.id, "run"))))


def last_run_page(asked: Asked) -> View:
    """Show the last run.

    Args:
        asked: for what.
    """
    location = asked.location
    return _page(
        asked, asked.record.answer(found_or_last_run(None, location.asked_project(), location.checkout_project()))
    )


def _page(asked: Asked, found: Found | Run) -> View:
    answer: Any = asked.record.answer(shown(found, _CAUSES + 1, named=_NAMED))
    run: Run = answer.run
    groups = list(islice(grouped(asked.record.stream(answer.by_cause)), _CAUSES + 1))
    fixed = list({one.task_id: one for one in reversed(asked.record.fetch(answer.recoveries))}.values())
    kind, facts, lists = as_json(answer)
    failures = list(islice(asked.record.stream(lists["failures"]), _JSON_FAILURES))  # type: ignore[arg-type]
    rows = {"failures": failures, "recoveries": fixed, "causes": list(causes(asked.record.fetch(answer.names)))}
    values = {} if asked.is_json else _values(asked, run, groups, fixed)
    return View("run.html", f"Run {short(run.id)}", values, "show", {"kind": kind, **facts}, rows)


def _values(asked: Asked, run: Run, groups: list[Any], fixed: list[Any]) -> dict[str, Any]:
    phases = asked.record.fetch(longest_phases(run, _PHASES))
    workers = asked.record.fetch(worker_times(run))
    url = run.ci.get(URL) if isinstance(run.ci, dict) else None
    return {
        "run": run,
        "groups": groups[:_CAUSES],
        "has_more": len(groups) > _CAUSES,
        "fixed": fixed[:_CAUSES],
        "phases": phases[:_LISTED],
        "fixtures": asked.record.fetch(fixture_times(run, _LISTED)),
        "workers": workers,
        "rows": _rows(run, workers, phases),
        "seconds": _seconds(workers),
        "waited_ms": (_begin(workers) - run.started_at).total_seconds() * 1000 if workers else 0,
        "url": url if isinstance(url, str) and url.startswith(("https://", "http://")) else None,
    }


def _begin(workers: list[WorkerTimes]) -> datetime:
    return min(worker.began_at for worker in workers)


def _seconds(workers: list[WorkerTimes]) -> float:
    return (max(worker.ended_at for worker in workers) - _begin(workers)).total_seconds() if workers else 0.0


def _rows(run: Run, workers: list[WorkerTimes], phases: list[LongPhase]) -> list[tuple[str, list[Bar]]]:
    """Draw each worker: from its first step to its last, and upon that the phases that took longest."""
    rows = []
    begin = _begin(workers) if workers else run.started_at
    for worker in workers:
        name = worker.agent_name.rpartition(":")[2] if ":" in worker.agent_name else "main"
        drawn = [Bar(*_from(begin, worker.began_at, worker.ended_at), "worker", f"{name}: {worker.tests:,} tests")]
        drawn += [
            Bar(
                *_from(begin, phase.started_at, phase.completed_at),
                "failed" if phase.status == "failed" else phase.step_type,
                f"{phase.operation_name} {phase.step_type}, {span(phase.duration_ms)}",
            )
            for phase in sorted(phases, key=lambda phase: phase.started_at)
            if phase.agent_name == worker.agent_name
        ]
        rows.append((name, drawn))
    return rows


def _from(begin: datetime, began: datetime, ended: datetime) -> tuple[float, float]:
    return (began - begin).total_seconds(), (ended - begin).total_seconds()
