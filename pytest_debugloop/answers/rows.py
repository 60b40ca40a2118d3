"""An export in rows: JSON Lines, and CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import dataclasses
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from pytest_debugloop.answers.lookup import find_id
from pytest_debugloop.answers.runs import last_run
from pytest_debugloop.queries import exports
from pytest_debugloop.queries.question import Question, Steps, one
from pytest_debugloop.queries.runs import Run, run_of, runs
from pytest_debugloop.text.json_values import JSON_VERSION, json_text, plain

if TYPE_CHECKING:
    from pytest_debugloop.answers.filters import Scope
    from pytest_debugloop.answers.record import Record

TaskIds: TypeAlias = "Sequence[uuid.UUID] | None"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

_ROWS: dict[str, tuple[str, type[Any], Callable[..., Question[Any]]]] = {
    "attempts": ("attempt", exports.Attempt, exports.attempts_of_run),
    "failures": ("failure", exports.ExportedFailure, exports.failures_of_run),
    "recoveries": ("recovery", exports.ExportedRecovery, exports.recoveries_of_run),
}


def exported_runs(scope: Scope, run: str | None, *, many: bool) -> Steps[Question[Run] | list[Run]]:
    """Find the runs that are to be exported.

    Args:
        scope: which ones, if they are many.
        run: the id of one, or the first or last characters of it; None for the last run.
        many: whether to export all of the scope.

    Returns:
        The one, or what asks for all.

    Raises:
        DebugloopError: there is no run, or nothing or several things are called so.
    """
    if many:
        yield from last_run(scope.project)  # says so where there is none at all
        return runs(project=scope.project, filters=scope.filters)
    if not run:
        return [(yield from last_run(scope.project))]
    return [(yield from one(run_of((yield from find_id(run, "run")))))]


def write_jsonl(out: IO[str], record: Record, runs: Iterable[Run], task_ids: TaskIds = None) -> dict[str, int]:
    """Write runs with all that is theirs: a line each, and before them one that says what this is.

    Args:
        out: what to write to.
        record: to ask.
        runs: which.
        task_ids: only what is of these tests; None for all.

    Returns:
        How many lines of each kind were written.
    """
    counts = {"run": 0, **{kind: 0 for kind, _, _ in _ROWS.values()}}
    _line(out, {"kind": "export", "schema": "debugloop/export", "version": JSON_VERSION})
    for run in runs:
        counts["run"] += 1
        _line(out, {"kind": "run", **plain(run)})
        for kind, _, rows in _ROWS.values():
            for row in record.stream(rows(run.id, task_ids)):
                counts[kind] += 1
                _line(out, {"kind": kind, "run_id": str(run.id), **plain(row)})
    return counts


def _line(out: IO[str], value: dict[str, Any]) -> None:
    out.write(json_text(value) + "\n")


def write_csv(
    out: IO[str], record: Record, runs: Iterable[Run], table: str, task_ids: TaskIds = None
) -> dict[str, int]:
    """Write a table of runs as CSV (RFC 4180), the names of its columns first.

    Args:
        out: what to write to.
        record: to ask.
        runs: which.
        table: ``runs``, ``attempts``, ``failures`` or ``recoveries``.
        task_ids: only what is of these tests; None for all.

    Returns:
        How many rows were written.
    """
    writer = csv.writer(out)
    kind, shape = ("run", Run) if table == "runs" else _ROWS[table][:2]
    names = [field.name for field in dataclasses.fields(shape)]
    # A failure may tell its run itself, as what is of no test does not.
    writer.writerow(names if table == "runs" or "run_id" in names else ["run_id", *names])
    count = 0
    for run in runs:
        rows: Iterable[Any] = (run,) if table == "runs" else record.stream(_ROWS[table][2](run.id, task_ids))
        for row in rows:
            values = plain(row)
            cells = [cell(values[name]) for name in names]
            writer.writerow(cells if table == "runs" or "run_id" in names else [cell(str(run.id)), *cells])
            count += 1
    return {kind: count}


def cell(value: Any) -> str | int | float:
    """Write a value as a cell that no spreadsheet computes.

    A text that begins with ``=``, ``+``, ``-``, ``@`` or a control character gets an apostrophe in front, as OWASP's
    "CSV Injection" has it; numbers stay numbers, lists and objects become JSON.

    Args:
        value: of basic types.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "'" + text if text.startswith(_FORMULA) else text
