"""What failed is linked to what passed later, in the run that is concluded and where it changes something in others."""

from __future__ import annotations

import uuid

from psycopg import Cursor

from pytest_debugloop.loading.batch import contents_of, statement
from pytest_debugloop.loading.recoveries.onsets import find_onsets
from pytest_debugloop.loading.recoveries.reasons import compare_states, explain
from pytest_debugloop.loading.renamed_projects import take_over_runs


def link_recoveries(
    cursor: Cursor, run_id: uuid.UUID, correlation_id: uuid.UUID, *, is_embedded: bool, has_failures: bool
) -> None:
    """Link what failed and passed again, and find the reasons.

    Args:
        cursor: in the transaction that concludes the run.
        run_id: of the run.
        correlation_id: of its workflow.
        is_embedded: whether the record is that of one checkout.
        has_failures: whether anything failed in the run.

    Raises:
        psycopg.Error: the database cannot answer, or store anything.
    """
    run = {"run_id": run_id, "correlation_id": correlation_id}
    take_over_runs(cursor, statement, run_id, is_embedded=is_embedded)
    cursor.execute(statement("lock_project"), run)
    asked = contents_of(cursor, "recoveries_asked", run)
    if not asked:
        return
    if "commit" in asked:
        cursor.execute(statement("recoveries_commits"), run)
    cursor.execute(statement("recoveries_lines"), run)
    if "commit" in asked:
        cursor.execute(statement("recoveries_related"))
    if asked <= {"commit", "failure"} and cursor.execute("SELECT FROM looked_at LIMIT 1").fetchone() is None:
        return
    cursor.execute(statement("recoveries_descents"), run)
    cursor.execute(statement("recoveries_link"), run)
    if has_failures or "newer" in asked:
        find_onsets(cursor, statement, run_id, correlation_id)
    concluded = explain(cursor, statement, run_id, correlation_id)
    compare_states(cursor, statement)
    cursor.execute(statement("recoveries_conclude"), {**run, "concluded": concluded})
    cursor.execute(statement("recoveries_recount"), run)
    cursor.execute(statement("fixing_commits"))
