"""What somebody asks of two runs, beside the reasons that each run brings: what differs, and what was proved."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pytest_debugloop.loading.batch import statement
from pytest_debugloop.loading.recoveries.facts import Facts
from pytest_debugloop.loading.recoveries.reasons import Reason, reason_of

PROVED = 0.99
"""The confidence of a reason that was undone, and the test failed again."""


def difference(connection: psycopg.Connection[Any], error_id: uuid.UUID, success_id: uuid.UUID) -> Reason | None:
    """Tell what differs between a failure and a pass of its test that did not follow it, as for a recovery.

    Args:
        connection: its search path leads to the record.
        error_id: of the failure.
        success_id: of the pass.

    Returns:
        None where one of them is not there.

    Raises:
        psycopg.Error: the database cannot answer.
    """
    with connection.cursor() as cursor:
        facts = Facts(cursor, statement)
        found = facts.between(error_id, success_id)
        return None if found is None else reason_of(found, facts, facts.histories([found]).get(found.id, []))


def keep_proof(
    connection: psycopg.Connection[Any],
    recovery_id: uuid.UUID,
    strategy: str,
    path: str,
    evidence: Mapping[str, Any],
) -> None:
    """Keep a reason that was proved, and that no later run changes.

    Args:
        connection: in a transaction that may write, its search path leads to the record.
        recovery_id: of the recovery.
        strategy: that was proved.
        path: it in words.
        evidence: of the recovery, with ``verified``.

    Raises:
        psycopg.Error: the database refused.
    """
    values = {
        "id": recovery_id,
        "strategy": strategy,
        "path": path,
        "evidence": Jsonb(dict(evidence)),
        "confidence": PROVED,
    }
    connection.execute(statement("recoveries_verified").encode(), values)
    connection.execute(statement("recoveries_touched").encode(), (recovery_id,))
    connection.execute(statement("fixing_commits").encode())
