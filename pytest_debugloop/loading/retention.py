"""Deletes what is older than the setting ``debugloop_retention`` says, a little at the end of each run."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, timezone

import psycopg

from pytest_debugloop.errors import RecordBusyError
from pytest_debugloop.loading.loader_order import LoaderOrder
from pytest_debugloop.loading.prune import Choice, Cutoffs, plan, prune, vacuum
from pytest_debugloop.loading.store import Store
from pytest_debugloop.setting_values import Retention

# A run brings one workflow at most and takes up to ten, so that a record which was never pruned comes to its size, and
# none waits long.
_MOST = 10


def cutoffs_of(retention: Retention) -> Cutoffs:
    """Say which moments the ages of a setting mean now.

    Args:
        retention: the setting.
    """
    now = datetime.now(timezone.utc)
    return Cutoffs(*(None if days is None else now - timedelta(days=days) for days in retention))


def delete_expired(order: LoaderOrder, store: Store) -> None:
    """Delete the oldest of what has expired, in an embedded record; another run does it if somebody writes just now.

    Args:
        order: says how long what is recorded stays.
        store: the record.
    """
    if order.dsn or order.retention is None:
        return
    loader = store.loader()
    if loader is None:
        return
    choice = Choice(cutoffs=cutoffs_of(order.retention), most=_MOST)
    try:
        # Asked first without the lock: mostly there is nothing.
        planned = plan(loader.connection, order.schema, choice)
        if planned.runs or planned.workflows:
            prune(loader.connection, order.schema, choice, tries=1)
            # Without FULL, which would lock readers out: later runs fill the room.
            vacuum(loader.connection, order.schema, full=False)
    except (psycopg.Error, RecordBusyError) as error:
        sys.stderr.write(f"what has expired was not deleted: {error}\n")  # in the loader's log
