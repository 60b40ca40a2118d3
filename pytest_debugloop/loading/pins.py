"""Pins runs, so that nothing deletes them but their pins' removal and the next prune."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
from psycopg import sql

_PIN = sql.SQL("UPDATE {}.debug_runs SET pinned_at = CASE WHEN %s THEN coalesce(pinned_at, now()) END WHERE id = %s")


def set_pinned(connection: psycopg.Connection[Any], schema: str, run_id: uuid.UUID, *, is_pinned: bool) -> None:
    """Pin a run, or remove its pin.

    Args:
        connection: in autocommit mode.
        schema: of the record.
        run_id: of the run.
        is_pinned: whether it is to be pinned.

    Raises:
        psycopg.Error: the database refused.
    """
    connection.execute(_PIN.format(sql.Identifier(schema)), (is_pinned, run_id))
