"""What a run is told at its end: its short id, what the record knows of its failures, and a report for the CI."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from pytest_debugloop.loading.batch import statement
from pytest_debugloop.loading.fixed_tests import fixed_tests
from pytest_debugloop.loading.journal_failures import journal_failures
from pytest_debugloop.loading.known_failures import known_failures
from pytest_debugloop.loading.loader import Loader
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.run import RunLoading
from pytest_debugloop.loading.store import Store
from pytest_debugloop.text.words import unique_short

Report = Callable[[psycopg.Connection, uuid.UUID, Path], list[str]]
"""Reports on a run against its base, line by line; what does lives above this package.

The connection is in a transaction on the record, the id is the run's, and the path pytest's rootdir.
"""


def end_of_run(
    run: RunLoading, store: Store, totals: Mapping[str, int], order: LoaderOrder, report: Report | None = None
) -> dict[str, object]:
    """Give what a run is told of itself; what goes wrong here is only logged.

    Args:
        run: all of it is stored.
        store: the database.
        totals: of the run, as :meth:`RunLoading.complete` gives them.
        order: says what the run wants to know.
        report: makes the report for the CI.

    Returns:
        Basic types.
    """
    found: dict[str, object] = {}
    try:
        loader = store.loader()
        if loader is None or not order.failures_limit:
            return {}
        head = run.head
        found["run"] = _short_id(loader, head.run_id)
        if totals.get("failure"):
            with loader.entered() as cursor:
                failures, total = known_failures(
                    cursor, statement, head.run_id, head.correlation_id, order.failures_limit
                )
            if total:
                found |= {"failures": [failure._asdict() for failure in failures], "failing": total}
        if totals.get("recovery"):
            with loader.entered() as cursor:
                fixed = fixed_tests(cursor, statement, head.run_id, head.correlation_id)
            if fixed:
                found["fixed"] = [one._asdict() for one in fixed]
        if report is not None and order.is_reported and order.rootdir is not None:
            found["report"] = _reported(loader, head.run_id, order.rootdir, report)
    except Exception:
        traceback.print_exc()
    return found


def unstored_failures(run: RunLoading, order: LoaderOrder) -> dict[str, object]:
    """Give what a run left failed that could not be stored, for the report to the CI; what goes wrong is only logged.

    Args:
        run: with all of its journals.
        order: says what the run wants to know.

    Returns:
        Basic types.
    """
    if not order.is_reported:
        return {}
    try:
        causes, total = journal_failures(run.paths, order.failures_limit)
    except Exception:
        traceback.print_exc()
        return {}
    return {"unstored": causes, "failing": total}


def _short_id(loader: Loader, run_id: uuid.UUID) -> str:
    """Shorten the id of a run to what no other run, workflow or session of the record ends with."""
    with loader.entered() as cursor:
        alike = cursor.execute(statement("run_ids_alike").encode(), {"run_id": run_id}).fetchall()
    return unique_short(run_id, [found[0] for found in alike])


def _reported(loader: Loader, run_id: uuid.UUID, rootdir: Path, report: Report) -> list[str]:
    with loader.entered() as cursor:
        cursor.execute("SET LOCAL jit TO off; SET LOCAL statement_timeout TO '3s'")  # the run waits for it
        return report(cursor.connection, run_id, rootdir)
