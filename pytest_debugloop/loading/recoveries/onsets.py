"""Find what was different where a test began to fail: what a flake is distinguished from a broken test by.

It is what is looked at where it passes again, with the pass before in place of the pass after. No run waits for
more than a bounded number of comparisons; of what is not compared nothing is known, and the scores say as much.
"""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from psycopg import Cursor
from psycopg.types.json import Jsonb

from pytest_debugloop.loading.recoveries.facts import Facts, Pending, Statement
from pytest_debugloop.loading.recoveries.ran_before import order_between
from pytest_debugloop.loading.recoveries.reasons import compared
from pytest_debugloop.text.changed import changed_lines_of

_MAX_TESTS = 2_000
_MAX_PAIRS = 10
_MAX_FILES = 10_000


def find_onsets(cursor: Cursor[Any], statement: Statement, run_id: uuid.UUID, correlation_id: uuid.UUID) -> None:
    """Find and keep what was different where tests of a run began to fail.

    Args:
        cursor: in the transaction that concludes the run.
        statement: gives SQL by its name.
        run_id: of the run.
        correlation_id: of its workflow.

    Raises:
        psycopg.Error: the database cannot answer, or store anything.
    """
    facts = Facts(cursor, statement)
    cursor.execute(statement("onsets_begun"), {"run_id": run_id, "correlation_id": correlation_id})
    pending = facts.pending(run_id, correlation_id, "onsets_pending", most=_MAX_TESTS)
    found = [(one, evidence) for one in _bounded(pending, facts) if (evidence := _evidence(one, facts)) is not None]
    if found:
        cursor.execute(
            statement("onsets_store"),
            {
                "tasks": [one.task_id for one, _ in found],
                "runs": [one.error_run for one, _ in found],
                "passed": [one.success_run for one, _ in found],
                "evidence": [Jsonb(evidence) for _, evidence in found],
            },
        )


def _bounded(pending: Iterable[Pending], facts: Facts) -> Iterator[Pending]:
    """Leave out what would take long: many pairs of versions, or versions of very many files."""
    pairs: set[tuple[str | None, str | None]] = set()
    for one in pending:
        failing, passing = facts.run(one.error_run), facts.run(one.success_run)
        if failing is None or passing is None:
            continue
        if max(len(failing.files or ()), len(passing.files or ())) > _MAX_FILES:
            continue
        pair = failing.code_version, passing.code_version
        if pair in pairs or len(pairs) < _MAX_PAIRS:
            pairs.add(pair)
            yield one


def _evidence(one: Pending, facts: Facts) -> dict[str, Any] | None:
    """Say what differs; of code where, and how much: its source is in both runs' versions."""
    try:
        found = compared(one, facts)
        # It is named, and not weighed: of one pass and one failure nobody knows whether it was the order.
        order = order_between(one, facts)
    except psycopg.Error:
        raise
    except Exception:  # what was recorded of a run is not as any recorder writes it
        traceback.print_exc()
        return None
    evidence = found.evidence
    for change in evidence.get("code", ()):
        lines = changed_lines_of(change.pop("diff", None))
        if lines is not None:
            change["lines"] = lines
    if order is not None:
        evidence["order"] = order
    if found.missing:
        evidence["missing"] = found.missing
    evidence["situations"] = {strategy: situations[:1] for strategy, situations in found.candidates.items()}
    return evidence
